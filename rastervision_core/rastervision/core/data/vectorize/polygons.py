"""Polygons along the outlines of pixels."""

from collections.abc import Iterator

import numpy as np
import shapely
from affine import Affine
from rasterio.features import shapes
from shapely.geometry.base import BaseGeometry


def mask_to_polygons(mask: np.ndarray, transform: Affine | None = None) -> Iterator[BaseGeometry]:
    """A polygon for each patch of pixels that touch by their sides.

    Args:
        mask: (height, width), 0 or not.
        transform: From pixels (column, row) to coordinates of the polygons. None: pixels.
    """
    mask = mask.astype(np.uint8, copy=False)
    return (polygon for polygon, _ in outlines(mask, mask.astype(bool), transform or Affine.identity()))


def outlines(values: np.ndarray, mask: np.ndarray, transform: Affine) -> Iterator[tuple[BaseGeometry, int]]:
    """Polygons of the patches of equal values, by the sides of pixels, each with its value.

    Args:
        values: (height, width), uint8 or int32.
        mask: Which pixels count, (height, width), bool.
        transform: From pixels (column, row) to coordinates of the polygons.
    """
    for geometry, value in shapes(values, mask=mask, connectivity=4, transform=transform):
        shell, *holes = geometry['coordinates']
        yield shapely.Polygon(shell, holes), int(value)


def merge_pieces(pieces: list[BaseGeometry]) -> BaseGeometry:
    """The polygon that was cut into pieces by horizontal lines; without the points that the cuts left."""
    if len(pieces) == 1:
        return pieces[0]
    return shapely.simplify(shapely.union_all(pieces), 0)
