import time
import tracemalloc

import numpy as np
import pytest
from shapely.geometry import box

from rastervision.core.box import Box
from rastervision.core.data.label.boxes import non_max_suppression, overlapping_pairs
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


def test_suppression_of_many_boxes_that_overlap_takes_little_memory_and_time():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 1200, (20_000, 2))
    boxes, scores = np.hstack([corners, corners + rng.uniform(50, 250, (20_000, 2))]), rng.uniform(0, 1, 20_000)
    tracemalloc.start()
    start = time.process_time()

    kept = non_max_suppression(boxes, scores, 0.5, np.arange(20_000) % 3)

    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6  # all pairs that touch would take 2 GB
    assert seconds < 5  # a generous limit: 0.6 s are usual
    assert (np.diff(scores[kept]) <= 0).all()
    few = kept[:100]
    for class_id in range(3):
        best = few[few % 3 == class_id]
        assert len(greedy(boxes[best], scores[best], 0.5)) == len(best)


def test_suppression_after_many_lone_boxes_takes_little_memory():
    rng = np.random.default_rng(3)
    lone = np.stack(np.meshgrid(np.arange(0, 1000, 10), np.arange(0, 1000, 10)), axis=-1).reshape(-1, 2).astype(float)
    pile = np.full((10_000, 2), 5000.0) + rng.uniform(0, 50, (10_000, 2))
    boxes = np.vstack([np.hstack([lone, lone + 5]), np.hstack([pile, pile + rng.uniform(50, 300, (10_000, 2))])])
    tracemalloc.start()

    kept = non_max_suppression(boxes, np.linspace(1, 0, len(boxes)), 0.5)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6
    assert (kept[: len(lone)] == np.arange(len(lone))).all()
    assert len(kept) < len(lone) + 1000


@pytest.mark.parametrize('min_iou', [0, 0.3, 0.5, 0.8])
@pytest.mark.parametrize('at_once', [1, 50, 1 << 19])
def test_pairs_of_boxes_do_not_depend_on_how_many_are_looked_at_at_once(min_iou, at_once, monkeypatch):
    rng = np.random.default_rng(2)
    corners = rng.uniform(0, 40, (2, 60, 2))
    a, b = (np.hstack([each, each + rng.uniform(5, 30, (60, 2))]) for each in corners)
    monkeypatch.setattr('rastervision.core.data.label.boxes.PAIRS_AT_ONCE', at_once)

    i, j, iou = overlapping_pairs(a, b, min_iou)

    shapes = [[box(*each) for each in side] for side in (a, b)]
    ious = np.array([[s.intersection(t).area / s.union(t).area for t in shapes[1]] for s in shapes[0]])
    wanted = ious >= min_iou if min_iou else np.array([[s.intersects(t) for t in shapes[1]] for s in shapes[0]])
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [tuple(pair) for pair in np.argwhere(wanted).tolist()]
    np.testing.assert_allclose(iou, ious[wanted])


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


def test_an_object_across_two_areas_of_interest_that_touch_is_inside():
    labels = ObjectDetectionLabels(np.array([[2, 2, 8, 18], [2, 2, 8, 22]]), np.array([0, 1]))
    areas = [box(0, 0, 10, 10), box(10, 0, 20, 10)]

    assert labels.filter_by_aoi(areas).get_class_ids().tolist() == [0]
    assert len(labels.filter_by_aoi([])) == 0


def test_boxes_that_end_before_they_begin_are_refused():
    with pytest.raises(ValueError, match='1 boxes end before they begin'):
        ObjectDetectionLabels(np.array([[0, 0, 1, 1], [2, 2, 0, 4]]), np.array([0, 0]))


def test_labels_are_a_box_list_too():
    boxlist = ObjectDetectionLabels(np.array([[0, 0, 1, 1]]), np.array([3])).boxlist

    assert boxlist.get().tolist() == [[0, 0, 1, 1]] and boxlist.get_field('classes').tolist() == [3]
