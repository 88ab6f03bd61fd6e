"""Rectangles in pixel coordinates."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from rastervision.core.padding import PAD_DIRECTIONS, PadDirection, calculate_required_padding, ensure_tuple
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentError, BoxSizeError, UnsupportedQueryError

if TYPE_CHECKING:
    from rasterio.windows import Window

__getattr__ = lazy.names(
    __name__,
    'rastervision.core.types:NonNegInt',
    'rastervision.core.types:PosInt',
    RioWindow='rasterio.windows:Window',
)

lazy.also_give(__name__, 'rastervision.pipeline.utils: repr_with_args')

Point = tuple[float, float]

ON_EDGE = 1e-6  # pixels; coordinates that went through a map come back with errors below this
AOI_SLACK = 0.05  # pixels by which a box may reach out of an area of interest and still be within it
AOI_SLACK_OF_BOX = 1e-3  # and at most this part of the smallest box


@dataclass(unsafe_hash=True, slots=True, repr=True)
class Box:
    """A rectangle, hashable. Its edges can be set, but not while it is a key or in a set, which would lose it.

    The numbers are pixels in most places, so whole numbers; map coordinates are fine too. The edges at `ymax` and
    `xmax` are exclusive. Iteration and indexing go through ymin, xmin, ymax, xmax.

    Attributes:
        ymin: Upper edge.
        xmin: Left edge.
        ymax: Lower edge, exclusive.
        xmax: Right edge, exclusive.
    """

    ymin: int
    xmin: int
    ymax: int
    xmax: int

    # -------------------------------------------------------------------- sizes
    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.ymax - self.ymin

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.xmax - self.xmin

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    @property
    def extent(self) -> Self:
        """A box of the same size that starts at zero."""
        return type(self)(0, 0, self.height, self.width)

    # --------------------------------------------------------------- comparison
    def __iter__(self) -> Iterator[int]:
        return iter((self.ymin, self.xmin, self.ymax, self.xmax))

    def __getitem__(self, i: int) -> int:
        return (self.ymin, self.xmin, self.ymax, self.xmax)[i]

    def __contains__(self, query: 'Box | Point') -> bool:
        """Whether a box lies in this one completely, or a point (x, y) does; the edges count as inside.

        Raises:
            UnsupportedQueryError: If it is something else.
        """
        if isinstance(query, Box):
            return (
                self.ymin <= query.ymin
                and self.xmin <= query.xmin
                and query.ymax <= self.ymax
                and query.xmax <= self.xmax
            )
        if not isinstance(query, tuple | list | np.ndarray) or len(query) != 2:
            raise UnsupportedQueryError(f'{query!r:.100} is neither a Box nor a point (x, y), so it is in no box.')
        x, y = query
        return bool(self.xmin <= x <= self.xmax and self.ymin <= y <= self.ymax)

    def intersects(self, other: 'Box') -> bool:
        """Whether the boxes share more than an edge."""
        return self.ymin < other.ymax and other.ymin < self.ymax and self.xmin < other.xmax and other.xmin < self.xmax

    def intersection(self, other: 'Box') -> Self:
        """What the boxes have in common; `Box(0, 0, 0, 0)` if that is nothing."""
        if not self.intersects(other):
            return type(self)(0, 0, 0, 0)
        return type(self)(
            max(self.ymin, other.ymin),
            max(self.xmin, other.xmin),
            min(self.ymax, other.ymax),
            min(self.xmax, other.xmax),
        )

    # -------------------------------------------------------------- other forms
    def tuple_format(self) -> tuple[int, int, int, int]:
        """(ymin, xmin, ymax, xmax)."""
        return self.ymin, self.xmin, self.ymax, self.xmax

    def shapely_format(self) -> tuple[int, int, int, int]:
        """(xmin, ymin, xmax, ymax)."""
        return self.to_xyxy()

    def to_xyxy(self) -> tuple[int, int, int, int]:
        """(xmin, ymin, xmax, ymax)."""
        return self.xmin, self.ymin, self.xmax, self.ymax

    def to_xywh(self) -> tuple[int, int, int, int]:
        """(xmin, ymin, width, height)."""
        return self.xmin, self.ymin, self.width, self.height

    def rasterio_format(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((ymin, ymax), (xmin, xmax)), which rasterio takes as a window."""
        return (self.ymin, self.ymax), (self.xmin, self.xmax)

    def npbox_format(self) -> np.ndarray:
        """Float64 array [ymin, xmin, ymax, xmax]."""
        return np.array(self.tuple_format(), dtype=np.float64)

    @staticmethod
    def to_npboxes(boxes: Sequence['Box']) -> np.ndarray:
        """Float64 array (number of boxes, 4) of ymin, xmin, ymax, xmax."""
        return np.array([box.tuple_format() for box in boxes], dtype=np.float64).reshape(-1, 4)

    def to_points(self) -> np.ndarray:
        """The corners as an array (4, 2) of x, y: upper left, lower left, lower right, upper right."""
        return np.array(self.geojson_coordinates()[:4])

    def geojson_coordinates(self) -> list[list[int]]:
        """The closed ring of [x, y] corners, from the upper left over the lower left."""
        ymin, xmin, ymax, xmax = self
        return [[xmin, ymin], [xmin, ymax], [xmax, ymax], [xmax, ymin], [xmin, ymin]]

    def to_shapely(self) -> Polygon:
        """A polygon, its ring as in `geojson_coordinates`."""
        return shapely.box(*self.to_xyxy(), ccw=False)

    def to_rasterio(self) -> 'Window':
        """A window of rasterio."""
        from rasterio.windows import Window

        return Window(*self.to_xywh())

    def to_slices(self, h_step: int | None = None, w_step: int | None = None) -> tuple[slice, slice]:
        """Slices of the vertical and the horizontal axis of an array."""
        return slice(self.ymin, self.ymax, h_step), slice(self.xmin, self.xmax, w_step)

    def to_dict(self) -> dict[str, int]:
        """The four edges by name."""
        return {'ymin': self.ymin, 'xmin': self.xmin, 'ymax': self.ymax, 'xmax': self.xmax}

    def around(self) -> Self:
        """The smallest box of whole pixels around this one; edges `ON_EDGE` beyond that of a pixel are on it."""
        low = (math.floor(edge + ON_EDGE) for edge in (self.ymin, self.xmin))
        high = (math.ceil(edge - ON_EDGE) for edge in (self.ymax, self.xmax))
        return type(self)(*low, *high)

    def snapped(self) -> Self:
        """The same with whole numbers for edges that are within `ON_EDGE` of that of a pixel."""
        return type(self)(*(round(edge) if abs(edge - round(edge)) < ON_EDGE else edge for edge in self))

    def to_window(self) -> Self:
        """The whole pixels that are meant by this box, whether it has edges of pixels, or centres for them.

        Edges of pixels come by `to_pixels`, centres by `pixel_to_map` as of Raster Vision 0.31. Either may be up to a
        quarter of a pixel off.
        """
        return type(self)(*(math.floor(edge + 0.25) for edge in self))

    def to_int(self) -> Self:
        """The same with fractions cut off, towards zero."""
        return type(self)(*map(int, self))

    def copy(self) -> Self:
        """A box equal to this one."""
        return type(self)(*self)

    @classmethod
    def from_npbox(cls, npbox: np.ndarray) -> Self:
        """From an array [ymin, xmin, ymax, xmax]."""
        return cls(*npbox)

    @classmethod
    def from_shapely(cls, shape: BaseGeometry) -> Self:
        """The bounds of a geometry, not rounded."""
        xmin, ymin, xmax, ymax = shape.bounds
        return cls(ymin, xmin, ymax, xmax)  # type: ignore[arg-type]

    @classmethod
    def from_rasterio(cls, rio_window: 'Window') -> Self:
        """From a window of rasterio."""
        ymin, xmin = rio_window.row_off, rio_window.col_off
        return cls(ymin, xmin, ymin + rio_window.height, xmin + rio_window.width)

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> Self:
        """From the edges by name; see `to_dict`."""
        return cls(d['ymin'], d['xmin'], d['ymax'], d['xmax'])

    @staticmethod
    def make_square(ymin: int, xmin: int, size: int) -> 'Box':
        """A square from its upper left corner."""
        return Box(ymin, xmin, ymin + size, xmin + size)

    # ------------------------------------------------------------------ changes
    def normalize(self) -> Self:
        """The same area with ymin <= ymax and xmin <= xmax."""
        ys, xs = sorted((self.ymin, self.ymax)), sorted((self.xmin, self.xmax))
        return type(self)(ys[0], xs[0], ys[1], xs[1])

    def translate(self, dy: int, dx: int) -> Self:
        """Moved by dy and dx."""
        return type(self)(self.ymin + dy, self.xmin + dx, self.ymax + dy, self.xmax + dx)

    def to_global_coords(self, bbox: 'Box') -> Self:
        """From coordinates relative to a bbox to those that the bbox is given in."""
        return self.translate(bbox.ymin, bbox.xmin)

    def to_local_coords(self, bbox: 'Box') -> Self:
        """From the coordinates that a bbox is given in to those relative to the bbox."""
        return self.translate(-bbox.ymin, -bbox.xmin)

    def reproject(self, transform_fn: Callable[[Point], Point]) -> Self:
        """Map the corners (xmin, ymin) and (xmax, ymax) by a function from (x, y) to (x, y).

        The edges are not sorted afterwards: where the map's y axis points up, ymin > ymax. See `normalize`.
        """
        xmin, ymin = transform_fn((self.xmin, self.ymin))
        xmax, ymax = transform_fn((self.xmax, self.ymax))
        return type(self)(ymin, xmin, ymax, xmax)  # type: ignore[arg-type]

    def pad(self, ymin: int, xmin: int, ymax: int, xmax: int) -> Self:
        """Extended by that many pixels on each side."""
        return type(self)(self.ymin - ymin, self.xmin - xmin, self.ymax + ymax, self.xmax + xmax)

    def center_crop(self, edge_offset_y: int, edge_offset_x: int) -> Self:
        """Cut off by that many pixels on both sides of each axis."""
        return self.pad(-edge_offset_y, -edge_offset_x, -edge_offset_y, -edge_offset_x)

    def erode(self, erosion_sz: int) -> Self:
        """Cut off by that many pixels on all sides."""
        return self.center_crop(erosion_sz, erosion_sz)

    def buffer(self, buffer_sz: float, max_extent: 'Box') -> Self:
        """Extended on all sides, up to the edges of an extent.

        Args:
            buffer_sz: Number of pixels; below 1, a share of the height and of the width. Negative numbers count as 0.
            max_extent: Extent from (0, 0) that is not left.
        """
        buffer_sz = max(0.0, buffer_sz)
        share = buffer_sz < 1
        dy = round(buffer_sz * self.height) if share else round(buffer_sz)
        dx = round(buffer_sz * self.width) if share else round(buffer_sz)
        return type(self)(
            max(0, self.ymin - dy),
            max(0, self.xmin - dx),
            min(max_extent.height, self.ymax + dy),
            min(max_extent.width, self.xmax + dx),
        )

    # ------------------------------------------------------------------- random
    def make_random_square(self, size: int, *, rng: random.Random | None = None) -> Self:
        """A random square in this box.

        Args:
            size: Side of the square; smaller than both sides of this box.
            rng: Source of randomness. None: the generator that Python's `random.seed` sets.

        Raises:
            BoxSizeError: If the square does not fit.
        """
        if size >= self.height or size >= self.width:
            raise BoxSizeError(f'A square of {size!r} pixels does not fit inside {self!r}. Use a smaller size.')
        draw = rng or random
        ymin = draw.randint(self.ymin, self.ymax - size)
        xmin = draw.randint(self.xmin, self.xmax - size)
        return type(self)(ymin, xmin, ymin + size, xmin + size)

    def make_random_square_container(self, size: int, *, rng: random.Random | None = None) -> Self:
        """A random square around this box; see `make_random_box_container`."""
        return self.make_random_box_container(size, size, rng=rng)

    def make_random_box_container(self, out_h: int, out_w: int, *, rng: random.Random | None = None) -> Self:
        """A random box around this one.

        Args:
            out_h: Height of the new box.
            out_w: Width of the new box.
            rng: Source of randomness. None: the generator that Python's `random.seed` sets.

        Raises:
            BoxSizeError: If this box is larger.
        """
        if out_h < self.height or out_w < self.width:
            raise BoxSizeError(f'{self!r} does not fit in a box of {(out_h, out_w)!r}. Use a larger one.')
        draw = rng or random
        ymin = draw.randint(self.ymin - (out_h - self.height), self.ymin)
        xmin = draw.randint(self.xmin - (out_w - self.width), self.xmin)
        return type(self)(ymin, xmin, ymin + out_h, xmin + out_w)

    # ------------------------------------------------------------------ windows
    def get_windows(
        self,
        size: int | tuple[int, int],
        stride: int | tuple[int, int],
        padding: int | tuple[int, int] | None = None,
        pad_direction: PadDirection = 'end',
    ) -> list[Self]:
        """All full windows on a grid over this box, row by row. Costs nothing but the list.

        Args:
            size: Height and width of a window; a single number stands for both, here and below.
            stride: Vertical and horizontal distance between windows.
            padding: How far windows may reach over the edges, vertically and horizontally. None: as little as covers
                the box completely; nothing if the windows leave gaps anyway, because they are smaller than the stride.
            pad_direction: Where windows may reach over: the `'end'` (bottom and right), the `'start'`, or `'both'`.

        Raises:
            ArgumentError: If size or stride is not positive, or padding or pad_direction is not valid.
            ArgumentTypeError: If a list is given instead of a tuple.
        """
        h, w = ensure_tuple(size)
        ymins, xmins = self._window_starts(size, stride, padding, pad_direction)
        cls = type(self)
        return [cls(y, x, y + h, x + w) for y in ymins for x in xmins]

    def get_rows_and_columns_left_out(
        self,
        size: int | tuple[int, int],
        stride: int | tuple[int, int],
        padding: int | tuple[int, int] | None = None,
        pad_direction: PadDirection = 'end',
    ) -> tuple[int, int]:
        """How many rows and columns of this box lie in none of the windows that `get_windows` gives.

        None of them if `padding` is None and windows are not smaller than the stride.

        Args and errors are those of `get_windows`.
        """
        starts = self._window_starts(size, stride, padding, pad_direction)
        extents = (self.ymin, self.ymax), (self.xmin, self.xmax)
        rows, columns = map(_left_out, extents, starts, ensure_tuple(size))
        return rows, columns

    def _window_starts(
        self,
        size: int | tuple[int, int],
        stride: int | tuple[int, int],
        padding: int | tuple[int, int] | None,
        pad_direction: PadDirection,
    ) -> tuple[range, range]:
        """The ymin and the xmin of the windows of a grid."""
        if pad_direction not in PAD_DIRECTIONS:
            raise ArgumentError(f'pad_direction {pad_direction!r} is none of {", ".join(PAD_DIRECTIONS)}.')
        (h, w), (dy, dx) = ensure_tuple(size), ensure_tuple(stride)
        if min(h, w, dy, dx) <= 0:
            raise ArgumentError(f'Windows of size {size!r} with stride {stride!r}: both must be larger than 0.')
        if padding is None:
            gaps = h < dy or w < dx
            padding = (0, 0) if gaps else calculate_required_padding(self.size, (h, w), (dy, dx), pad_direction)
        py, px = ensure_tuple(padding)
        if min(py, px) < 0:
            raise ArgumentError(f'Negative padding: {padding!r}. Use 0 or more.')
        start, end = pad_direction != 'end', pad_direction != 'start'
        area = self.pad(py * start, px * start, py * end, px * end)
        return range(area.ymin, area.ymax - h + 1, dy), range(area.xmin, area.xmax - w + 1, dx)

    def get_covering_windows(self, size: int | tuple[int, int], stride: int | tuple[int, int]) -> list[Self]:
        """Windows that cover all of this box, row by row, and reach over its edges only if it is smaller than they are.

        As many as `get_windows` gives, and in the same places, but for the last of a row or column, which ends with the
        box and so overlaps the one before by more.

        Args:
            size: Height and width of a window; a single number stands for both, here and below.
            stride: Vertical and horizontal distance between windows.

        Raises:
            ArgumentError: If size or stride is not positive, or windows are smaller than the stride, and leave gaps.
            ArgumentTypeError: If a list is given instead of a tuple.
        """
        (h, w), (dy, dx) = ensure_tuple(size), ensure_tuple(stride)
        padding = calculate_required_padding(self.size, (h, w), (dy, dx), 'end')
        last_y, last_x = max(self.ymax - h, self.ymin), max(self.xmax - w, self.xmin)
        windows = self.get_windows((h, w), (dy, dx), padding)
        return [window.translate(min(last_y - window.ymin, 0), min(last_x - window.xmin, 0)) for window in windows]

    @staticmethod
    def filter_by_aoi(windows: Sequence['Box'], aoi_polygons: Sequence[Polygon], within: bool = True) -> list['Box']:
        """Those windows that lie in an area of interest, in their order.

        All windows are tested in one call against the prepared union of the polygons.

        Args:
            windows: The windows.
            aoi_polygons: The area, as the union of polygons in the same coordinates.
            within: Whether a window must lie in the area completely, or just intersect it.
        """
        keep = Box.are_in_aoi(Box.to_npboxes(windows), aoi_polygons, within)
        return [window for window, kept in zip(windows, keep, strict=True) if kept]

    @staticmethod
    def are_in_aoi(npboxes: np.ndarray, aoi_polygons: Sequence[Polygon], within: bool = True) -> np.ndarray:
        """Which boxes of an array, (n, 4), lie in an area of interest; see `filter_by_aoi`. Returns bool, (n,)."""
        return _in_aoi(npboxes, aoi_polygons, within)

    @staticmethod
    def within_aoi(window: 'Box', aoi_polygons: Polygon | Sequence[Polygon]) -> bool:
        """Whether a window lies in the union of polygons completely."""
        return bool(_in_aoi(window.npbox_format()[None], aoi_polygons, within=True)[0])

    @staticmethod
    def intersects_aoi(window: 'Box', aoi_polygons: Polygon | Sequence[Polygon]) -> bool:
        """Whether a window intersects the union of polygons."""
        return bool(_in_aoi(window.npbox_format()[None], aoi_polygons, within=False)[0])


def join_aoi(polygons: Sequence[BaseGeometry], smallest: float) -> BaseGeometry:
    """An area of interest as one geometry, for asking which boxes are within it.

    Coordinates that were rounded in a file, or transformed, must neither cut a box off nor leave a gap between polygons
    that touch. So the area is a little larger, see `AOI_SLACK`.

    Args:
        polygons: The area.
        smallest: Side of the smallest box that is asked for.
    """
    slack = min(AOI_SLACK, AOI_SLACK_OF_BOX * smallest)
    grown = shapely.buffer(shapely.make_valid(list(polygons)), slack, join_style='mitre') if slack > 0 else polygons
    return shapely.union_all(list(grown))


def _in_aoi(npboxes: np.ndarray, aoi: Polygon | Sequence[Polygon], within: bool) -> np.ndarray:
    """Which boxes, (n, 4) of ymin, xmin, ymax, xmax, are in an area: bool (n,)."""
    polygons = [aoi] if isinstance(aoi, BaseGeometry) else list(aoi)
    ymin, xmin, ymax, xmax = npboxes.T
    sizes = npboxes[:, 2:] - npboxes[:, :2]
    union = join_aoi(polygons, float(sizes[sizes > 0].min(initial=np.inf))) if within else shapely.union_all(polygons)
    shapely.prepare(union)
    test = shapely.contains if within else shapely.intersects
    inside: np.ndarray = test(union, shapely.box(xmin, ymin, xmax, ymax))
    return inside


def _left_out(axis: tuple[int, int], starts: range, size: int) -> int:
    """How many whole numbers from the first to the one before the last of `axis` are in none of some intervals."""
    first, last = axis
    covered = np.zeros(last - first, bool)
    for start in starts:
        covered[max(start - first, 0) : max(start + size - first, 0)] = True
    return int(np.count_nonzero(~covered))
