"""Arithmetic of arrays of boxes: rows of (ymin, xmin, ymax, xmax)."""

import numpy as np
import shapely

from rastervision.core.box import Box


def areas(boxes: np.ndarray) -> np.ndarray:
    """Area of each box: (n, 4) -> (n,)."""
    area: np.ndarray = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return area


def clip(boxes: np.ndarray, window: Box) -> np.ndarray:
    """Each box's part in a window: (n, 4) -> (n, 4)."""
    lower = [window.ymin, window.xmin, window.ymin, window.xmin]
    upper = [window.ymax, window.xmax, window.ymax, window.xmax]
    clipped: np.ndarray = np.clip(boxes, lower, upper)
    return clipped


def intersection_areas(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Area that box i of `a` shares with box i of `b`: (n, 4), (n, 4) -> (n,). Either may be (1, 4)."""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    product: np.ndarray = np.clip(sides, 0, None).prod(axis=1)
    return product


def parts_inside(boxes: np.ndarray, window: Box) -> np.ndarray:
    """Which part of each box's area lies in a window: (n, 4) -> (n,), from 0 to 1. 0 for boxes without area."""
    return _ratio(
        areas(clip(boxes, window)) * (intersection_areas(boxes, window.npbox_format()[None]) > 0), areas(boxes)
    )


def non_max_suppression(
    boxes: np.ndarray, scores: np.ndarray, iou_thresh: float, class_ids: np.ndarray | None = None
) -> np.ndarray:
    """Of boxes that overlap much, keep the one with the highest score.

    Greedy: goes through the boxes by descending score and drops those that overlap one that is kept.

    Cost: n log n + the number of pairs that touch; no matrix of all pairs.

    Args:
        boxes: (n, 4).
        scores: (n,).
        iou_thresh: Boxes whose intersection / union is larger overlap much.
        class_ids: (n,). Only boxes of the same class are compared. None: all are.

    Returns:
        Indices of the kept boxes, by descending score; of equal scores the first comes first.
    """
    order = np.argsort(-scores, kind='stable')
    first, second = _overlapping_pairs(boxes[order], iou_thresh)
    if class_ids is not None:
        same = class_ids[order][first] == class_ids[order][second]
        first, second = first[same], second[same]
    by_first = np.argsort(first, kind='stable')
    losers, starts = second[by_first], np.searchsorted(first[by_first], np.arange(len(order) + 1))
    keep = np.ones(len(order), dtype=bool)
    for winner in np.unique(first):
        if keep[winner]:
            keep[losers[starts[winner] : starts[winner + 1]]] = False
    return order[keep]


def touching_pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of a box of `a` and one of `b` that touch, with their intersection over union.

    Cost: n log n + the number of pairs.

    Args:
        a: Boxes, (n, 4).
        b: Boxes, (m, 4).

    Returns:
        Index in `a`, index in `b`, IoU (0 of boxes without area): each (pairs,).
    """
    i, j = shapely.STRtree(_rectangles(b)).query(_rectangles(a))
    shared = intersection_areas(a[i], b[j])
    return i, j, _ratio(shared, areas(a)[i] + areas(b)[j] - shared)


def one_to_one(first: np.ndarray, second: np.ndarray, iou: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose pairs so that each box is in one at most: the best pair, then the best of the boxes that are left.

    Of pairs that are as good, the one with the lower index in the first set, then in the second, counts as better.
    Goes in rounds, each of which keeps all pairs that are the best left for both of their boxes.

    Args:
        first: Index of each pair's box in the first set, (pairs,).
        second: Index of its box in the second set.
        iou: How good the pair is.

    Returns:
        Indices in the first set, ascending, and in the second, each (chosen pairs,).
    """
    order = np.lexsort((second, first, -iou))
    first, second = first[order], second[order]
    chosen = [np.empty((2, 0), dtype=np.intp)]
    while len(first):
        best = _is_first(first) & _is_first(second)
        chosen.append(np.stack([first[best], second[best]]))
        left = ~(np.isin(first, first[best]) | np.isin(second, second[best]))
        first, second = first[left], second[left]
    pairs = np.concatenate(chosen, axis=1)
    by_first = np.argsort(pairs[0])
    return pairs[0, by_first], pairs[1, by_first]


def _is_first(values: np.ndarray) -> np.ndarray:
    """Whether each value has not come before: (n,) -> (n,)."""
    result = np.zeros(len(values), dtype=bool)
    result[np.unique(values, return_index=True)[1]] = True
    return result


def _overlapping_pairs(boxes: np.ndarray, iou_thresh: float) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the pairs (i, j), i < j, of boxes with a larger IoU."""
    i, j, iou = touching_pairs(boxes, boxes)
    overlap = (i < j) & (iou > iou_thresh)
    return i[overlap], j[overlap]


def _rectangles(boxes: np.ndarray) -> np.ndarray:
    rectangles: np.ndarray = shapely.box(boxes[:, 1], boxes[:, 0], boxes[:, 3], boxes[:, 2])
    return rectangles


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return ratio
