"""Arithmetic of arrays of boxes: rows of (ymin, xmin, ymax, xmax)."""

import numpy as np
import shapely

from rastervision.core.box import Box

PAIRS_AT_ONCE = 1 << 19  # of boxes, that are compared in one call: about 50 MB
CROWD = 100  # boxes near a box, from where comparing it with all in an array is faster


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
    """Area that box i of `a` shares with box i of `b`: (..., 4), (..., 4) -> (...). Axes are broadcast."""
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    product: np.ndarray = np.clip(sides, 0, None).prod(axis=-1)
    return product


def parts_inside(boxes: np.ndarray, window: Box) -> np.ndarray:
    """Which part of each box's area lies in a window: (n, 4) -> (n,), from 0 to 1. 0 for boxes without area."""
    return ratios(
        areas(clip(boxes, window)) * (intersection_areas(boxes, window.npbox_format()[None]) > 0), areas(boxes)
    )


def non_max_suppression(
    boxes: np.ndarray, scores: np.ndarray, iou_thresh: float, class_ids: np.ndarray | None = None
) -> np.ndarray:
    """Of boxes that overlap much, keep the one with the highest score.

    Greedy: goes through the boxes by descending score and drops those that overlap one that is kept.

    Time: n log n + the number of pairs of a kept box and one that is near it. Memory: n; pairs are looked at some at a
    time.

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
    """Which of some boxes, the best first, are not dropped for a better one: (n, 4) -> bool (n,).

    Boxes are looked at some at a time, with those near them; once they are crowded, those that are left one by one.
    """
    alive = np.ones(len(boxes), dtype=bool)
    if iou_thresh >= 1 or not len(boxes):
        return alive
    tree = shapely.STRtree(_rectangles(boxes))
    most_pairs = np.cumsum(np.min([ends - starts for _, starts, ends in _strips(boxes, 0)], axis=0))
    start, at_once = 0, CROWD**2
    while start < len(boxes):
        before = most_pairs[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(most_pairs, before + at_once, side='right')))
        winners = start + np.flatnonzero(alive[start:stop])
        i, losers, iou = _pairs_near(boxes[winners], boxes, tree, iou_thresh)
        first = winners[i]
        overlap = (first < losers) & (iou > iou_thresh)
        first, losers = first[overlap], losers[overlap]
        ends = np.searchsorted(first, winners, side='right')
        for winner, begin, end in zip(winners.tolist(), [0, *ends.tolist()], ends.tolist(), strict=False):
            if begin < end and alive[winner]:
                alive[losers[begin:end]] = False
        if len(i) > CROWD * len(winners):
            rest = stop + np.flatnonzero(alive[stop:])
            alive[rest] = _survivors_of_crowd(boxes[rest], iou_thresh)
            break
        start, at_once = stop, min(2 * at_once, PAIRS_AT_ONCE)
    return alive


def _survivors_of_crowd(boxes: np.ndarray, iou_thresh: float) -> np.ndarray:
    """The same, faster if each box is near many: compares survivors with what is left, and tidies up now and then."""
    alive, left = np.ones(len(boxes), dtype=bool), np.arange(len(boxes))
    while len(left):
        survives, done = _compare_half(boxes[left], iou_thresh)
        alive[left[~survives]] = False
        left = left[done:][survives[done:]]
    return alive


def _compare_half(boxes: np.ndarray, iou_thresh: float) -> tuple[np.ndarray, int]:
    """Compare the best with all, until half of the boxes are dropped or done: which are not dropped, and how many did.

    Args:
        boxes: (n, 4), the best first.
        iou_thresh: See `non_max_suppression`.
    """
    alive, gone = np.ones(len(boxes), dtype=bool), 0
    strips = [(order, boxes[order].T.copy(), starts, ends) for order, starts, ends in _strips(boxes, iou_thresh)]
    area = areas(boxes)
    by_strip = [area[order] for order, *_ in strips]
    for best in range(len(boxes)):
        if not alive[best]:
            continue
        axis = int(np.argmin([ends[best] - starts[best] for _, _, starts, ends in strips]))
        order, (top, left, bottom, right), starts, ends = strips[axis]
        near = slice(starts[best], ends[best])
        ymin, xmin, ymax, xmax = boxes[best]
        shared = np.clip(np.minimum(bottom[near], ymax) - np.maximum(top[near], ymin), 0, None)
        shared *= np.clip(np.minimum(right[near], xmax) - np.maximum(left[near], xmin), 0, None)
        iou = ratios(shared, area[best] + by_strip[axis][near] - shared)
        losers = order[near][iou > iou_thresh]
        losers = losers[(losers > best) & alive[losers]]
        alive[losers] = False
        gone += 1 + len(losers)
        if 2 * gone >= len(boxes):
            return alive, best + 1
    return alive, len(boxes)


def _strips(boxes: np.ndarray, iou_thresh: float) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For y and x: the boxes in order of where they begin; for each box, where those begin and end that may overlap it.

    What two boxes have in common of the line that both cover is, in y and in x, not less than their IoU. So none
    begins later than the rest of the other is long enough, nor so early that it would be much longer or end before.
    """
    cut = np.clip(iou_thresh, 0, 1) * (1 - 1e-9)
    slack = 4 * np.spacing(np.fmax.reduce(np.abs(boxes), axis=None, initial=0))
    strips = []
    for axis in (0, 1):
        begin, size = boxes[:, axis], boxes[:, axis + 2] - boxes[:, axis]
        before = np.minimum(size / max(cut, 1e-9), np.fmax.reduce(size, initial=0)) * (1 - cut)
        order = np.argsort(begin, kind='stable')
        starts = np.searchsorted(begin[order], begin - before - slack)
        ends = np.searchsorted(begin[order], begin + (1 - cut) * size + slack, side='right')
        strips.append((order, starts, np.maximum(starts, ends)))
    return strips


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
    return i, j, ratios(shared, areas(a)[i] + areas(b)[j] - shared)


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


def ratios(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Each part of its whole, of the same shape; 0 of a whole without area."""
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return ratio
