"""Classifying cells by the polygons in them."""

from dataclasses import dataclass

import numpy as np
import shapely

from rastervision.core.data.features import Features

NO_CLASS = np.iinfo(np.int64).max  # more than any class id, so that the lowest one of several is never this


@dataclass(frozen=True)
class CellRules:
    """How a cell gets its class.

    A polygon counts in a cell if the area of their intersection, divided by that of the polygon, is not below a
    threshold. A polygon that intersects a cell but does not count stands for the background there.

    Attributes:
        ioa_thresh: The threshold.
        use_intersection_over_cell: Whether to divide by the area of the cell instead.
        pick_min_class_id: Take the lowest class id, that of the background included, if a polygon stands for it.
            False: that of the polygon with the largest quotient, the first one of equals.
        background_class_id: Class id of the background, and of cells without polygons. None: such cells have none.
    """

    ioa_thresh: float
    use_intersection_over_cell: bool
    pick_min_class_id: bool
    background_class_id: int | None


def classify_cells(npboxes: np.ndarray, polygons: Features, rules: CellRules) -> np.ndarray:
    """Classify cells by polygons.

    One query of the index and one call for all intersections: costs O(c log n + pairs that intersect) for c cells and
    n polygons.

    Args:
        npboxes: The cells, (c, 4), rows of (ymin, xmin, ymax, xmax).
        polygons: Polygons with class ids, in the same coordinates.
        rules: See the class.

    Returns:
        Class id of each cell, (c,), int64; `NO_CLASS` if it has none.
    """
    background = NO_CLASS if rules.background_class_id is None else rules.background_class_id
    class_ids = np.full(len(npboxes), background, dtype=np.int64)
    ymin, xmin, ymax, xmax = npboxes.T
    cells = shapely.box(xmin, ymin, xmax, ymax)
    cell, polygon = polygons.tree.query(cells, predicate='intersects')
    if len(cell) == 0:
        return class_ids
    overlap = shapely.area(shapely.intersection(cells[cell], polygons.geometries[polygon]))
    whole = shapely.area(cells[cell] if rules.use_intersection_over_cell else polygons.geometries[polygon])
    ioa = np.divide(overlap, whole, out=np.zeros_like(overlap), where=whole > 0)
    found = np.where(ioa >= rules.ioa_thresh, polygons.class_ids[polygon], background)
    # The pair that decides comes first among those of its cell.
    order = np.lexsort((polygon, found if rules.pick_min_class_id else -ioa, cell))
    which, first = np.unique(cell[order], return_index=True)
    class_ids[which] = found[order][first]
    return class_ids
