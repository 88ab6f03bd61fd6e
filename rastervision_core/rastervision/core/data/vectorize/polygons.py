"""Polygons along the outlines of pixels."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from affine import Affine
from rasterio.features import shapes
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

SHEET_PIXELS = 1 << 21


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


def sheet_outlines(parts: Sequence[tuple[np.ndarray, int, int]]) -> list[BaseGeometry]:
    """Polygons of many small masks, in their order.

    The masks are put one below the other on sheets, because rasterio takes longer to set out than to outline one.

    Args:
        parts: Masks, (height, width), uint8, 0 or 1, each with the row and column of its first pixel.
    """
    found: list[tuple[int, BaseGeometry]] = []
    sheet: list[int] = []
    for index in sorted(range(len(parts)), key=lambda index: parts[index][0].shape[1]):
        sheet.append(index)
        rows = sum(parts[i][0].shape[0] for i in sheet)
        if rows * parts[index][0].shape[1] > SHEET_PIXELS:
            found += _sheet(parts, sheet)
            sheet = []
    found += _sheet(parts, sheet)
    return [polygon for _, polygon in sorted(found, key=lambda item: item[0])]


def _sheet(parts: Sequence[tuple[np.ndarray, int, int]], which: list[int]) -> Iterator[tuple[int, BaseGeometry]]:
    """Polygons of some masks, each with the index of its mask."""
    tops = np.cumsum([0, *(parts[index][0].shape[0] for index in which)])
    width = max((parts[index][0].shape[1] for index in which), default=0)
    sheet = np.zeros((tops[-1], width), dtype=np.int32)
    for number, index in enumerate(which):
        mask = parts[index][0]
        sheet[tops[number] : tops[number + 1], : mask.shape[1]] = mask * np.int32(number + 1)
    for polygon, value in outlines(sheet, sheet > 0, Affine.identity()) if sheet.size else ():
        _, ymin, xmin = parts[which[value - 1]]
        yield which[value - 1], translate(polygon, xmin, ymin - int(tops[value - 1]))


def merge_pieces(pieces: list[BaseGeometry]) -> BaseGeometry:
    """The polygon that was cut into pieces by horizontal lines; without the points that the cuts left."""
    if len(pieces) == 1:
        return pieces[0]
    return shapely.simplify(shapely.union_all(pieces), 0)
