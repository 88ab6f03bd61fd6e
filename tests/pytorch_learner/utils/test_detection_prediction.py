"""Predicting boxes of a scene, with a model that boxes what is bright."""

import cv2
import numpy as np
import pytest
import rasterio
import torch
from torch import nn

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionLearnerConfig
from rastervision.pytorch_learner.utils.prediction import predict_scene_od

SIZE = 60


class BrightBoxes(nn.Module):
    """Finds boxes of bright pixels: label 1 in the first channel, 2 in the second. Small ones have a low score."""

    def forward(self, images):
        return [self.detect(image.numpy()) for image in images]

    def detect(self, image):
        found = [(1.0 * channel + 1, *box) for channel in (0, 1) for box in self.boxes_of(image[channel])]
        rows = torch.tensor(found).reshape(-1, 5)
        sides = rows[:, 3:] - rows[:, 1:3]
        return {'labels': rows[:, 0].long(), 'boxes': rows[:, 1:], 'scores': (sides.prod(1) / 200).clip(0, 1)}

    def boxes_of(self, band):
        _, _, stats, _ = cv2.connectedComponentsWithStats((band > 0.5).astype(np.uint8))
        return [(x, y, x + width, y + height) for x, y, width, height, _ in stats[1:].tolist()]


@pytest.fixture
def learner(tmp_path):
    data = ObjectDetectionImageDataConfig(
        class_config=ClassConfig(names=['a', 'b'], colors=['red', 'blue']), img_channels=3, img_sz=40
    )
    cfg = ObjectDetectionLearnerConfig(data=data)
    return ObjectDetectionLearner(cfg, model=BrightBoxes(), tmp_dir=str(tmp_path), training=False)


@pytest.fixture
def predict(learner, tmp_path):
    """A function that predicts an image with bright boxes (band, ymin, xmin, ymax, xmax)."""

    def predict(*boxes, **options):
        pixels = np.full((3, SIZE, SIZE), 10, dtype=np.uint8)
        for band, ymin, xmin, ymax, xmax in boxes:
            pixels[band, ymin:ymax, xmin:xmax] = 250
        path = str(tmp_path / 'image.tif')
        profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 3, 'dtype': 'uint8'}
        with rasterio.open(path, 'w', **profile) as file:
            file.write(pixels)
        scene = Scene(id='s', raster_source=RasterioSource(path))
        options = ObjectDetectionPredictOptions(**{'chip_sz': 40, 'stride': 20, 'score_thresh': 0.05, **options})
        labels = predict_scene_od(learner, scene, options)
        return {
            tuple(box.astype(int).tolist()): class_id
            for box, class_id in zip(labels.get_npboxes(), labels.get_class_ids().tolist(), strict=True)
        }, len(labels)

    return predict


def test_an_object_that_several_windows_show_is_found_once(predict):
    assert predict((0, 22, 24, 36, 38)) == ({(22, 24, 36, 38): 0}, 1)


def test_classes_at_the_same_place_are_both_found(predict):
    _, count = predict((0, 22, 24, 36, 38), (1, 22, 24, 36, 38))

    assert count == 2


def test_the_size_of_windows_need_not_be_that_of_the_model(predict):
    assert predict((0, 10, 10, 30, 30), chip_sz=60, stride=60)[0].keys() <= {(9, 9, 31, 31), (10, 10, 30, 30)}


def test_objects_cut_by_windows_are_left_out_if_asked_for(predict):
    """One that spans the edge between windows, and two at the edges of the scene."""
    objects = [(0, 30, 30, 50, 50), (1, 0, 0, 12, 12), (1, 50, 48, 60, 60)]

    assert predict(*objects)[1] > 3
    boxes, count = predict(*objects, edge_sz=1)
    assert count == 3
    assert set(boxes) == {box[1:] for box in objects}


@pytest.mark.parametrize('tta', ['flips', 'turns', 'all'])
def test_boxes_of_several_positions_are_brought_back_and_merged(predict, tta):
    objects = [(0, 30, 30, 50, 50), (1, 2, 3, 14, 19), (1, 50, 40, 60, 52)]

    assert predict(*objects, edge_sz=1, tta=tta) == predict(*objects, edge_sz=1)


def test_of_boxes_that_positions_disagree_on_the_best_is_kept(learner, monkeypatch):
    def detect(self, image):
        score = 0.9 if image[0, 0, 0] > 0.5 else 0.6
        boxes = torch.tensor([[2.0, 2.0, 10.0, 10.0]])
        return {'labels': torch.tensor([1]), 'boxes': boxes, 'scores': torch.tensor([score])}

    monkeypatch.setattr(BrightBoxes, 'detect', detect)
    image = torch.zeros(1, 3, 12, 12)
    image[..., 0, 11] = 1  # the corner of the image when it is flipped
    (boxes,) = learner.predict_augmented(image, 'flips', merge_kw={'merge_thresh': 0.3})

    assert boxes.boxes.tolist() == [[2, 2, 10, 10]]
    assert boxes.get_field('scores').tolist() == pytest.approx([0.9])


@pytest.mark.parametrize('tta', [None, 'all'])
def test_an_empty_image_has_no_boxes(predict, tta):
    assert predict(tta=tta) == ({}, 0)


def test_unsure_boxes_are_dropped(predict):
    assert predict((0, 20, 20, 24, 24), score_thresh=0.08) == ({}, 0)
