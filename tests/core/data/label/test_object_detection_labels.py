import numpy as np
import pytest
from shapely.geometry import box

from rastervision.core.box import Box
from rastervision.core.data.label.boxes import non_max_suppression
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.pipeline.errors import LabelError


def greedy(boxes: np.ndarray, scores: np.ndarray, thresh: float) -> list[int]:
    """Non-maximum suppression as it is defined, pair by pair."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind='stable'):
        overlaps = (
            box(*boxes[i]).intersection(box(*boxes[j])).area / box(*boxes[i]).union(box(*boxes[j])).area for j in kept
        )
        if all(overlap <= thresh for overlap in overlaps):
            kept.append(int(i))
    return kept


@pytest.mark.parametrize('thresh', [0.0, 0.1, 0.5, 1.0])
def test_suppression_is_greedy_by_score(thresh):
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 60, (120, 2))
    boxes, scores = np.hstack([corners, corners + rng.uniform(5, 30, (120, 2))]), rng.choice([0.2, 0.5, 0.9], 120)

    assert non_max_suppression(boxes, scores, thresh).tolist() == greedy(boxes, scores, thresh)


def test_pruning_ignores_classes_and_keeps_only_higher_scores():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 20, 10, 30], [0, 40, 10, 50]])
    labels = ObjectDetectionLabels(boxes, np.array([0, 1, 0, 0]), np.array([0.6, 0.9, 0.5, 0.7]))

    pruned = ObjectDetectionLabels.prune_duplicates(labels, score_thresh=0.5, merge_thresh=0.5)

    assert pruned.get_scores().tolist() == [0.9, 0.7]
    assert pruned.get_class_ids().tolist() == [1, 0]


def test_pruning_by_class_keeps_boxes_of_other_classes():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 9]])
    labels = ObjectDetectionLabels(boxes, np.array([0, 1, 0]), np.array([0.6, 0.9, 0.7]))

    pruned = ObjectDetectionLabels.prune_duplicates(labels, score_thresh=0.5, merge_thresh=0.5, by_class=True)

    assert pruned.get_scores().tolist() == [0.9, 0.7]


def test_at_most_so_many_boxes_are_kept():
    labels = ObjectDetectionLabels(np.array([[0, 0, 1, 1], [5, 5, 6, 6]]), np.array([0, 0]))

    assert len(ObjectDetectionLabels.prune_duplicates(labels, 0, 0.5, max_output_size=1)) == 1


def test_pruning_no_boxes_gives_none():
    assert len(ObjectDetectionLabels.prune_duplicates(ObjectDetectionLabels.make_empty(), 0.5, 0.5)) == 0


def test_predictions_of_windows_are_put_in_place():
    item = {'boxes': np.array([[1, 2, 3, 4]]), 'class_ids': np.array([1]), 'scores': np.array([0.5])}
    windows = [Box(0, 0, 10, 10), Box(10, 20, 20, 30)]

    labels = ObjectDetectionLabels.from_predictions(windows, [item, item])

    assert labels.get_npboxes().tolist() == [[1, 2, 3, 4], [11, 22, 13, 24]]


def test_equality_does_not_depend_on_order():
    boxes, class_ids = np.array([[0, 0, 1, 1], [2, 2, 3, 3]]), np.array([0, 1])

    assert ObjectDetectionLabels(boxes, class_ids) == ObjectDetectionLabels(boxes[::-1], class_ids[::-1])
    assert ObjectDetectionLabels(boxes, class_ids) != ObjectDetectionLabels(boxes, class_ids[::-1])


def test_boxlist_holds_everything():
    labels = ObjectDetectionLabels(np.array([[0, 0, 1, 1]]), np.array([2]), np.array([0.3]))

    assert ObjectDetectionLabels.from_boxlist(labels.to_boxlist()) == labels


def test_lengths_that_differ_are_an_error():
    with pytest.raises(LabelError, match='2 boxes, 1 class ids'):
        ObjectDetectionLabels(np.zeros((2, 4)), np.array([0]))


def test_boxes_outside_the_aoi_are_left_out():
    labels = ObjectDetectionLabels(np.array([[0, 0, 2, 2], [1, 1, 5, 5]]), np.array([0, 1]))

    assert labels.filter_by_aoi([box(0, 0, 3, 3), box(0, 0, 4, 4)]).get_class_ids().tolist() == [0]
