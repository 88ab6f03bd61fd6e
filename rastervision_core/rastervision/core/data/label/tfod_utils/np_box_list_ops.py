"""Choosing, changing and comparing boxes with fields, as earlier versions offer it.

Windows are arrays (ymin, xmin, ymax, xmax), as the rows of the boxes are.
"""

from typing import Any

import numpy as np

from rastervision.core.data.label import boxes as arithmetic
from rastervision.core.data.label.tfod_utils import np_box_ops
from rastervision.core.data.label.tfod_utils.np_box_list import NpBoxList as NpBoxList
from rastervision.pipeline.errors import DataError


class SortOrder:
    """Whether the smallest or the largest come first."""

    ASCEND = 1
    DESCEND = 2


def area(boxlist: NpBoxList) -> np.ndarray:
    """Area of each box, (n,)."""
    return np_box_ops.area(boxlist.get())


def intersection(boxlist1: NpBoxList, boxlist2: NpBoxList) -> np.ndarray:
    """Area that each box shares with each other one, (n, m)."""
    return np_box_ops.intersection(boxlist1.get(), boxlist2.get())


def iou(boxlist1: NpBoxList, boxlist2: NpBoxList) -> np.ndarray:
    """Intersection over union of each box with each other one, (n, m)."""
    return np_box_ops.iou(boxlist1.get(), boxlist2.get())


def ioa(boxlist1: NpBoxList, boxlist2: NpBoxList) -> np.ndarray:
    """Which part of each box of the second list lies in each of the first, (n, m)."""
    return np_box_ops.ioa(boxlist1.get(), boxlist2.get())


def gather(boxlist: NpBoxList, indices: np.ndarray, fields: list[str] | None = None) -> NpBoxList:
    """Some of the boxes, in a new list.

    Args:
        boxlist: The boxes.
        indices: Which ones, (k,).
        fields: Fields to take along. None: all.

    Raises:
        DataError: If there is no such box or field.
    """
    chosen = np.asarray(indices, dtype=int).reshape(-1)
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < boxlist.num_boxes():
        raise DataError(f'There are {boxlist.num_boxes()} boxes, counted from 0; no boxes {chosen.tolist()[:5]!r}.')
    return _with_fields(
        boxlist.get()[chosen],
        {name: _field(boxlist, name)[chosen] for name in (boxlist.get_extra_fields() if fields is None else fields)},
    )


def sort_by_field(boxlist: NpBoxList, field: str, order: int = SortOrder.DESCEND) -> NpBoxList:
    """The boxes in order of a field.

    Args:
        boxlist: The boxes.
        field: A field of one number a box.
        order: One of `SortOrder`.

    Raises:
        DataError: If there is no such field or order, or it has several numbers a box.
    """
    values = _numbers(boxlist, field)
    if order not in (SortOrder.ASCEND, SortOrder.DESCEND):
        raise DataError(f'order {order!r} is neither SortOrder.ASCEND nor SortOrder.DESCEND.')
    ascending = np.argsort(values, kind='stable')
    return gather(boxlist, ascending[::-1] if order == SortOrder.DESCEND else ascending)


def non_max_suppression(
    boxlist: NpBoxList, max_output_size: int = 10000, iou_threshold: float = 1.0, score_threshold: float = -10.0
) -> NpBoxList:
    """Of boxes that overlap much, those with the highest score, by descending score.

    Args:
        boxlist: Boxes with a field `scores`, of one number a box.
        max_output_size: Keep so many at most.
        iou_threshold: Boxes whose intersection over union is larger overlap much.
        score_threshold: Leave out boxes whose score is not larger.

    Raises:
        DataError: If there are no scores, or the share is not from 0 to 1.
    """
    if not 0 <= iou_threshold <= 1:
        raise DataError(f'iou_threshold {iou_threshold!r} is a share, from 0 to 1.')
    boxlist = filter_scores_greater_than(boxlist, score_threshold)
    kept = arithmetic.non_max_suppression(boxlist.get(), _numbers(boxlist, 'scores'), iou_threshold)
    return gather(boxlist, kept[:max_output_size])


def multi_class_non_max_suppression(
    boxlist: NpBoxList, score_thresh: float, iou_thresh: float, max_output_size: int
) -> NpBoxList:
    """`non_max_suppression` for each class.

    Args:
        boxlist: Boxes with a field `scores`, (n, classes), or (n,) of a single class.
        score_thresh: Leave out boxes whose score of the class is not larger.
        iou_thresh: Boxes of a class whose intersection over union is larger overlap much.
        max_output_size: Keep so many of each class at most.

    Returns:
        Boxes with the fields `scores`, (k,), and `classes`, (k,), counted from 0; by descending score.

    Raises:
        DataError: If there are no scores, or the share is not from 0 to 1.
    """
    scores = _field(boxlist, 'scores')
    found = []
    for class_id, of_class in enumerate(scores.reshape(len(scores), -1).T):
        kept = non_max_suppression(
            _with_fields(boxlist.get(), {'scores': of_class}), max_output_size, iou_thresh, score_thresh
        )
        kept.add_field('classes', np.full(kept.num_boxes(), class_id))
        found.append(kept)
    return sort_by_field(concatenate(found), 'scores')


def scale(boxlist: NpBoxList, y_scale: float, x_scale: float) -> NpBoxList:
    """The boxes with their sides multiplied, in a new list."""
    return _with_fields(boxlist.get() * [y_scale, x_scale, y_scale, x_scale], _fields(boxlist))


def clip_to_window(boxlist: NpBoxList, window: np.ndarray) -> NpBoxList:
    """The parts of the boxes in a window, in a new list; boxes of which nothing is left are left out."""
    ymin, xmin, ymax, xmax = window
    clipped = _with_fields(np.clip(boxlist.get(), [ymin, xmin, ymin, xmin], [ymax, xmax, ymax, xmax]), _fields(boxlist))
    return gather(clipped, np.flatnonzero(area(clipped) > 0))


def prune_non_overlapping_boxes(boxlist1: NpBoxList, boxlist2: NpBoxList, minoverlap: float = 0.0) -> NpBoxList:
    """The boxes of the first list that lie in any one box of the second by at least a part of their area."""
    inside = ioa(boxlist2, boxlist1).max(axis=0, initial=0) >= minoverlap
    return gather(boxlist1, np.flatnonzero(inside))


def prune_outside_window(boxlist: NpBoxList, window: np.ndarray) -> tuple[NpBoxList, np.ndarray]:
    """The boxes that lie wholly in a window, and their indices, (k,)."""
    ymin, xmin, ymax, xmax = window
    boxes = boxlist.get()
    inside = np.flatnonzero((boxes[:, :2] >= [ymin, xmin]).all(axis=1) & (boxes[:, 2:] <= [ymax, xmax]).all(axis=1))
    return gather(boxlist, inside), inside


def concatenate(boxlists: list[NpBoxList], fields: list[str] | None = None) -> NpBoxList:
    """The boxes of several lists.

    Args:
        boxlists: The lists, at least one.
        fields: Fields to take along. None: those of the first list.

    Raises:
        DataError: If there is no list, or one lacks such a field.
    """
    if not boxlists:
        raise DataError('Of no list of boxes at all none can be made; use NpBoxList(np.empty((0, 4))).')
    names = boxlists[0].get_extra_fields() if fields is None else fields
    return _with_fields(
        np.concatenate([boxlist.get() for boxlist in boxlists]),
        {name: np.concatenate([_field(boxlist, name) for boxlist in boxlists]) for name in names},
    )


def filter_scores_greater_than(boxlist: NpBoxList, thresh: float) -> NpBoxList:
    """The boxes whose field `scores` is larger.

    Raises:
        DataError: If there are no scores, or several a box.
    """
    return gather(boxlist, np.flatnonzero(_numbers(boxlist, 'scores') > thresh))


def change_coordinate_frame(boxlist: NpBoxList, window: np.ndarray) -> NpBoxList:
    """The boxes relative to a window, as parts of its height and width, in a new list."""
    ymin, xmin, ymax, xmax = window
    moved = _with_fields(boxlist.get() - [ymin, xmin, ymin, xmin], _fields(boxlist))
    return scale(moved, 1 / (ymax - ymin), 1 / (xmax - xmin))


def _with_fields(boxes: np.ndarray, fields: dict[str, np.ndarray]) -> NpBoxList:
    boxlist = NpBoxList(boxes)
    for name, values in fields.items():
        boxlist.add_field(name, values)
    return boxlist


def _fields(boxlist: NpBoxList) -> dict[str, np.ndarray]:
    return {name: boxlist.get_field(name) for name in boxlist.get_extra_fields()}


def _field(boxlist: NpBoxList, name: str) -> Any:
    if not boxlist.has_field(name):
        raise DataError(f'The boxes have no field {name!r}, but {boxlist.get_extra_fields()!r}.')
    return boxlist.get_field(name)


def _numbers(boxlist: NpBoxList, name: str) -> Any:
    values = _field(boxlist, name)
    if values.ndim != 1:
        raise DataError(f'Field {name!r} has the shape {values.shape}; there must be one number for each box.')
    return values
