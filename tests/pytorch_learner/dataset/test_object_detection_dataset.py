import json

import numpy as np
import pytest
from PIL import Image

from rastervision.core.box import Box
from rastervision.core.data.scene_factory import make_od_scene
from rastervision.pipeline.errors import NotReadableError
from rastervision.pytorch_learner.dataset.box_sampler import BoxWindowSampler
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, SamplingOptionsError
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionImageDataset,
    ObjectDetectionRandomWindowGeoDataset,
    ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.window_sampler import RandomWindowSampler

BOXES = np.array([[10.0, 10, 20, 20], [70, 70, 75, 90]])


@pytest.fixture
def windows():
    return RandomWindowSampler(Box(0, 0, 100, 100), h_lims=(25, 30), w_lims=None, padding=(0, 0))


def holds_a_box(window):
    return any(Box(*box) in window for box in BOXES.tolist())


def test_the_asked_for_share_of_windows_holds_a_box(windows):
    rng = np.random.default_rng(0)
    sampler = BoxWindowSampler(windows, BOXES, neg_ratio=1.0, neg_ioa_thresh=0.2)

    held = [holds_a_box(sampler.sample(rng)) for _ in range(300)]

    assert 0.4 < np.mean(held) < 0.6


def test_windows_around_boxes_stay_within_the_padding(windows):
    rng = np.random.default_rng(0)
    sampler = BoxWindowSampler(windows, BOXES, neg_ratio=0.0, neg_ioa_thresh=0.2)
    drawn = [sampler.sample(rng) for _ in range(100)]

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
        (tmp_path / 'boxes.json').write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
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
