"""Polygons that look like buildings.

Each patch of pixels is opened with a bar across its smallest enclosing rectangle; parts that come apart are buildings
of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from affine import Affine
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from rastervision.core.data.vectorize.morphology import dilate, erode
from rastervision.core.data.vectorize.polygons import sheet_outlines

RotatedRectange = tuple[Sequence[float], Sequence[float], float]  # the name, misspelt, is public


@dataclass(frozen=True)
class Patch:
    """Pixels that touch, by sides or corners.

    Attributes:
        mask: (height, width), uint8, 0 or 1.
        ymin: Row of its first row.
        xmin: Column of its first column.
    """

    mask: np.ndarray
    ymin: int
    xmin: int


@dataclass(frozen=True)
class BuildingOptions:
    """How patches become buildings.

    Attributes:
        min_area: The least area inside the outline through the centres of a patch's outer pixels.
        width_factor: Length of the bar, as a part of the rectangle's shorter side.
        thickness: Thickness of the bar, as a part of the rectangle's shorter side.
    """

    min_area: float = 100
    width_factor: float = 0.5
    thickness: float = 0.001


def mask_to_building_polygons(
    mask: np.ndarray,
    transform: Affine | None = None,
    min_area: float = 100,
    width_factor: float = 0.5,
    thickness: float = 0.001,
) -> Iterator[BaseGeometry]:
    """Turn a mask into polygons of buildings.

    Cost: linear in the pixels of the mask and of the patches' bounding boxes.

    Args:
        mask: (height, width), 0 or not.
        transform: From pixels (column, row) to coordinates of the polygons. None: pixels.
        min_area: See :class:`.BuildingOptions`.
        width_factor: See there.
        thickness: See there.
    """
    options = BuildingOptions(min_area, width_factor, thickness)
    polygons = patches_to_buildings(find_patches(mask, 0)[1], mask.shape, options)
    return iter(polygons) if transform is None else (affine_transform(p, transform.to_shapely()) for p in polygons)


def find_patches(mask: np.ndarray, ymin: int) -> tuple[np.ndarray, list[Patch]]:
    """The patches of a mask.

    Args:
        mask: (height, width), 0 or not.
        ymin: Row of its first row.

    Returns:
        The number of each pixel's patch, from 1, (height, width), int32, 0 outside; and the patches by number.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8, copy=False), connectivity=8)
    patches = []
    for number in range(1, count):
        x, y, width, height = boxes[number, :4].tolist()
        own = labels[y : y + height, x : x + width] == number
        patches.append(Patch(own.astype(np.uint8), ymin + y, x))
    return labels, patches


def join_patches(pieces: list[Patch]) -> Patch:
    """The patch that was cut into pieces."""
    if len(pieces) == 1:
        return pieces[0]
    ymin, xmin = min(piece.ymin for piece in pieces), min(piece.xmin for piece in pieces)
    ymax = max(piece.ymin + piece.mask.shape[0] for piece in pieces)
    xmax = max(piece.xmin + piece.mask.shape[1] for piece in pieces)
    mask = np.zeros((ymax - ymin, xmax - xmin), dtype=np.uint8)
    for piece in pieces:
        y, x = piece.ymin - ymin, piece.xmin - xmin
        mask[y : y + piece.mask.shape[0], x : x + piece.mask.shape[1]] |= piece.mask
    return Patch(mask, ymin, xmin)


def patches_to_buildings(
    patches: Iterable[Patch], shape: tuple[int, ...], options: BuildingOptions
) -> list[BaseGeometry]:
    """The buildings that patches consist of, in pixel coordinates.

    Args:
        patches: The patches.
        shape: Height and width of the mask that they are from. Beyond its edges they are taken to go on.
        options: See :class:`.BuildingOptions`.
    """
    return sheet_outlines(
        [(part.mask, part.ymin, part.xmin) for patch in patches for part in _split(patch, shape, options)]
    )


def _split(patch: Patch, shape: tuple[int, ...], options: BuildingOptions) -> Iterator[Patch]:
    """The parts that are left when a patch is opened with its bar."""
    outline = _outline(patch.mask)
    if outline is None or cv2.contourArea(outline) < options.min_area:
        return
    kernel = get_kernel(cv2.minAreaRect(outline), options.width_factor, options.thickness)
    if kernel is None or kernel.size == 1:
        yield patch
        return
    mask, ymin, xmin = _with_margin(patch, shape, max(kernel.shape))
    count, parts = cv2.connectedComponents(erode(mask, kernel), connectivity=8)
    for number in range(1, count):
        yield Patch(dilate((parts == number).astype(np.uint8), kernel), ymin, xmin)


def get_rectangle(buildings: np.ndarray) -> RotatedRectange | None:
    """The smallest rectangle, in any direction, around the centres of the pixels of the first patch of a mask.

    Args:
        buildings: (height, width), uint8, 0 or not.

    Returns:
        Centre (x, y), sides, angle in degrees; None if the mask is empty.
    """
    outline = _outline(buildings)
    return None if outline is None else cv2.minAreaRect(outline)


def get_kernel(rectangle: RotatedRectange, width_factor: float = 0.5, thickness: float = 0.001) -> np.ndarray | None:
    """The bar across a rectangle, in the direction of its shorter side.

    Args:
        rectangle: As from `get_rectangle`.
        width_factor: Length of the bar, as a part of the shorter side.
        thickness: Its thickness, as a part of the shorter side; one pixel at least.

    Returns:
        (length, length), uint8, 0 or 1. None if the bar is shorter than a pixel.
    """
    _, (width, height), angle = rectangle
    shorter = min(width, height)
    length, thick = int(width_factor * shorter), max(int(thickness * shorter), 1)
    if length < 1:
        return None
    centre = ((length - 1) / 2, (length - 1) / 2)
    bar = cv2.boxPoints((centre, (length, thick) if width < height else (thick, length), angle))
    kernel = np.zeros((length, length), dtype=np.uint8)
    cv2.fillPoly(kernel, [bar.astype(np.int32)], 1)
    return kernel if kernel.any() else None


def _outline(mask: np.ndarray) -> np.ndarray | None:
    outlines, _ = cv2.findContours(mask.astype(np.uint8, copy=False), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return outlines[0] if outlines else None


def _with_margin(patch: Patch, shape: tuple[int, ...], size: int) -> tuple[np.ndarray, int, int]:
    """A patch's mask with empty pixels around it, but none beyond the edges of the mask that it is from."""
    height, width = patch.mask.shape
    top, left = min(size, patch.ymin), min(size, patch.xmin)
    bottom = min(size, shape[0] - patch.ymin - height)
    right = min(size, shape[1] - patch.xmin - width)
    return np.pad(patch.mask, ((top, bottom), (left, right))), patch.ymin - top, patch.xmin - left
