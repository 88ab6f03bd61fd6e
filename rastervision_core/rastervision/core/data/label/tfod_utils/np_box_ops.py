"""Arithmetic of two arrays of boxes, each with each, as earlier versions offer it.

Boxes are rows of (ymin, xmin, ymax, xmax). Results of two arrays have n * m numbers; of many boxes
`rastervision.core.data.label.boxes.overlapping_pairs` finds those that touch in less.
"""

import numpy as np

from rastervision.core.data.label.boxes import areas, intersection_areas, ratios


def area(boxes: np.ndarray) -> np.ndarray:
    """Area of each box: (n, 4) -> (n,)."""
    return areas(boxes)


def intersection(boxes1: np.ndarray, boxes2: np.ndarray) -> np.ndarray:
    """Area that each box shares with each other one: (n, 4), (m, 4) -> (n, m)."""
    return intersection_areas(boxes1[:, None], boxes2[None])


def iou(boxes1: np.ndarray, boxes2: np.ndarray) -> np.ndarray:
    """Intersection over union: (n, 4), (m, 4) -> (n, m). 0 where neither has an area."""
    shared = intersection(boxes1, boxes2)
    return ratios(shared, areas(boxes1)[:, None] + areas(boxes2)[None] - shared)


def ioa(boxes1: np.ndarray, boxes2: np.ndarray) -> np.ndarray:
    """The part of each second box that lies in each first one: (n, 4), (m, 4) -> (n, m). 0 of those without area."""
    shared = intersection(boxes1, boxes2)
    return ratios(shared, np.broadcast_to(areas(boxes2)[None], shared.shape))
