import json

import albumentations as A
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from rastervision.core.box import Box
from rastervision.pytorch_learner.dataset.dataset import GeoDataset
from rastervision.pytorch_learner.dataset.errors import (
    GeoDatasetError,
    SampleIndexError,
    SamplingOptionsError,
    WindowSamplingError,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset as RandomWindows,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationSlidingWindowGeoDataset as SlidingWindows,
)

FLIPS = A.Compose([A.HorizontalFlip(), A.VerticalFlip(), A.RandomRotate90()])


@pytest.fixture
def random_windows(scene_uris, class_config):
    def make(**kwargs):
        options = {'size_lims': (16, 24), 'out_size': 16, 'max_windows': 6, 'transform': FLIPS, **kwargs}
        return RandomWindows.from_uris(**scene_uris, class_config=class_config, **options)

    return make


@pytest.fixture
def sliding_windows(scene_uris, class_config):
    def make(**kwargs):
        options = {'size': 20, 'stride': 20, **kwargs}
        return SlidingWindows.from_uris(**scene_uris, class_config=class_config, **options)

    return make


def images(dataset, **kwargs):
    return torch.cat([x for x, _ in DataLoader(dataset, batch_size=2, **kwargs)])


def test_sliding_windows_cover_the_scene_row_by_row(sliding_windows):
    dataset = sliding_windows()

    assert len(dataset) == 12
    assert dataset.windows[:2] == [Box(0, 0, 20, 20), Box(0, 20, 20, 40)]


@pytest.mark.parametrize('pad_direction', ['start', 'end', 'both'])
@pytest.mark.parametrize(
    ('size', 'stride'), [(20, 20), (20, 13), (7, 7), (33, 1), ((9, 50), (4, 50)), (60, 59), (100, 30), (1, 1)]
)
def test_sliding_windows_leave_out_no_pixel(sliding_windows, size, stride, pad_direction):
    dataset = sliding_windows(size=size, stride=stride, pad_direction=pad_direction)

    seen = np.zeros((60, 80), dtype=bool)
    for window in dataset.windows:
        ys, xs = window.intersection(Box(0, 0, 60, 80)).to_slices()
        seen[ys, xs] = True

    assert seen.all()


def test_a_sample_is_the_pixels_and_the_classes_of_its_window(sliding_windows):
    x, y = sliding_windows()[5]

    assert x.shape == (3, 20, 20) and x.dtype == torch.float32
    assert torch.equal((x[0, :, 0] * 255).round(), torch.arange(20.0, 40))
    assert y.dtype == torch.int64 and y.unique().tolist() == [0]


def test_arrays_are_given_as_they_are_for_chipping(sliding_windows):
    x, y = sliding_windows(to_pytorch=False, normalize=False)[3]

    assert isinstance(x, np.ndarray) and x.dtype == np.uint8 and x.shape == (20, 20, 3)
    assert y.min() == 1


def test_labels_are_nan_where_there_are_none(scene_uris):
    dataset = SlidingWindows.from_uris(scene_uris['image_uri'], size=20, stride=20)

    assert dataset[0][1].isnan()


def test_return_window_gives_the_window_beside_the_sample(sliding_windows):
    (x, _), window = sliding_windows(return_window=True)[1]

    assert window == Box(0, 20, 20, 40) and x.shape == (3, 20, 20)


@pytest.mark.parametrize('index', [12, -13])
def test_an_index_out_of_range_is_an_index_error(sliding_windows, index):
    with pytest.raises(SampleIndexError, match='12 samples'):
        sliding_windows()[index]


def test_iterating_over_a_dataset_ends(sliding_windows):
    assert len(list(sliding_windows())) == 12


def test_random_samples_depend_neither_on_workers_nor_on_order(random_windows):
    dataset = random_windows()
    expected = images(dataset)

    assert torch.equal(images(dataset, num_workers=2), expected)
    assert torch.equal(torch.stack([dataset[i][0] for i in reversed(range(6))]).flip(0), expected)


def test_each_epoch_and_each_seed_has_its_own_samples(random_windows):
    dataset = random_windows()
    first = images(dataset)

    dataset.set_epoch(1, seed=0)
    second = images(dataset)
    dataset.set_epoch(0, seed=7)
    seeded = images(dataset)
    dataset.set_epoch(0, seed=0)

    assert not torch.equal(first, second) and not torch.equal(first, seeded)
    assert torch.equal(images(dataset), first)


def test_random_flips_are_independent_of_each_other(sliding_windows):
    dataset = sliding_windows(size=10, stride=10, transform=A.Compose([A.HorizontalFlip(), A.VerticalFlip()]))
    flips = {((x[1, 0, 0] > x[1, 0, -1]).item(), (x[0, 0, 0] > x[0, -1, 0]).item()) for x, _ in dataset}

    assert len(flips) == 4


def test_image_and_labels_are_flipped_together(sliding_windows):
    dataset = sliding_windows(size=60, stride=60, padding=0, transform=FLIPS)

    for x, y in dataset:
        assert torch.equal((x[1] * 255).round() >= 40, y.bool())


def test_random_windows_keep_to_their_limits(random_windows):
    dataset = random_windows(size_lims=None, h_lims=(5, 9), w_lims=(10, 12), padding=3)
    windows = [dataset.sample_window() for _ in range(50)]

    assert {w.height for w in windows} <= set(range(5, 9)) and {w.width for w in windows} <= {10, 11}
    assert all(w.ymin >= -3 and w.xmin >= -3 and w.ymax <= 63 and w.xmax <= 83 for w in windows)
    assert (dataset.min_size, dataset.max_size) == ((5, 10), (9, 12))


def test_limits_that_contradict_each_other_are_refused(random_windows):
    with pytest.raises(SamplingOptionsError, match='either size_lims, or h_lims and w_lims'):
        random_windows(h_lims=(3, 4))


def test_windows_larger_than_the_scene_are_refused(random_windows):
    with pytest.raises(SamplingOptionsError, match=r"^scene 'image': .*do not fit"):
        random_windows(size_lims=(100, 101), padding=0)


@pytest.fixture
def aoi_uri(tmp_path):
    square = [[33.0, -0.0001], [33.0003, -0.0001], [33.0003, -0.0004], [33.0, -0.0004], [33.0, -0.0001]]
    feature = {'type': 'Feature', 'properties': {}, 'geometry': {'type': 'Polygon', 'coordinates': [square]}}
    path = tmp_path / 'aoi.json'
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': [feature]}))
    return str(path)


@pytest.mark.parametrize('efficient', [True, False])
@pytest.mark.parametrize('within', [True, False])
def test_random_windows_suit_the_aoi(random_windows, aoi_uri, efficient, within):
    dataset = random_windows(
        aoi_uri=aoi_uri, size_lims=(8, 9), within_aoi=within, efficient_aoi_sampling=efficient, max_windows=3
    )
    suits = Box.within_aoi if within else Box.intersects_aoi
    windows = [dataset.sample_window() for _ in range(30)]

    assert all(suits(window, dataset.scene.aoi_polygons_bbox_coords) for window in windows)


def test_a_failed_search_is_no_stop_iteration_when_a_sample_is_read(random_windows, aoi_uri):
    dataset = random_windows(aoi_uri=aoi_uri, size_lims=(50, 51), max_sample_attempts=5)

    with pytest.raises(WindowSamplingError):
        dataset.sample_window()
    with pytest.raises(GeoDatasetError, match=r"^scene 'image': .*larger max_sample_attempts") as caught:
        dataset[0]
    assert not isinstance(caught.value, StopIteration)


def test_a_dataset_without_a_task_cannot_be_made_from_uris():
    with pytest.raises(GeoDatasetError, match='SemanticSegmentationSlidingWindowGeoDataset'):
        GeoDataset.from_uris('image.tif')
