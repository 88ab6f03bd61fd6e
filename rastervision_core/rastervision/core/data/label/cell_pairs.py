"""Which cells are the same, though their corners are not."""

import numpy as np
import shapely

from rastervision.core.data.label.boxes import areas, intersection_areas

MIN_IOU = 0.5


def pair_cells(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair cells of two sets that overlap by more than half.

    Cells from map coordinates can be a pixel off the windows they were made from, and a pixel larger or smaller.
    Pairs are one to one. Where cells overlap several, which windows with a small stride do, the best pair is made
    first: that of the largest intersection over union, then that of the first cells.

    Two boxes share more than half of their union only if the centre of one lies in the other, so one query of an
    index of points finds few pairs that are none. Costs O((n + m) log m) for n and m cells that do not overlap among
    themselves.

    Args:
        a: Cells, (n, 4): ymin, xmin, ymax, xmax.
        b: Cells, (m, 4).

    Returns:
        Indices into `a`, ascending, and into `b`, each (pairs,).
    """
    centres = shapely.points((b[:, 1] + b[:, 3]) / 2, (b[:, 0] + b[:, 2]) / 2)
    first, second = shapely.STRtree(centres).query(shapely.box(a[:, 1], a[:, 0], a[:, 3], a[:, 2]))
    shared = intersection_areas(a[first], b[second])
    union = areas(a)[first] + areas(b)[second] - shared
    iou = np.divide(shared, union, out=np.zeros(len(shared)), where=union > 0)
    order = np.lexsort((second, first, -iou))
    order = order[iou[order] > MIN_IOU]
    first, second = _best_first(first[order], second[order])
    by_first = np.argsort(first)
    return first[by_first], second[by_first]


def _best_first(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of pairs, best first, keep those whose cells are in no better one that is kept.

    Each round keeps the pairs that are the best left for both of their cells.
    """
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    while len(first):
        chosen = _is_first(first) & _is_first(second)
        kept.append((first[chosen], second[chosen]))
        left = ~(np.isin(first, first[chosen]) | np.isin(second, second[chosen]))
        first, second = first[left], second[left]
    if not kept:
        return first, second
    return np.concatenate([pair[0] for pair in kept]), np.concatenate([pair[1] for pair in kept])


def _is_first(values: np.ndarray) -> np.ndarray:
    """Whether each value has not come before: (n,) -> (n,)."""
    result = np.zeros(len(values), dtype=bool)
    result[np.unique(values, return_index=True)[1]] = True
    return result
