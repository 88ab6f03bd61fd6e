"""The interface of transformations between pixel and map coordinates."""

import copy
from abc import ABC, abstractmethod
from typing import Any, TypeVar, cast

import numpy as np
import shapely
from affine import Affine
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.pipeline.errors import ArgumentTypeError
from rastervision.pipeline.overriding import is_overridden_later

T = TypeVar('T')
XY = tuple[np.ndarray, np.ndarray]

EXACT = ('_to_pixels', '_to_map')
WHOLE_PIXELS = ('map_to_pixel', 'pixel_to_map', '_map_to_pixel', '_pixel_to_map')


class CRSTransformer(ABC):
    """Transforms points, boxes and geometries between pixel and map coordinates.

    Pixel coordinates are (x, y) = (column, row) from the upper left corner of the image, or of a bbox in it.

    `to_pixels` and `to_map` are exact: the first pixel reaches from (0, 0) to (1, 1), and its centre is (0.5, 0.5).
    `map_to_pixel` and `pixel_to_map` have the meaning of Raster Vision 0.31, where whole numbers stand for pixels.

    A subclass defines `_map_to_pixel` and `_pixel_to_map`, which take one point or many. The exact methods follow from
    these, to a fraction of a pixel if it does not round, unless it defines `_to_pixels` and `_to_map` too.

    Attributes:
        transform: Affine transformation from pixel coordinates to those of the image's CRS, or None.
        image_crs: The CRS of the image, or None.
        map_crs: The CRS of map coordinates, or None.
    """

    def __init__(self, transform: Any | None = None, image_crs: Any | None = None, map_crs: Any | None = None) -> None:
        self.transform = transform
        self.image_crs = image_crs
        self.map_crs = map_crs

    def map_to_pixel(self, inp: T, bbox: Box | None = None) -> T:
        """Transform from map to pixel coordinates.

        Args:
            inp: A pair (x, y) of numbers or of arrays, a `Box` (of which two corners are transformed), a shapely
                geometry, or an array of geometries, which costs one call for all of them.
            bbox: If given, pixel coordinates are relative to this box.

        Returns:
            The same type as given; for (x, y), two arrays, which have no axes if numbers were given.

        Raises:
            ArgumentTypeError: If it is something else.
            DataError: If a point is outside the area that its CRS is made for.
        """

        def to_pixel(x: np.ndarray, y: np.ndarray) -> XY:
            x, y = self._map_to_pixel((x, y))
            return (x, y) if bbox is None else (x - bbox.xmin, y - bbox.ymin)

        return cast(T, _apply(to_pixel, inp))

    def pixel_to_map(self, inp: T, bbox: Box | None = None) -> T:
        """Transform from pixel to map coordinates; see `map_to_pixel`."""

        def to_map(x: np.ndarray, y: np.ndarray) -> XY:
            if bbox is not None:
                x, y = x + bbox.xmin, y + bbox.ymin
            return self._pixel_to_map((x, y))

        return cast(T, _apply(to_map, inp))

    def to_pixels(self, inp: T, bbox: Box | None = None) -> T:
        """Transform from map to pixel coordinates, without rounding.

        Args:
            inp: As for `map_to_pixel`; but of a `Box` all four corners are transformed.
            bbox: If given, pixel coordinates are relative to this box.

        Returns:
            The same type as given, float64; for a `Box`, the smallest one around its corners.

        Raises:
            ArgumentTypeError: If it is something else.
            DataError: If a point is outside the area that its CRS is made for.
        """

        older = self._older
        forward = self._to_pixels if older is None else older.to_pixels

        def to_pixels(x: np.ndarray, y: np.ndarray) -> XY:
            x, y = forward(x, y)
            return (x, y) if bbox is None else (x - bbox.xmin, y - bbox.ymin)

        return cast(T, _apply(to_pixels, inp, all_corners=True))

    def to_map(self, inp: T, bbox: Box | None = None) -> T:
        """Transform from pixel to map coordinates, without rounding; see `to_pixels`."""
        older = self._older
        backward = self._to_map if older is None else older.to_map

        def to_map(x: np.ndarray, y: np.ndarray) -> XY:
            if bbox is not None:
                x, y = x + bbox.xmin, y + bbox.ymin
            return backward(x, y)

        return cast(T, _apply(to_map, inp, all_corners=True))

    def is_mappable(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Which points, in map coordinates, have pixel coordinates, so that `map_to_pixel` does not raise: all."""
        return np.ones(np.shape(x), dtype=bool)

    def georeference(self, bbox: Box | None = None) -> dict[str, Any]:
        """What places a raster with the same pixels on the map: options for `rasterio.open` in mode 'w'.

        Args:
            bbox: The part of the image that the raster covers. None: all.

        Returns:
            `crs` and `transform`, or what the image has instead of these; empty if it is not georeferenced and all of
            it is covered.
        """
        transform = Affine.identity() if self.transform is None else self.transform
        if bbox is not None:
            a, b, c, d, e, f = tuple(transform)[:6]
            transform = Affine(a, b, a * bbox.xmin + b * bbox.ymin + c, d, e, d * bbox.xmin + e * bbox.ymin + f)
        known = self.image_crs is not None or not transform.is_identity
        return {'crs': self.image_crs, 'transform': transform} if known else {}

    @abstractmethod
    def _map_to_pixel(self, point: XY) -> XY:
        """Transform map coordinates, a pair (x, y) of numbers or of arrays of any shape, to pixel coordinates."""

    @abstractmethod
    def _pixel_to_map(self, point: XY) -> XY:
        """Transform pixel coordinates, a pair (x, y) of numbers or of arrays of any shape, to map coordinates."""

    def _to_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        """`_map_to_pixel` of arrays without rounding, the corner of the first pixel being 0."""
        return _OlderMethods(self).to_pixels(x, y)

    def _to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        """`_pixel_to_map` of arrays without rounding; the inverse of `_to_pixels`."""
        return _OlderMethods(self).to_map(x, y)

    @property
    def _older(self) -> '_OlderMethods | None':
        """The exact way through the methods of 0.31, if a subclass has overridden these and not the exact ones."""
        return _OlderMethods(self) if is_overridden_later(self, *WHOLE_PIXELS, than=EXACT) else None


class _OlderMethods:
    """`to_pixels` and `to_map` by a transformer's `map_to_pixel` and `pixel_to_map`.

    Whether `pixel_to_map` means the centre of a pixel or its corner is found by trying. Pixels are whole numbers if
    the transformer rounds them and has no `round_pixels` that stops it.
    """

    def __init__(self, transformer: CRSTransformer) -> None:
        self._transformer = _unrounded(transformer)

    def to_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        return self._transformer.map_to_pixel((x, y))

    def to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        offset = 0.5 if self._means_centres else 0.0
        return self._transformer.pixel_to_map((x - offset, y - offset))

    @property
    def _means_centres(self) -> bool:
        x, y = self._transformer.pixel_to_map((np.array([0.0, 1.0]), np.array([0.0, 1.0])))
        columns, _ = self._transformer.map_to_pixel((x, y))
        if columns[0] != np.floor(columns[0]):
            return bool(columns[0] > 0.25)
        # A quarter of a pixel before the centre is still in the pixel, before the corner it is not.
        before, _ = self._transformer.map_to_pixel((x - (x[1] - x[0]) / 4, y - (y[1] - y[0]) / 4))
        return bool(before[0] == columns[0])


def _unrounded(transformer: CRSTransformer) -> CRSTransformer:
    if not getattr(transformer, 'round_pixels', False):
        return transformer
    unrounded = copy.copy(transformer)
    unrounded.round_pixels = False  # type: ignore[attr-defined]
    return unrounded


def _apply(transform: Any, inp: Any, *, all_corners: bool = False) -> Any:
    """Apply a function of arrays x and y to whatever has coordinates."""
    if isinstance(inp, Box) and all_corners:
        corners = shapely.get_coordinates(inp.to_shapely()).T
        x, y = transform(*corners)
        return Box(y.min().item(), x.min().item(), y.max().item(), x.max().item())
    if isinstance(inp, Box):
        (xmin, xmax), (ymin, ymax) = transform(np.array([inp.xmin, inp.xmax]), np.array([inp.ymin, inp.ymax]))
        return Box(ymin.item(), xmin.item(), ymax.item(), xmax.item())
    if isinstance(inp, BaseGeometry) or (isinstance(inp, np.ndarray) and inp.dtype == object):
        return shapely.transform(inp, transform, interleaved=False)
    if isinstance(inp, tuple | list) and len(inp) == 2:
        x, y = transform(np.asarray(inp[0]), np.asarray(inp[1]))
        return np.asarray(x), np.asarray(y)
    raise ArgumentTypeError(
        f'Cannot transform the coordinates of a {type(inp).__name__}: {inp!r:.100}. '
        'Give (x, y), a Box, a shapely geometry or an array of geometries.'
    )
