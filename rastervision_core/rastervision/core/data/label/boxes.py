"""Arithmetic of arrays of boxes: rows of (ymin, xmin, ymax, xmax)."""

import numpy as np
import shapely

from rastervision.core.box import Box

PAIRS_AT_ONCE = 1 << 19  # of boxes, that are compared in one call: about 50 MB


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

    Time: n log n + the number of pairs of which one covers the middle of the other. Memory: n; pairs are looked at
    some at a time.

    Args:
        boxes: (n, 4).
        scores: (n,).
        iou_thresh: Boxes whose intersection / union is larger overlap much.
        class_ids: (n,). Only boxes of the same class are compared. None: all are.

    Returns:
        Indices of the kept boxes, by descending score; of equal scores the first comes first.
    """
    order = np.argsort(-scores, kind='stable')
    if class_ids is None:
        best: np.ndarray = order[_survivors(boxes[order], iou_thresh)]
        return best
    kept = np.zeros(len(order), dtype=bool)
    for class_id in np.unique(class_ids):
        own = np.flatnonzero(class_ids[order] == class_id)
        kept[own[_survivors(boxes[order[own]], iou_thresh)]] = True
    by_class: np.ndarray = order[kept]
    return by_class


def _survivors(boxes: np.ndarray, iou_thresh: float) -> np.ndarray:
    """Which of some boxes, the best first, are not dropped for a better one: (n, 4) -> bool (n,)."""
    alive = np.ones(len(boxes), dtype=bool)
    tree = shapely.STRtree(_rectangles(boxes))
    start, count = 0, max(1, PAIRS_AT_ONCE // max(1, len(boxes)))
    while start < len(boxes):
        winners = start + np.flatnonzero(alive[start : start + count])
        i, losers, iou = _pairs_near(boxes[winners], boxes, tree, iou_thresh)
        first = winners[i]
        overlap = (first < losers) & (iou > iou_thresh)
        first, losers = first[overlap], losers[overlap]
        ends = np.searchsorted(first, winners, side='right')
        for winner, begin, end in zip(winners.tolist(), [0, *ends.tolist()], ends.tolist(), strict=False):
            if begin < end and alive[winner]:
                alive[losers[begin:end]] = False
        start, count = start + count, _next_count(count, len(i))
    return alive


def overlapping_pairs(a: np.ndarray, b: np.ndarray, min_iou: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of a box of `a` and one of `b` whose intersection over union is not below a limit.

    Time: n log n + the number of pairs that touch, or, for large limits, of which one covers the middle of the other.
    Memory: that of the result; pairs are looked at some at a time.

    Args:
        a: Boxes, (n, 4).
        b: Boxes, (m, 4).
        min_iou: The limit. 0: all that touch.

    Returns:
        Index in `a`, ascending, index in `b`, IoU (0 of boxes without area): each (pairs,).
    """
    tree = shapely.STRtree(_rectangles(b))
    start, count = 0, max(1, PAIRS_AT_ONCE // max(1, len(b)))
    found = [(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0))]
    while start < len(a):
        i, j, iou = _pairs_near(a[start : start + count], b, tree, min_iou)
        near = iou >= min_iou
        found.append((start + i[near], j[near], iou[near]))
        start, count = start + count, _next_count(count, len(i))
    first, second, ious = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return first, second, ious


def _pairs_near(
    a: np.ndarray, b: np.ndarray, tree: shapely.STRtree, min_iou: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs among which are all whose IoU is larger than a limit, and their IoU; the first index ascends.

    A box that has this share in common with another has at least that share of the other's width and height. So it
    reaches into the other by that much: into what is left of it if that is cut off all around.
    """
    cut = np.clip(min_iou, 0, 0.5) * (1 - 1e-9)
    margin = cut * (a[:, 2:] - a[:, :2])
    i, j = tree.query(_rectangles(np.concatenate([a[:, :2] + margin, a[:, 2:] - margin], axis=1)))
    by_first = np.lexsort((j, i))
    i, j = i[by_first], j[by_first]
    shared = intersection_areas(a[i], b[j])
    return i, j, _ratio(shared, areas(a)[i] + areas(b)[j] - shared)


def _next_count(count: int, pairs: int) -> int:
    """How many boxes to look at next, if so many had so many pairs."""
    return count * 2 if 2 * pairs < PAIRS_AT_ONCE else max(1, count // 2) if pairs > PAIRS_AT_ONCE else count


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


def _rectangles(boxes: np.ndarray) -> np.ndarray:
    rectangles: np.ndarray = shapely.box(boxes[:, 1], boxes[:, 0], boxes[:, 3], boxes[:, 2])
    return rectangles


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return ratio
