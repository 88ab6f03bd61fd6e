"""Where the pixels of one raster are among those of another."""

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from affine import Affine
from pyproj import CRS

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.image_crs import in_image_crs
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer, transform_between
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.raster_source.raster_source import RasterSource

XY = tuple[np.ndarray, np.ndarray]

# Pixels between places that are computed, if grids are bent against each other; others are interpolated.
STEPS = (32, 16, 8, 4, 2)
CELLS = 5  # along each side of an image, in which it is tried how exact that is
ON_GRID = 1e-3  # pixels; grids that are nearer to each other are one


class PixelMap:
    """From places in an image, in pixels, to places in another raster.

    Exact where both are grids in one CRS. Elsewhere places are computed every few pixels, at multiples of that, and
    interpolated, to `ON_GRID`: what is said of a pixel depends on nothing but the pixel.

    Attributes:
        affine: The transformation if it is affine, else None.
    """

    def __init__(self, image: 'CRSTransformer', size: Box, source: 'RasterSource') -> None:
        """Make a map.

        Args:
            image: Between map and pixels of the image.
            size: The image's extent.
            source: The other raster.

        Raises:
            DataError: If one of the two is georeferenced and the other is not, and their sizes differ; or there is no
                way between their CRSs.
        """
        self._image, self._source = in_image_crs(image), in_image_crs(source.crs_transformer)
        self._extent = full_extent(source)
        self.affine = Affine.identity() if image is source.crs_transformer else self._relative(size, source)
        self._maps = None if self.affine is not None else _map_crs_pair(self._image, self._source)
        if self._maps is not None:
            transform_between(*self._maps, np.empty(0), np.empty(0))
        self._period = self._source.turn if isinstance(self._source, RasterioCRSTransformer) else None
        centre = np.array([(size.xmin + size.xmax) / 2]), np.array([(size.ymin + size.ymax) / 2])
        self._scale = self._scale_at(*centre)
        self._step = 1 if self.affine is not None else next((s for s in STEPS if self._is_exact(s, size)), 1)
        self._turns = self._affine_turns(size)

    @property
    def shift(self) -> tuple[int, int] | None:
        """Rows and columns between two grids of the same pixels; None if the grids are others."""
        if self.affine is None or self._turns:
            return None
        a, b, c, d, e, f = tuple(self.affine)[:6]
        height, width = self._extent.size
        dx, dy = round(c), round(f)
        off = max(abs(c - dx), abs(f - dy))
        drift = max(abs(a - 1), abs(d)) * width + max(abs(b), abs(e - 1)) * height
        return (dy, dx) if off < ON_GRID and drift < ON_GRID else None

    @property
    def scale(self) -> tuple[float, float]:
        """How many rows and columns of the source a pixel of the image has, in its middle."""
        return self._scale

    def at(self, x: np.ndarray, y: np.ndarray) -> XY:
        """Places in the source.

        Args:
            x: Columns, (w,), places in pixels of the image; ascending.
            y: Rows, (h,).

        Returns:
            Columns and rows in pixels of the source, each of a shape that broadcasts to (h, w); NaN where there is no
            such place.
        """
        u, v = self._affine_at(x, y) if self.affine is not None else self._bent_at(x, y)
        return self._wrapped(u), v

    def has_source_in(self, part: Box) -> bool:
        """Whether any of the source's corners, or places between, is in a part of the image, in its pixels."""
        extent = self._extent
        x, y = np.meshgrid(np.linspace(extent.xmin, extent.xmax, CELLS), np.linspace(extent.ymin, extent.ymax, CELLS))
        if self.affine is not None:
            columns, rows = ~self.affine @ (x, y)
        else:
            try:
                x, y = self._source.to_map((x, y))
                x, y = (x, y) if self._maps is None else transform_between(*self._maps[::-1], x, y)
                columns, rows = self._image.to_pixels((x, y))
            except DataError:
                return True  # nobody knows
        inside = (columns >= part.xmin) & (columns <= part.xmax) & (rows >= part.ymin) & (rows <= part.ymax)
        return bool(inside.any())

    # ---------------------------------------------------------------- internals
    def _relative(self, size: Box, source: 'RasterSource') -> Affine | None:
        image, other = self._image, self._source
        if isinstance(image, IdentityCRSTransformer) or isinstance(other, IdentityCRSTransformer):
            both = isinstance(image, IdentityCRSTransformer) and isinstance(other, IdentityCRSTransformer)
            if both or size.size == self._extent.size:
                return Affine.identity()
            which = 'The image' if isinstance(image, IdentityCRSTransformer) else f'{source!r:.300}'
            raise DataError(
                f'{source!r:.300} cannot be put on the grid of the image: {which} is not georeferenced, and they have '
                f'{self._extent.size!r} and {size.size!r} rows and columns. Georeference it, or make it as large.'
            )
        if not (_is_grid(image) and _is_grid(other) and _same_crs(image.image_crs, other.image_crs)):
            return None
        return relative_affine(cast('Affine', image.transform), cast('Affine', other.transform))

    def _affine_at(self, x: np.ndarray, y: np.ndarray) -> XY:
        assert self.affine is not None
        a, b, c, d, e, f = tuple(self.affine)[:6]
        columns, rows = x[np.newaxis, :], y[:, np.newaxis]
        u = a * columns + c if b == 0 else a * columns + b * rows + c
        v = e * rows + f if d == 0 else d * columns + e * rows + f
        return u, v

    def _bent_at(self, x: np.ndarray, y: np.ndarray) -> XY:
        if not len(x) or not len(y):
            return np.empty((len(y), len(x))), np.empty((len(y), len(x)))
        step = self._step
        first_x, last_x = math.floor(x[0] / step), math.floor(x[-1] / step) + 1
        first_y, last_y = math.floor(y[0] / step), math.floor(y[-1] / step) + 1
        few = (last_x - first_x) * (last_y - first_y) > len(x) * len(y)  # places, and far from each other
        if step == 1 or few:
            return self._place(*np.meshgrid(x, y))
        nodes_x, nodes_y = np.arange(first_x, last_x + 1) * step, np.arange(first_y, last_y + 1) * step
        u, v = self._place(*np.meshgrid(nodes_x.astype(float), nodes_y.astype(float)))
        columns, rows = x / step - first_x, y / step - first_y
        return self._interpolate(u, columns, rows, self._period), self._interpolate(v, columns, rows, None)

    def _place(self, x: np.ndarray, y: np.ndarray) -> XY:
        """Places in the source, computed for each point; arrays of one shape."""
        u, v = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        try:
            map_x, map_y = self._image.to_map((x, y))
        except DataError:  # beyond what the map can hold
            return u, v
        if self._maps is not None:
            map_x, map_y = transform_between(*self._maps, map_x, map_y)
        known = np.isfinite(map_x) & np.isfinite(map_y)
        known[known] = self._source.is_mappable(map_x[known], map_y[known])
        if known.any():
            u[known], v[known] = self._source.to_pixels((map_x[known], map_y[known]))
        return u, v

    @staticmethod
    def _interpolate(nodes: np.ndarray, columns: np.ndarray, rows: np.ndarray, period: float | None) -> np.ndarray:
        """Values between nodes, (h, w), bilinearly; of values that repeat, the ones next to the upper left node."""
        i, j = np.floor(columns).astype(int), np.floor(rows).astype(int)
        f, g = columns - i, (rows - j)[:, np.newaxis]
        corner = nodes[j][:, i]
        others = [nodes[j][:, i + 1], nodes[j + 1][:, i], nodes[j + 1][:, i + 1]]
        if period is not None:
            others = [other + period * np.round((corner - other) / period) for other in others]
        right, below, opposite = others
        values: np.ndarray = (corner * (1 - f) + right * f) * (1 - g) + (below * (1 - f) + opposite * f) * g
        return values

    def _wrapped(self, u: np.ndarray) -> np.ndarray:
        """Columns of a raster in degrees, by whole turns, so that they are in the raster if they can be."""
        if self._period is None:
            return u
        middle = (self._extent.xmin + self._extent.xmax) / 2
        turns = np.floor((u - middle) / self._period + 0.5)
        return u - self._period * turns

    def _is_exact(self, step: int, size: Box) -> bool:
        """Whether places in the middle between those that are computed are right, with some room, to `ON_GRID`."""
        columns, rows = (
            np.floor(np.linspace(low, high, CELLS) / step) * step
            for low, high in ((size.xmin, size.xmax), (size.ymin, size.ymax))
        )
        x, y = (places.ravel() for places in np.meshgrid(columns, rows))
        # The corners of cells, the middles of two sides, and of the cell.
        dx, dy = step * np.array([[0, 1, 0, 1, 0.5, 0, 0.5], [0, 0, 1, 1, 0, 0.5, 0.5]])
        u, v = self._place(x + dx[:, np.newaxis], y + dy[:, np.newaxis])
        if self._period is not None:
            u = u - self._period * np.round((u - u[0]) / self._period)
        for w in (u, v):
            between = np.stack([w[0] + w[1], w[0] + w[2], (w[0] + w[1] + w[2] + w[3]) / 2]) / 2
            if np.nanmax(np.abs(between - w[4:]), initial=0) > ON_GRID / 4:
                return False
        return True

    def _affine_turns(self, size: Box) -> bool:
        """Whether the image lies a whole turn beside the source, or across where it begins."""
        if self.affine is None or self._period is None:
            return False
        u, _ = self._affine_at(np.array([size.xmin, size.xmax], float), np.array([size.ymin, size.ymax], float))
        return not np.array_equal(self._wrapped(u), u)

    def _scale_at(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        if self.affine is not None:
            a, b, _, d, e, _ = tuple(self.affine)[:6]
            return math.hypot(d, e), math.hypot(a, b)
        u, v = self._place(np.concatenate([x, x + 1, x]), np.concatenate([y, y, y + 1]))
        if not np.isfinite([u, v]).all():
            return 1.0, 1.0
        return float(np.hypot(v[1] - v[0], v[2] - v[0])), float(np.hypot(u[1] - u[0], u[2] - u[0]))


def relative_affine(image: Affine, source: Affine) -> Affine:
    """From pixels of one grid to those of another in the same CRS, of differences, which lose no digits."""
    a, b, c, d, e, f = (float(number) for number in tuple(source)[:6])
    scale = 1 / (a * e - b * d)
    columns, rows = (e * scale, -b * scale), (-d * scale, a * scale)
    dx, dy = image.c - c, image.f - f
    return Affine(
        columns[0] * image.a + columns[1] * image.d,
        columns[0] * image.b + columns[1] * image.e,
        columns[0] * dx + columns[1] * dy,
        rows[0] * image.a + rows[1] * image.d,
        rows[0] * image.b + rows[1] * image.e,
        rows[0] * dx + rows[1] * dy,
    )


def full_extent(source: 'RasterSource') -> Box:
    """All of an image that can be read, in its pixels: its extent if the source knows it, else the bbox."""
    extent: Any = getattr(source, 'image_extent', None)
    return extent if isinstance(extent, Box) else source.bbox


def _is_grid(transformer: 'CRSTransformer') -> bool:
    """Whether pixels are a grid of the CRS, and nothing else is known of their place."""
    return isinstance(transformer, RasterioCRSTransformer) and transformer.is_grid


def _same_crs(one: Any, other: Any) -> bool:
    """Whether two CRSs are the same; one that is not known is taken for the other."""
    if one is None or other is None or one == other:
        return True
    return CRS.from_user_input(one).equals(CRS.from_user_input(other), ignore_axis_order=True)


def _map_crs_pair(image: 'CRSTransformer', source: 'CRSTransformer') -> tuple[str, str] | None:
    """The CRSs of the maps of an image and of another raster, as text, if they are different ones."""
    if _same_crs(image.map_crs, source.map_crs):
        return None
    return CRS.from_user_input(image.map_crs).to_wkt(), CRS.from_user_input(source.map_crs).to_wkt()
