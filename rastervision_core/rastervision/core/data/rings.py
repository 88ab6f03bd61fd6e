"""Large polygons without the vertices that a window does not need."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import shapely
from shapely.geometry import Polygon

from rastervision.core.box import Box

MANY_VERTICES = 256  # of a polygon, from which on leaving some out is worth it
MARGIN = 2  # pixels around a window that are left as they are: edges are drawn with all pixels that they touch
MIN_VERTICES = 4  # of a closed ring


@dataclass(frozen=True)
class Rings:
    """The rings of a polygon, in a form from which those near a window are found fast.

    Attributes:
        vertices: Of all rings, each closed, the outer one first, (n, 2).
        starts: Where each ring begins, (rings,).
    """

    vertices: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, polygon: Polygon) -> Self:
        """Take a polygon apart."""
        rings = shapely.get_rings(polygon)
        sizes = shapely.get_num_coordinates(rings)
        return cls(shapely.get_coordinates(rings), np.concatenate([[0], np.cumsum(sizes)[:-1]]))

    def near(self, window: Box) -> Polygon | None:
        """A polygon that is the same in a window.

        Vertices are left out where the line goes on beyond one edge of the window, and whole rings that lie there; none
        is moved or added. So what is drawn in the window stays the same, to the pixel: a line beyond its left or right
        edge is crossed by a row of pixels as often as before, or an even number of times less.

        Args:
            window: In the same coordinates.

        Returns:
            The polygon, which is not for anything else than drawing; None if nothing of it is near.
        """
        x, y = self.vertices.T
        ring = np.repeat(np.arange(len(self.starts)), np.diff([*self.starts, len(x)]))
        sides = (
            x < window.xmin - MARGIN,
            x > window.xmax + MARGIN,
            y < window.ymin - MARGIN,
            y > window.ymax + MARGIN,
        )
        apart = np.any([np.logical_and.reduceat(side, self.starts) for side in sides], axis=0)
        if apart[0]:
            return None
        kept = np.flatnonzero(~apart[ring])
        for side in sides:
            beyond, at = side[kept], ring[kept]
            needless = np.zeros(len(kept), dtype=bool)
            needless[1:-1] = beyond[:-2] & beyond[1:-1] & beyond[2:] & (at[:-2] == at[2:])
            kept = kept[~needless]
        sizes = np.bincount(ring[kept])
        whole = np.isin(ring, np.flatnonzero((sizes > 0) & (sizes < MIN_VERTICES)))
        kept = np.union1d(kept, np.flatnonzero(whole)) if whole.any() else kept
        _, numbers = np.unique(ring[kept], return_inverse=True)
        rings: Any = shapely.linearrings(self.vertices[kept], indices=numbers)
        polygon: Polygon = shapely.polygons(rings[0], rings[1:])
        return polygon
