"""Boxes with fields, as earlier versions hand them around."""

import numpy as np
import pytest

from rastervision.core.data.label.tfod_utils import np_box_list_ops as ops
from rastervision.core.data.label.tfod_utils import np_box_ops
from rastervision.core.data.label.tfod_utils.np_box_list import NpBoxList
from rastervision.pipeline.errors import DataError

BOXES = np.array([[0.0, 0, 10, 10], [0, 5, 10, 15], [20, 20, 24, 30]])


def make(boxes=BOXES, **fields):
    boxlist = NpBoxList(boxes)
    for name, values in fields.items():
        boxlist.add_field(name, np.array(values))
    return boxlist


def test_each_box_is_compared_with_each():
    other = make(np.array([[0.0, 0, 10, 20], [5, 5, 5, 5]]))

    np.testing.assert_allclose(ops.area(make()), [100, 100, 40])
    np.testing.assert_allclose(ops.intersection(make(), other), [[100, 0], [100, 0], [0, 0]])
    np.testing.assert_allclose(ops.iou(make(), other), [[0.5, 0], [0.5, 0], [0, 0]])
    np.testing.assert_allclose(ops.ioa(make(), other), [[0.5, 0], [0.5, 0], [0, 0]])
    np.testing.assert_allclose(np_box_ops.ioa(other.get(), BOXES), [[1, 1, 0], [0, 0, 0]])


def test_fields_go_along_with_their_boxes():
    chosen = ops.gather(make(scores=[0.1, 0.2, 0.3], classes=[7, 8, 9]), np.array([2, 0]), ['classes'])

    np.testing.assert_array_equal(chosen.get(), BOXES[[2, 0]])
    assert chosen.get_extra_fields() == ['classes']
    assert chosen.get_field('classes').tolist() == [9, 7]


@pytest.mark.parametrize(('order', 'expected'), [(ops.SortOrder.ASCEND, [1, 2, 3]), (ops.SortOrder.DESCEND, [3, 2, 1])])
def test_boxes_are_sorted_by_a_field(order, expected):
    assert ops.sort_by_field(make(rank=[2, 3, 1]), 'rank', order).get_field('rank').tolist() == expected


def test_the_best_of_boxes_that_overlap_much_is_kept():
    boxlist = make(scores=[0.6, 0.7, 0.2])

    assert ops.non_max_suppression(boxlist, iou_threshold=0.3).get_field('scores').tolist() == [0.7, 0.2]
    assert ops.non_max_suppression(boxlist).get_field('scores').tolist() == [0.7, 0.6, 0.2]
    assert ops.non_max_suppression(boxlist, 1, 0.3, 0.1).get_field('scores').tolist() == [0.7]
    assert ops.filter_scores_greater_than(boxlist, 0.6).num_boxes() == 1


def test_each_class_keeps_its_best():
    boxlist = make(scores=[[0.6, 0.5], [0.7, 0.1], [0.2, 0.9]])

    found = ops.multi_class_non_max_suppression(boxlist, score_thresh=0.15, iou_thresh=0.3, max_output_size=10)

    assert found.get_field('scores').tolist() == [0.9, 0.7, 0.5, 0.2]
    assert found.get_field('classes').tolist() == [1, 0, 1, 0]


def test_windows_cut_choose_and_move_boxes():
    window = np.array([0, 0, 10, 12])
    boxlist = make(classes=[1, 2, 3])

    clipped = ops.clip_to_window(boxlist, window)
    inside, indices = ops.prune_outside_window(boxlist, window)

    assert clipped.get().tolist() == [[0, 0, 10, 10], [0, 5, 10, 12]]
    assert clipped.get_field('classes').tolist() == [1, 2]
    assert inside.get_field('classes').tolist() == [1]
    assert indices.tolist() == [0]
    assert ops.change_coordinate_frame(boxlist, np.array([0, 5, 20, 15])).get()[1].tolist() == [0, 0, 0.5, 1]
    assert ops.scale(boxlist, 2, 0.5).get()[2].tolist() == [40, 10, 48, 15]


def test_boxes_that_overlap_no_other_are_left_out():
    other = make(np.array([[0.0, 0, 10, 12]]))

    assert ops.prune_non_overlapping_boxes(make(), other, 0.5).get().tolist() == BOXES[:2].tolist()
    assert ops.prune_non_overlapping_boxes(make(), other, 0.8).get().tolist() == BOXES[:1].tolist()


def test_lists_are_joined():
    joined = ops.concatenate([make(classes=[1, 2, 3]), make(BOXES[:1], classes=[4])])

    assert joined.get_field('classes').tolist() == [1, 2, 3, 4]
    assert joined.num_boxes() == 4


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: ops.concatenate([]), 'no list'),
        (lambda: ops.gather(make(), np.array([3])), 'counted from 0'),
        (lambda: ops.non_max_suppression(make()), "no field 'scores'"),
        (lambda: ops.non_max_suppression(make(scores=[1, 2, 3]), iou_threshold=2), 'from 0 to 1'),
        (lambda: ops.sort_by_field(make(scores=np.ones((3, 2))), 'scores'), 'one number'),
        (lambda: ops.sort_by_field(make(scores=[1, 2, 3]), 'scores', 5), 'neither'),
        (lambda: ops.concatenate([make(a=[1, 2, 3]), make()]), "no field 'a'"),
    ],
)
def test_what_cannot_be_is_said(call, message):
    with pytest.raises(DataError, match=message):
        call()
