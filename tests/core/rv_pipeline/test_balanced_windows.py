"""Windows with and without objects, as pipelines that change samples get them."""

import pytest

from rastervision.core.box import Box
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod
from rastervision.core.rv_pipeline.chipping import read_label, sample_windows
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig

BOXES = [Box(5, 5, 13, 13), Box(60, 80, 68, 88)]


@pytest.fixture
def scene(scene_of):
    return scene_of(BOXES)


def sampling(**options):
    return ObjectDetectionWindowSamplingConfig(method=WindowSamplingMethod.random, size=20, max_windows=100, **options)


@pytest.mark.parametrize(('neg_ratio', 'with_objects'), [(0, 100), (1, 50), (3, 25)])
def test_the_share_of_windows_with_objects_is_that_of_the_config(scene, neg_ratio, with_objects):
    options = sampling(neg_ratio=neg_ratio, neg_ioa_thresh=0.01, ioa_thresh=0.02)
    windows = sample_windows(scene, options)
    boxes = [read_label(scene, window, options)[0] for window in windows]

    assert len(windows) == 100
    assert sum(len(each) > 0 for each in boxes) == with_objects
    assert all(window in scene.extent for window in windows)


def test_boxes_of_a_random_window_are_those_of_the_config(scene):
    window = Box(8, 0, 28, 20).to_local_coords(scene.bbox)  # has 5 of the 8 rows of the first box
    whole, class_ids, order = read_label(scene, window, sampling(ioa_thresh=0.9))
    (cut,), _, _ = read_label(scene, window, sampling(ioa_thresh=0.5, clip=True))

    assert (len(whole), len(class_ids), order) == (0, 0, 'yxyx')
    assert cut.tolist() == pytest.approx([0, 5, 5, 13])


def test_without_objects_windows_are_drawn_blindly(scene_of):
    scene = scene_of([])
    assert len(sample_windows(scene, sampling(neg_ratio=1))) == 100


@pytest.mark.parametrize(('per_box', 'expected'), [(1, 2), (4, 8), (0.6, 2)])
def test_there_are_so_many_windows_for_each_box(scene, per_box, expected):
    options = sampling(windows_per_box=per_box, neg_ratio=1)
    assert len(sample_windows(scene, options)) == expected


def test_there_are_no_windows_for_no_boxes(scene_of):
    scene = scene_of([])
    assert sample_windows(scene, sampling(windows_per_box=1, neg_ratio=1)) == []
