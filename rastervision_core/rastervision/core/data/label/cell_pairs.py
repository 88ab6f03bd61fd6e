"""Which cells are the same, though their corners are not."""

import numpy as np

from rastervision.core.data.label.boxes import one_to_one, overlapping_pairs

MIN_IOU = 0.5


def pair_cells(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair cells of two sets that overlap by more than half.

    Cells from map coordinates can be a pixel off the windows they were made from, and a pixel larger or smaller.
    Pairs are one to one. Where cells overlap several, which windows with a small stride do, the best pair is made
    first: that of the largest intersection over union, then that of the first cells.

    Cost: n log n + the number of pairs of cells that touch.

    Args:
        a: Cells, (n, 4): ymin, xmin, ymax, xmax.
        b: Cells, (m, 4).

    Returns:
        Indices into `a`, ascending, and into `b`, each (pairs,).
    """
    first, second, iou = overlapping_pairs(a, b, MIN_IOU)
    near = iou > MIN_IOU
    return one_to_one(first[near], second[near], iou[near])
