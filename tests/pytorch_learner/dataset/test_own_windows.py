"""What code outside asks of datasets: windows of its own, attributes, transforms as functions."""

import uuid

import albumentations as A
import numpy as np
import pytest
import torch
from shapely.geometry import box
from torch.utils.data import DataLoader

from rastervision.core.box import Box
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.data.scene_factory import make_ss_scene
from rastervision.pytorch_learner.dataset.dataset import (
    AlbumentationsDataset,
    GeoDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.errors import GeoDatasetError
from rastervision.pytorch_learner.dataset.object_detection_dataset import ObjectDetectionRandomWindowGeoDataset
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset as RandomWindows,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationSlidingWindowGeoDataset as SlidingWindows,
)
from rastervision.pytorch_learner.dataset.transform import (
    TF_TYPE_TO_TF_FUNC,
    TransformType,
    apply_transform,
)

DRAWN = {'size_lims': (5, 6), 'out_size': None, 'max_windows': 3, 'return_window': True}


@pytest.fixture
def scene(scene_uris, class_config):
    return make_ss_scene(**scene_uris, class_config=class_config)


@pytest.fixture
def scene_with_aoi(scene):
    return Scene('a', scene.raster_source, scene.label_source, aoi_polygons=[box(10, 10, 40, 40)])


class Chosen(RandomWindows):
    def sample_window(self):
        return Box(1, 2, 8, 9)


class Tried(RandomWindows):
    def _sample_window(self):
        return Box(1, 2, 8, 9)


class Sized(RandomWindows):
    def sample_window_size(self):
        return 4, 6


class Placed(RandomWindows):
    def sample_window_loc(self, h, w):
        return 2, 3


@pytest.mark.parametrize(('cls', 'expected'), [(Chosen, (1, 2, 8, 9)), (Tried, (1, 2, 8, 9)), (Placed, (3, 2, 8, 7))])
def test_windows_are_those_that_a_subclass_draws(scene, cls, expected):
    (x, _), window = cls(scene, **DRAWN)[0]

    assert window.tuple_format() == expected
    assert x.shape == (*window.size, 3)


def test_windows_have_the_size_that_a_subclass_draws(scene):
    dataset = Sized(scene, **DRAWN)

    assert [dataset[i][1].size for i in range(3)] == [(4, 6)] * 3


def test_windows_of_a_subclass_must_suit_the_aoi(scene_with_aoi):
    with pytest.raises(GeoDatasetError, match='of 100 random windows'):
        Tried(scene_with_aoi, **DRAWN)[0]


def test_larger_windows_than_the_scene_reach_over_it(scene):
    class Large(RandomWindows):
        def sample_window_size(self):
            return 100, 100

    assert Large(scene, **DRAWN)[0][1].size == (100, 100)


def test_windows_do_not_depend_on_workers_where_a_subclass_calls_ours(scene):
    class Logged(RandomWindows):
        def sample_window(self):
            return super().sample_window()

    dataset = Logged(scene, **DRAWN | {'size_lims': (5, 9), 'out_size': 8, 'max_windows': 8, 'return_window': False})
    one, two = (torch.cat([x for x, _ in DataLoader(dataset, num_workers=n)]) for n in (0, 2))

    assert torch.equal(one, two)
    assert torch.equal(one[3], dataset[3][0])


class Positive(ObjectDetectionRandomWindowGeoDataset):
    def _sample_pos_window(self):
        return Box(0, 0, 9, 9)


class Negative(ObjectDetectionRandomWindowGeoDataset):
    def _sample_neg_window(self):
        return Box(0, 0, 9, 9)


class TwoBoxes:
    """What a dataset needs of a label source of boxes."""

    def __init__(self, source):
        self.bbox, self.crs_transformer = source.bbox, source.crs_transformer
        self._labels = ObjectDetectionLabels(np.array([[2.0, 2, 6, 6], [20, 20, 24, 30]]), np.array([0, 1]))

    def get_labels(self, window=None, **kwargs):
        return self._labels

    def set_bbox(self, bbox):
        pass


@pytest.mark.parametrize(('cls', 'neg_ratio'), [(Positive, 0), (Negative, 1e9)])
def test_windows_with_and_without_objects_are_those_of_a_subclass(scene_uris, cls, neg_ratio):
    source = RasterioSource(scene_uris['image_uri'])
    dataset = cls(Scene('a', source, TwoBoxes(source)), **DRAWN | {'size_lims': (15, 16)}, neg_ratio=neg_ratio)

    assert dataset.sample_window() == Box(0, 0, 9, 9)


def test_a_dataset_of_objects_tells_its_boxes(scene_uris):
    source = RasterioSource(scene_uris['image_uri'])
    options = DRAWN | {'size_lims': (15, 16)}
    dataset = ObjectDetectionRandomWindowGeoDataset(Scene('a', source, TwoBoxes(source)), **options, neg_ratio=3)

    assert dataset.bboxes == [Box(2, 2, 6, 6), Box(20, 20, 24, 30)]
    assert len(dataset.labels) == 2
    assert dataset.neg_probability == 0.75


def test_a_dataset_tells_how_it_draws_windows(scene, scene_with_aoi):
    free, bound = RandomWindows(scene, **DRAWN), RandomWindows(scene_with_aoi, **DRAWN)

    assert (free.max_sample_attempts, free.extent, free.has_aoi_polygons) == (100, scene.extent, False)
    assert free.aoi_sampler is None and not hasattr(free, 'aoi')
    assert bound.has_aoi_polygons and bound.aoi.equals(box(10, 10, 40, 40))
    assert len(bound.aoi_sampler.sample(3)) == 3


# ------------------------------------------------------------------- keys
def test_a_dataset_gives_the_sample_of_any_window(scene):
    class Own(GeoDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return super().__getitem__(Box(0, 0, 5, 5))

    x, y = Own(scene, out_size=8, transform_type=TransformType.semantic_segmentation)[0]

    assert (x.shape, y.shape) == ((3, 8, 8), (8, 8))


@pytest.mark.parametrize('dataset_of', [SlidingWindows, RandomWindows])
def test_datasets_of_windows_give_the_sample_of_any_other(dataset_of, scene):
    options = {'size': 20, 'stride': 20} if dataset_of is SlidingWindows else {'size_lims': (5, 6), 'max_windows': 2}
    dataset = dataset_of(scene, **options, out_size=8, transform=A.RandomRotate90())
    x, y = dataset[Box(3, 3, 9, 9)]

    assert (x.shape, y.shape) == ((3, 8, 8), (8, 8))
    assert torch.equal(x, dataset[Box(3, 3, 9, 9)][0])


def test_a_key_is_looked_up_in_the_wrapped_data():
    data = {'a': (np.full((4, 4, 3), 255, np.uint8), 1)}

    x, _ = AlbumentationsDataset(data, A.HorizontalFlip(), TransformType.classification)['a']

    assert x.shape == (3, 4, 4) and x.max() == 1


# ---------------------------------------------------------------- samples
def test_samples_of_any_size_stay_as_they_are(scene):
    dataset = RandomWindows(scene, size_lims=(5, 6), out_size=None, max_windows=3)
    x, _ = dataset[0]

    assert (dataset.normalize, dataset.to_pytorch) == (False, False)
    assert (x.shape, x.dtype) == ((5, 5, 3), np.uint8)


def test_samples_of_any_size_are_tensors_if_asked_for(scene):
    x, _ = RandomWindows(scene, size_lims=(5, 6), out_size=None, max_windows=3, normalize=True, to_pytorch=True)[0]

    assert x.shape == (3, 5, 5) and x.max() <= 1


@pytest.mark.parametrize('transform', [None, A.HorizontalFlip(p=1)])
def test_the_transform_of_a_dataset_is_a_function_of_a_sample(scene, transform):
    dataset = SlidingWindows(scene, size=10, stride=10, transform=transform)
    image, label = scene[Box(0, 35, 10, 45)]

    x, y = dataset.transform((image, label))

    flipped = slice(None, None, None if transform is None else -1)
    assert np.array_equal(x, image[:, flipped]) and np.array_equal(y, label[:, flipped])


@pytest.mark.parametrize('transform', [A.HorizontalFlip(p=1), lambda sample: tuple(part[:, ::-1] for part in sample)])
def test_the_transform_of_a_dataset_may_be_set(scene, transform):
    dataset = SlidingWindows(scene, size=10, stride=10)
    before = dataset[4]

    dataset.transform = transform

    assert all(torch.equal(new, old.flip(-1)) for new, old in zip(dataset[4], before, strict=True))
    dataset.transform = None
    assert torch.equal(dataset[4][0], before[0])


def test_each_kind_of_label_has_a_function_that_transforms_it():
    assert set(TF_TYPE_TO_TF_FUNC) == set(TransformType)


@pytest.mark.parametrize('shape', [(5, 5), (1, 2, 5, 5, 3)])
def test_an_image_of_other_axes_is_refused(shape):
    with pytest.raises(NotImplementedError, match='height, width'):
        apply_transform(A.Resize(4, 4), image=np.ones(shape, np.uint8))


def test_padding_stays_as_it_was_given(scene):
    assert SlidingWindowGeoDataset(scene, size=10, stride=5, padding=2).padding == 2


# ----------------------------------------------------------------- scenes
@pytest.mark.parametrize('scene_id', [3, uuid.UUID(int=1), None])
def test_a_scene_may_have_any_id(scene, scene_id):
    any_id = Scene(scene_id, scene.raster_source, scene.label_source)

    assert RandomWindows(any_id, **DRAWN | {'out_size': 10, 'return_window': False})[0][0].shape == (3, 10, 10)
    assert SlidingWindows(any_id, size=10, stride=10).sample_name(0).startswith(f'scene {scene_id!r}')


class Duck:
    """What a dataset needs of a scene, and no more."""

    extent = Box(0, 0, 20, 30)
    aoi_polygons_bbox_coords = ()

    def __getitem__(self, window):
        return np.full((*window.size, 3), 255, np.uint8), None


def test_anything_with_windows_can_be_a_scene():
    sliding = SlidingWindowGeoDataset(Duck(), size=10, stride=10, transform_type=TransformType.noop)
    random = RandomWindowGeoDataset(Duck(), **DRAWN, transform_type=TransformType.noop)

    assert len(sliding) == 6 and sliding[0][0].shape == (3, 10, 10)
    assert len(random) == 3 and random[0][1].size == (5, 5)
