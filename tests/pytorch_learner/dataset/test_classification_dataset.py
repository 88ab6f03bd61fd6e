import json

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.scene_factory import make_cc_scene
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.chipping import sample_windows
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationRandomWindowGeoDataset,
    ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.errors import GeoDatasetError

CLASSES = ClassConfig(names=['a', 'b'], colors=['red', 'blue'])


@pytest.fixture
def make_scene(tmp_path):
    """A function that makes a scene of 40 x 40 pixels with square labels: (x, y, side, class id)."""
    import cv2

    cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((40, 40, 3), np.uint8))

    def make(*squares, **label_source_kw):
        features = []
        for x, y, side, class_id in squares:
            ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
            geometry = {'type': 'Polygon', 'coordinates': [ring]}
            features.append({'type': 'Feature', 'properties': {'class_id': class_id}, 'geometry': geometry})
        (tmp_path / 'labels.json').write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
        uris = str(tmp_path / 'image.png'), str(tmp_path / 'labels.json')
        return make_cc_scene(*uris, class_config=CLASSES, label_source_kw=label_source_kw)

    return make


def sliding(scene, size=10):
    return ClassificationSlidingWindowGeoDataset(scene, size=size, stride=size)


def drawn(scene, **kwargs):
    dataset = ClassificationRandomWindowGeoDataset(
        scene, size_lims=(10, 11), out_size=10, max_windows=20, padding=0, return_window=True, **kwargs
    )
    return [(window, y.item()) for (_, y), window in dataset]


@pytest.mark.parametrize('lazy', [True, False])
def test_windows_without_a_label_are_left_out(make_scene, lazy):
    dataset = sliding(make_scene((0, 0, 10, 0), (20, 30, 10, 1), lazy=lazy))

    assert dataset.windows == [Box(0, 0, 10, 10), Box(30, 20, 40, 30)]
    assert [y.item() for _, y in dataset] == [0, 1]


def test_with_a_background_all_windows_have_a_label(make_scene):
    dataset = sliding(make_scene((0, 0, 10, 1), background_class_id=0))

    assert [y.item() for _, y in dataset] == [1, *[0] * 15]


def test_windows_of_another_size_than_the_cells_are_labelled_by_them(make_scene):
    dataset = sliding(make_scene((0, 0, 10, 0), (20, 20, 10, 1)), size=20)

    assert dataset.windows == [Box(0, 0, 20, 20), Box(20, 20, 40, 40)]


def test_a_scene_without_labels_has_no_windows_to_learn_from(make_scene):
    assert len(sliding(make_scene())) == 0


def test_random_windows_have_a_label(make_scene):
    for window, class_id in drawn(make_scene((0, 0, 20, 0), (20, 20, 20, 1), ioa_thresh=0.1)):
        top, bottom = window.intersection(Box(0, 0, 20, 20)).area, window.intersection(Box(20, 20, 40, 40)).area
        assert max(top, bottom) >= 40
        assert class_id == int(bottom > top)


def test_random_windows_are_the_same_each_time(make_scene):
    scene = make_scene((0, 0, 10, 0), (20, 20, 10, 1))
    assert drawn(scene) == drawn(scene)


def test_random_windows_that_find_no_label_say_what_to_do(make_scene):
    with pytest.raises(GeoDatasetError, match=r'None of 3 random windows has a label.*background_class_id'):
        drawn(make_scene(), max_sample_attempts=3)


@pytest.mark.parametrize('method', ['sliding', 'random'])
def test_pipelines_that_make_samples_themselves_get_labelled_windows(make_scene, method):
    scene = make_scene((0, 0, 10, 0), (20, 30, 10, 1))
    options = {'padding': 0, 'max_windows': 5} if method == 'random' else {}
    windows = sample_windows(scene, WindowSamplingConfig(size=10, method=method, **options))

    assert len(windows) == (5 if method == 'random' else 2)
    assert all(scene.label_source[window] in (0, 1) for window in windows)
