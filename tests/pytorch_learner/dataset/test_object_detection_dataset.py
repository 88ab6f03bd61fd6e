import json

import numpy as np
import pytest
from PIL import Image

from rastervision.core.box import Box
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.scene_factory import make_od_scene
from rastervision.core.data.window_sampler import RandomWindowSampler
from rastervision.core.rv_pipeline import object_windows
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError
from rastervision.pytorch_learner.dataset.box_sampler import BoxWindowSampler
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, SamplingOptionsError
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionImageDataset,
    ObjectDetectionRandomWindowGeoDataset,
    ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionGeoDataConfig

BOXES = np.array([[10.0, 10, 20, 20], [70, 70, 75, 90]])


@pytest.fixture
def windows():
    return RandomWindowSampler(Box(0, 0, 100, 100), h_lims=(25, 30), w_lims=None, padding=(0, 0))


def holds_a_box(window):
    return any(Box(*box) in window for box in BOXES.tolist())


def draw(sampler, rng):
    if rng.random() < sampler.neg_prob:
        return sampler.without_box(lambda: sampler.windows.sample(rng))
    return sampler.with_box(rng, lambda: tuple(sampler.windows.sample_sizes(rng)[0]))


def test_the_asked_for_share_of_windows_holds_a_box(windows):
    rng = np.random.default_rng(0)
    sampler = BoxWindowSampler(windows, BOXES, neg_ratio=1.0, neg_ioa_thresh=0.2)

    held = [holds_a_box(draw(sampler, rng)) for _ in range(300)]

    assert 0.4 < np.mean(held) < 0.6


def test_windows_around_boxes_stay_within_the_padding(windows):
    rng = np.random.default_rng(0)
    sampler = BoxWindowSampler(windows, BOXES, neg_ratio=0.0, neg_ioa_thresh=0.2)
    drawn = [draw(sampler, rng) for _ in range(100)]

    assert all(holds_a_box(window) for window in drawn)


def test_a_box_larger_than_all_windows_is_refused(windows):
    with pytest.raises(SamplingOptionsError, match='largest box is 40 x 10'):
        BoxWindowSampler(windows, np.array([[0.0, 0, 40, 10]]), neg_ratio=1.0, neg_ioa_thresh=0.2)


def test_no_boxes_are_refused(windows):
    with pytest.raises(SamplingOptionsError, match='needs boxes'):
        BoxWindowSampler(windows, np.zeros((0, 4)), neg_ratio=1.0, neg_ioa_thresh=0.2)


@pytest.fixture
def make_scene(scene_uris, class_config, tmp_path):
    """A function that makes a scene with the given boxes, as features, as its labels."""

    def make(features):
        crs = {'type': 'name', 'properties': {'name': 'EPSG:32636'}}
        collection = {'type': 'FeatureCollection', 'crs': crs, 'features': features}
        (tmp_path / 'boxes.json').write_text(json.dumps(collection))
        return make_od_scene(scene_uris['image_uri'], str(tmp_path / 'boxes.json'), class_config, scene_id='a')

    return make


def test_a_scene_without_boxes_is_named(make_scene):
    with pytest.raises(SamplingOptionsError, match=r"^scene 'a': .*needs boxes"):
        ObjectDetectionRandomWindowGeoDataset(
            make_scene([]), out_size=None, size_lims=(10, 11), max_windows=3, neg_ratio=1.0
        )


def test_an_image_that_cannot_be_read_is_reported_with_the_scene(make_scene, scene_uris):
    dataset = ObjectDetectionSlidingWindowGeoDataset(make_scene([]), size=30, stride=30)
    with open(scene_uris['image_uri'], 'r+b') as file:
        file.truncate(1000)

    with pytest.raises(NotReadableError, match=r"^scene 'a': .*image\.tif"):
        dataset[len(dataset) - 1]


@pytest.fixture
def write_coco(tmp_path):
    def write(annotations):
        Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(tmp_path / '0.png')
        coco = {'images': [{'file_name': '0.png', 'id': 5}], 'annotations': annotations}
        (tmp_path / 'labels.json').write_text(json.dumps(coco))
        return str(tmp_path), str(tmp_path / 'labels.json')

    return write


def test_boxes_of_a_coco_file_are_corners_with_class_ids(write_coco):
    places = write_coco([{'image_id': 5, 'bbox': [1, 2, 3, 4], 'category_id': 1}])

    _, boxes = ObjectDetectionImageDataset(*places)[0]

    assert boxes.convert_boxes('xyxy').tolist() == [[1, 2, 4, 6]]
    assert boxes.get_field('class_ids').tolist() == [1]


def test_an_image_without_boxes_has_none(write_coco):
    assert len(ObjectDetectionImageDataset(*write_coco([]))[0][1]) == 0


def test_boxes_of_an_unknown_image_are_refused(write_coco):
    places = write_coco([{'image_id': 9, 'bbox': [1, 2, 3, 4], 'category_id': 1}])

    with pytest.raises(ImageDatasetError, match='image 9'):
        ObjectDetectionImageDataset(*places)


# ------------------------------------------------------------- options of a data config
def square(xmin, ymin, size, **properties):
    """A feature, given in pixels, where the image is."""
    xmin, ymin = 500_000 + xmin, -ymin
    ring = [[xmin, ymin], [xmin + size, ymin], [xmin + size, ymin - size], [xmin, ymin - size], [xmin, ymin]]
    geometry = {'type': 'Polygon', 'coordinates': [ring]}
    return {'type': 'Feature', 'properties': {'class_id': 0, **properties}, 'geometry': geometry}


def configured(scene, class_config, *, for_chipping=True, **sampling):
    """The dataset of a scene that a data config makes."""
    options = {'method': WindowSamplingMethod.random, 'size': 20, 'max_windows': 200, **sampling}
    data = ObjectDetectionGeoDataConfig(
        class_config=class_config, sampling=ObjectDetectionWindowSamplingConfig(**options), img_sz=20, num_workers=0
    )
    return data.scene_to_dataset(scene, for_chipping=for_chipping)


@pytest.mark.parametrize(('count', 'per_box', 'expected'), [(0, 1, 0), (2, 1, 2), (2, 4, 8), (3, 0.5, 2)])
def test_there_are_so_many_windows_for_each_box(make_scene, class_config, count, per_box, expected):
    scene = make_scene([square(10, 10 * i, 6) for i in range(count)])
    dataset = configured(scene, class_config, neg_ratio=1, windows_per_box=per_box)

    assert len(boxes_of(dataset)) == expected


def boxes_of(dataset):
    return [sample[0][1][0] for sample in map(dataset.__getitem__, range(len(dataset)))]


@pytest.mark.parametrize(('neg_ratio', 'low', 'high'), [(0.0, 1, 1), (1.0, 0.4, 0.6), (4.0, 0.1, 0.3)])
def test_the_share_of_windows_with_objects_is_that_of_the_config(make_scene, class_config, neg_ratio, low, high):
    scene = make_scene([square(10, 10, 6)])

    boxes = boxes_of(configured(scene, class_config, neg_ratio=neg_ratio, neg_ioa_thresh=0.01))

    assert low <= np.mean([len(each) > 0 for each in boxes]) <= high


def test_boxes_are_cut_and_left_out_as_the_config_says(make_scene, class_config):
    scene = make_scene([square(10, 10, 10)])
    whole = np.concatenate(boxes_of(configured(scene, class_config, ioa_thresh=1.0)))
    cut = np.concatenate(boxes_of(configured(scene, class_config, ioa_thresh=0.3, clip=True)))

    np.testing.assert_allclose(whole[:, 2:] - whole[:, :2], 10)
    areas = np.prod(cut[:, 2:] - cut[:, :2], axis=1)
    assert len(cut) > len(whole)
    assert 29.9 <= areas.min() < 80


def test_windows_on_a_grid_have_boxes_as_the_config_says(make_scene, class_config):
    scene = make_scene([square(17, 2, 10)])  # 3 of its 10 columns are in the first window
    grid = {'method': WindowSamplingMethod.sliding, 'stride': 20}

    def found(**options):
        return [len(boxes) for boxes in boxes_of(configured(scene, class_config, **grid, **options))[:2]]

    assert found() == [1, 1]
    assert found(ioa_thresh=0.5) == [0, 1]
    (cut, *_) = boxes_of(configured(scene, class_config, **grid, clip=True))
    assert cut[0, 3] == 20


def test_a_scene_without_objects_gives_windows_without_in_spite_of_neg_ratio(make_scene, class_config, caplog):
    dataset = configured(make_scene([]), class_config, neg_ratio=1.0, max_windows=5)

    assert [len(boxes) for boxes in boxes_of(dataset)] == [0] * 5
    assert "Scene 'a' has no objects" in caplog.text


def test_windows_around_objects_at_the_edge_keep_to_the_padding(make_scene, class_config):
    scene = make_scene([square(0, 0, 4), square(76, 56, 4)])
    dataset = configured(scene, class_config, neg_ratio=0.0, padding=0, max_windows=50)

    assert all(dataset[i][1] in scene.extent for i in range(50))


def test_a_point_is_in_a_window_or_not(windows):
    sampler = BoxWindowSampler(windows, np.array([[50.0, 50, 50, 50]]), neg_ratio=1e9, neg_ioa_thresh=0.2)
    drawn = [draw(sampler, np.random.default_rng(i)) for i in range(50)]

    assert not any((50, 50) in window for window in drawn)


@pytest.mark.parametrize(
    'options', [{'neg_ratio': -1}, {'ioa_thresh': 1.5}, {'neg_ioa_thresh': -0.1}, {'ioa_thresh': float('nan')}]
)
def test_shares_that_cannot_be_are_refused_when_the_config_is_read(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        ObjectDetectionWindowSamplingConfig(size=10, **options)


# ------------------------------------------------------- windows of objects, and whole images
@pytest.mark.parametrize(('method', 'buffer', 'boxes'), [('label', 5, [[5, 5, 15, 15]]), ('image', 0, None)])
def test_windows_of_any_size_become_samples_of_one(make_scene, class_config, method, buffer, boxes):
    scene = make_scene([square(10, 10, 10)])
    options = {'method': method, 'label_buffer': buffer}
    chips = configured(scene, class_config, **options)
    samples = configured(scene, class_config, for_chipping=False, **options)
    ((chip, (found, class_ids, _)), window), (x, y) = chips[0], samples[0]

    assert len(chips) == len(samples) == 1
    assert (chip.shape, x.shape) == ((20, 20, 3), (3, 20, 20))
    scale = np.tile(np.divide(20, window.size), 2)
    expected = (np.array(boxes or [[10, 10, 20, 20]])) * scale
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(y.convert_boxes('yxyx'), expected, rtol=1e-6)
    assert class_ids.tolist() == y.get_field('class_ids').tolist() == [0]


def test_windows_of_objects_are_the_same_in_each_epoch_and_named(make_scene, class_config):
    scene = make_scene([square(10, 10, 10), square(50, 30, 4)])
    dataset = configured(scene, class_config, method='label', neg_ratio=1)
    before = [dataset[i][1] for i in range(len(dataset))]
    dataset.set_epoch(3, seed=4)

    assert len(before) == 4
    assert [dataset[i][1] for i in range(4)] == before
    assert dataset.sample_name(0) == "scene 'a', window Box(ymin=10, xmin=10, ymax=20, xmax=20)"


def test_a_large_window_is_reduced_while_it_is_read(make_scene, class_config, monkeypatch):
    scene = make_scene([square(10, 10, 10)])
    whole = configured(scene, class_config, method='image', clip=True)[0]
    monkeypatch.setattr(object_windows, 'REDUCED_PIXELS', 1000)
    monkeypatch.setattr(object_windows, 'MAX_PIXELS', 1000)
    shapes = []
    read = scene.raster_source.read_chip

    def spy(window, out_shape=None):
        shapes.append(out_shape)
        return read(window, out_shape)

    monkeypatch.setattr(scene.raster_source, 'read_chip', spy)
    reduced = configured(scene, class_config, method='image', clip=True)[0]

    assert 900 < np.prod(shapes) < 1100
    assert reduced[0][0].shape == whole[0][0].shape
    np.testing.assert_allclose(reduced[0][1][0], whole[0][1][0])


def test_a_large_window_of_a_source_that_must_hold_it_is_refused(make_scene, class_config, monkeypatch):
    scene = make_scene([square(10, 10, 10)])
    scene.raster_source = MultiRasterSource([scene.raster_source])
    monkeypatch.setattr(object_windows, 'MAX_PIXELS', 1000)

    with pytest.raises(DataError, match=r"scene 'a': a window of .* is too large"):
        configured(scene, class_config, method='image')
    assert len(configured(scene, class_config, method='label')) == 1
