import pytest
import torch

from rastervision.pytorch_learner.object_detection_utils import BoxList


@pytest.mark.parametrize(
    ('boxes', 'factors', 'expected'),
    [
        ([[0.0, 10.0, 10.0, 20.0]], (0.5, 0.3), [[0.0, 5.0, 3.0, 10.0]]),
        ([[0, 10, 10, 20]], (0.5, 0.3), [[0, 5, 3, 10]]),
        ([[0, 0, 1, 1], [0, 10, 10, 20]], (5, 3), [[0, 0, 3, 5], [0, 50, 30, 100]]),
    ],
)
def test_boxes_are_scaled_in_place_and_keep_their_type(boxes, factors, expected):
    boxes = BoxList(torch.tensor(boxes), class_ids=torch.arange(len(boxes)))
    dtype = boxes.boxes.dtype

    scaled = boxes.scale(*factors)

    assert scaled is boxes
    assert boxes.boxes.dtype == dtype
    assert torch.allclose(boxes.boxes, torch.tensor(expected))


def test_copies_are_not_scaled():
    boxes = BoxList(torch.tensor([[0.0, 10.0, 10.0, 20.0]]))
    copy = boxes.copy()

    boxes.scale(2, 2)

    assert copy.boxes.tolist() == [[0, 10, 10, 20]]
