"""Windows that follow from objects, or are the whole scene."""

import pytest
from shapely.geometry import box as polygon

from rastervision.core.box import Box
from rastervision.core.rv_pipeline import object_windows
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.chipping import read_label, sample_windows, some_windows
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionChipOptions,
    ObjectDetectionWindowSamplingConfig,
)
from rastervision.core.rv_pipeline.object_windows import check_sizes, reduced_shape
from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline
from rastervision.pipeline.errors import ConfigError, DataError

BOXES = [Box(5, 5, 13, 13), Box(60.3, 80.2, 68.9, 88), Box(62, 82, 64, 84)]


@pytest.fixture
def scene(scene_of):
    return scene_of(BOXES)


def sampling(method='label', **options):
    return ObjectDetectionWindowSamplingConfig(method=method, size=20, **options)


def in_image(windows, scene):
    return [window.to_global_coords(scene.bbox) for window in windows]


@pytest.mark.parametrize(
    ('buffer', 'expected'),
    [
        (0, [Box(5, 5, 13, 13), Box(60, 80, 69, 88), Box(62, 82, 64, 84)]),
        (2, [Box(3, 3, 15, 15), Box(58, 78, 71, 90), Box(60, 80, 66, 86)]),
    ],
)
def test_each_box_has_a_window_of_its_pixels_and_the_buffer(scene, buffer, expected):
    assert in_image(sample_windows(scene, sampling(label_buffer=buffer)), scene) == expected


def test_windows_of_boxes_end_at_the_edges_of_the_scene(scene):
    windows = sample_windows(scene, sampling(label_buffer=50))

    assert windows[0].to_global_coords(scene.bbox) == Box(scene.bbox.ymin, scene.bbox.xmin, 63, 63)
    assert all(window in scene.extent for window in windows)


def test_the_image_is_one_window_and_has_all_boxes(scene):
    (window,) = sample_windows(scene, sampling('image', ioa_thresh=0.9))

    assert window == scene.extent
    assert len(read_label(scene, window, sampling('image'))[0]) == len(BOXES)


def test_boxes_of_a_window_are_those_of_the_config(scene):
    options = sampling(label_buffer=0, ioa_thresh=0.5)
    window = sample_windows(scene, options)[2]  # lies in that of the second box, of which it has a small part

    assert len(read_label(scene, window, options)[0]) == 1
    assert len(read_label(scene, window, sampling(ioa_thresh=0.01))[0]) == 2


@pytest.mark.parametrize(('method', 'count'), [('label', 3), ('image', 1)])
def test_there_are_windows_without_objects_if_they_are_asked_for(scene, method, count):
    windows = sample_windows(scene, sampling(method, neg_ratio=2, neg_ioa_thresh=0.01))
    others = windows[count:]

    assert windows[:count] == sample_windows(scene, sampling(method))
    assert len(others) == 2 * count
    assert all(window.size == (20, 20) and window in scene.extent for window in others)
    assert not any(len(read_label(scene, window, sampling(ioa_thresh=0.01))[0]) for window in others)


def test_without_labels_there_is_only_the_image(scene):
    scene.label_source = None

    assert sample_windows(scene, sampling('label', neg_ratio=1)) == []
    assert len(sample_windows(scene, sampling('image', neg_ratio=1))) == 2


def test_windows_keep_to_the_areas_of_interest(scene, caplog):
    scene.aoi_polygons = scene.aoi_polygons_bbox_coords = [polygon(0, 0, 40, 40)]

    assert len(sample_windows(scene, sampling())) == 1
    assert sample_windows(scene, sampling('image')) == []
    assert "'s'" in caplog.text
    assert 'within_aoi' in caplog.text
    assert len(sample_windows(scene, sampling('image', within_aoi=False))) == 1


def test_a_window_that_is_too_large_is_refused_with_its_scene_and_size(scene, monkeypatch):
    monkeypatch.setattr(object_windows, 'MAX_PIXELS', scene.extent.area - 1)

    height, width = scene.extent.size
    with pytest.raises(DataError, match=rf"scene 's'.*{height} x {width} pixels.*too large.*sliding or random"):
        check_sizes(scene, sample_windows(scene, sampling('image')))
    check_sizes(scene, sample_windows(scene, sampling('label')))


def test_a_pipeline_that_makes_samples_itself_does_not_read_too_large_ones(scene, monkeypatch, make_pipeline_config):
    monkeypatch.setattr(object_windows, 'MAX_PIXELS', scene.extent.area - 1)
    config = make_pipeline_config(chip_options=ObjectDetectionChipOptions(sampling=sampling('image')))

    with pytest.raises(DataError, match='too large'):
        RVPipeline(config, '').get_train_windows(scene)


@pytest.mark.parametrize('size', [(2048, 2048), (1, 2**22)])
def test_a_window_of_moderate_size_is_read_as_it_is(size):
    assert reduced_shape(Box(0, 0, *size)) is None


@pytest.mark.parametrize('size', [(50_000, 40_000), (2048, 2049), (1, 10**9)])
def test_a_larger_one_is_reduced_to_a_bounded_number_of_pixels(size):
    height, width = reduced_shape(Box(0, 0, *size))

    assert 1 <= height * width <= 1.01 * object_windows.REDUCED_PIXELS
    assert height <= size[0]
    assert width <= size[1]


@pytest.mark.parametrize('method', ['label', 'image'])
def test_other_tasks_do_not_have_them(method):
    with pytest.raises(ConfigError, match=f'{method!r} is of object detection only.*has: sliding, random'):
        WindowSamplingConfig(method=method, size=10)


def test_a_limit_leaves_out_windows_of_boxes(scene):
    assert len(sample_windows(scene, sampling())) == 3
    assert len(sample_windows(scene, sampling(limit=2))) == 2
    assert len(sample_windows(scene, sampling('random', max_windows=9, neg_ratio=1, limit=4))) == 4
    assert len(sample_windows(scene, sampling('random', windows_per_box=3, limit=4))) == 4


def test_a_few_windows_are_spread_evenly_over_all():
    assert some_windows(list(range(10)), 2) == [2, 7]
    assert some_windows(list(range(10)), 10) == some_windows(list(range(10)), None) == list(range(10))
    assert some_windows(list(range(3)), 7) == [0, 1, 2]
    assert all(len(set(some_windows(list(range(50)), n))) == n for n in range(1, 51))
