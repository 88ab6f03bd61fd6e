"""Bringing chips of a raster to the grid of pixels of another one."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.box import ON_EDGE, Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.raster_source.pixel_map import PixelMap, full_extent
from rastervision.core.data.raster_transformer.chain import transform_chip

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.raster_source.raster_source import RasterSource

MAX_VALUES = 1 << 22  # of the source that are held at a time
TRIED = 64  # places along a side of an image at which it is tried whether it has anything in common with a source


class Warp:
    """Reads a raster on the grid of pixels of an image.

    Each pixel of the image is looked up at the place of its centre: bilinearly among the four pixels around it, or the
    one that it lies in. Of a finer raster, pixels are averaged first, in blocks of whole pixels that begin at its
    corner. So a pixel has the same value whatever window it is read in.

    Values that are no data count for nothing, and a pixel is data if the one that it lies in is, or any of those that
    are averaged there. Outside the source nothing is data, and 0.

    Attributes:
        pixel_map: Where pixels of the image are in the source.
    """

    def __init__(
        self, crs_transformer: 'CRSTransformer', size: Box, source: 'RasterSource', *, nearest: bool = False
    ) -> None:
        """Make a warp.

        Args:
            crs_transformer: That of the image.
            size: The image's extent.
            source: The raster.
            nearest: Take the pixel that the centre lies in, as class ids need it.

        Raises:
            DataError: If nothing says where one of them is.
        """
        self._source, self._nearest = source, nearest
        self.pixel_map = PixelMap(crs_transformer, size, source)

    def read(self, window: Box, shape: tuple[int, int], *, find_data: bool = True) -> Chip:
        """Read a window of the image from the source, and apply the source's transformers.

        Costs the reading of the box around the window in the source, in parts of at most `MAX_VALUES`, and a few passes
        over the result.

        Args:
            window: In pixels of the image.
            shape: Height and width of the result.
            find_data: Whether it is asked for what is data.

        Returns:
            A chip of pixels (..., height, width, channels).
        """
        shift = self.pixel_map.shift
        if shift is not None and (shape == window.size or not self._nearest):
            part = window.translate(*shift).to_local_coords(self._source.bbox)
            return self._source._read_resampled(part, shape, find_data=find_data)
        if not window.area or 0 in shape:
            empty = self._read_one()
            pixels = np.zeros((*empty.pixels.shape[:-3], *shape, empty.pixels.shape[-1]), dtype=empty.pixels.dtype)
            return transform_chip(self._source.raster_transformers, Chip(pixels)) if self._is_plain else Chip(pixels)
        parts = [self._read_rows(*places) for places in self._rows(window, shape)]
        chip = Chip.of(
            np.concatenate([pixels for pixels, _, _ in parts], axis=-3),
            np.concatenate([data for _, data, _ in parts], axis=-3),
            zero_is_data=all(zero_is_data for _, _, zero_is_data in parts),
        )
        return transform_chip(self._source.raster_transformers, chip) if self._is_plain else chip

    def meets(self, part: Box) -> bool:
        """Whether anything of a part of the image, in its pixels, is in the source; tried at some places of both."""
        return self.share_of(part) > 0 or self.pixel_map.has_source_in(part)

    def share_of(self, part: Box) -> float:
        """How much of a part of the image, in its pixels, is in the source, from 0 to 1; tried at some pixels."""
        starts, sizes = (part.ymin, part.xmin), part.size
        y, x = (
            a + np.floor((np.arange(TRIED) + 0.5) * (size / TRIED)) + 0.5 for a, size in zip(starts, sizes, strict=True)
        )
        return float(self._inside(*self.pixel_map.at(x, y)).mean())

    def outside(self, window: Box) -> np.ndarray:
        """Which pixels of a window of the image are not in the source: bool (height, width)."""
        return ~self._inside(*self._places(window, window.size))

    def source_window(self, window: Box) -> Box:
        """The part of the source that a window is read from, in pixels relative to its bbox."""
        u, v = self._places(window, window.size)
        inside = self._inside(u, v)
        box = self._box_around(u, v, inside, (1, 1)) if inside.any() else Box(0, 0, 0, 0)
        return box.to_local_coords(self._source.bbox)

    # ---------------------------------------------------------------- internals
    @property
    def _is_plain(self) -> bool:
        """Whether pixels can be read before the transformers; not of plugins that have their own `get_chip`."""
        return self._source._reads_by_itself

    @property
    def _limits(self) -> Box:
        return self._source.bbox.intersection(full_extent(self._source))

    def _places(self, window: Box, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        y = window.ymin + (np.arange(shape[0]) + 0.5) * (window.height / shape[0])
        x = window.xmin + (np.arange(shape[1]) + 0.5) * (window.width / shape[1])
        return self.pixel_map.at(x, y)

    def _rows(self, window: Box, shape: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[int, int]]]:
        """Places of the pixels of a few rows at a time, with how many rows and columns of the source to average."""
        steps = window.height / shape[0], window.width / shape[1]
        sizes = [max(1.0, scale * step) for scale, step in zip(self.pixel_map.scale, steps, strict=True)]
        blocks = (1, 1) if self._nearest else tuple(max(1, math.floor(size + ON_EDGE)) for size in sizes)
        values = sizes[0] * sizes[1] * shape[1] * max(1, self._source.num_channels)
        at_once = max(1, math.floor(MAX_VALUES / values))
        u, v = self._places(window, shape)
        for first in range(0, shape[0], at_once):
            rows = slice(first, first + at_once)
            yield u[rows] if len(u) > 1 else u, v[rows], (blocks[0], blocks[1])

    def _read_rows(self, u: np.ndarray, v: np.ndarray, blocks: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, bool]:
        """Pixels at places, and which of them are data: (..., h, w, channels); and whether 0 is."""
        inside = self._inside(u, v)
        shape = inside.shape
        if not inside.any():
            one = self._read_one()
            pixels = np.zeros((*one.pixels.shape[:-3], *shape, one.pixels.shape[-1]), dtype=one.pixels.dtype)
            return pixels, np.zeros(pixels.shape, dtype=bool), one.zero_is_data
        box = self._box_around(u, v, inside, blocks)
        chip = self._read(box)
        values, lead = _channels_last(chip.pixels)
        data = np.ones(values.shape, dtype=bool) if chip.data is None else _channels_last(chip.data)[0]
        if values.dtype.kind in 'fc':
            data = data & np.isfinite(values)
        # Places among the blocks of the box.
        x, y = (u - box.xmin) / blocks[1], (v - box.ymin) / blocks[0]
        x, y = np.where(inside, x, 0), np.where(inside, y, 0)
        if blocks == (1, 1):
            averages = values if self._nearest else values.astype(np.float64)
        else:
            averages, data = _average(values, data, blocks)
        sampled, found = _sample(averages, data, x, y, nearest=self._nearest)
        found &= inside[..., np.newaxis]
        sampled = np.where(found, sampled, 0)
        sampled = sampled if self._nearest else _in_dtype(sampled, values.dtype)
        return _channels_apart(sampled, lead), _channels_apart(found, lead), chip.zero_is_data

    def _read_one(self) -> Chip:
        """A pixel, to know what chips are like."""
        top, left = self._limits.ymin, self._limits.xmin
        return self._read(Box(top, left, top + 1, left + 1))

    def _read(self, box: Box) -> Chip:
        """Pixels of a box in the source, before its transformers if that is possible."""
        window = box.to_local_coords(self._source.bbox)
        if self._is_plain:
            return self._source._read_selected(window, None, find_data=True)
        return self._source._mark_data(self._source.get_chip(window), window)

    def _inside(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Which places are in the source: bool (h, w)."""
        limits = self._limits
        columns = (u >= limits.xmin - ON_EDGE) & (u < limits.xmax - ON_EDGE)
        inside: np.ndarray = columns & (v >= limits.ymin - ON_EDGE) & (v < limits.ymax - ON_EDGE)
        return inside

    def _box_around(self, u: np.ndarray, v: np.ndarray, inside: np.ndarray, blocks: tuple[int, int]) -> Box:
        """The whole blocks around places, with their neighbours, as far as there are any."""
        (low_y, high_y), (low_x, high_x) = (
            (np.broadcast_to(p, inside.shape)[inside].min(), np.broadcast_to(p, inside.shape)[inside].max())
            for p in (v, u)
        )
        dy, dx = blocks
        limits = self._limits
        whole = Box(
            (math.floor(low_y / dy) - 1) * dy,
            (math.floor(low_x / dx) - 1) * dx,
            (math.floor(high_y / dy) + 2) * dy,
            (math.floor(high_x / dx) + 2) * dx,
        )
        return whole if blocks != (1, 1) else whole.intersection(limits)


def _channels_last(pixels: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """(..., h, w, channels) -> (h, w, all channels at all times), and the axes before h."""
    lead = pixels.shape[:-3]
    if not lead:
        return pixels, lead
    flat = pixels.reshape(-1, *pixels.shape[-3:])
    moved = np.moveaxis(flat, 0, -2)
    return moved.reshape(*moved.shape[:2], -1), lead


def _channels_apart(pixels: np.ndarray, lead: tuple[int, ...]) -> np.ndarray:
    """The inverse of `_channels_last`."""
    if not lead:
        return pixels
    times = math.prod(lead)
    apart = pixels.reshape(*pixels.shape[:2], times, -1)
    result: np.ndarray = np.moveaxis(apart, -2, 0).reshape(*lead, *pixels.shape[:2], apart.shape[-1])
    return result


def _in_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers in a dtype: rounded, and within its limits, if it is one of whole numbers."""
    if dtype.kind in 'iu':
        limits = np.iinfo(dtype)
        highest = float(limits.max)
        highest = highest if highest <= limits.max else np.nextafter(highest, 0)  # 64 bits are more than float64 has
        values = np.clip(np.rint(values), float(limits.min), highest)
    result: np.ndarray = (np.rint(values) if dtype.kind == 'b' else values).astype(dtype)
    return result


def _average(values: np.ndarray, data: np.ndarray, blocks: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Means of the data in blocks, (h / dy, w / dx, channels), float64; those with any data are data."""
    dy, dx = blocks
    shape = values.shape[0] // dy, dy, values.shape[1] // dx, dx, values.shape[2]
    counts = data.reshape(shape).sum(axis=(1, 3))
    sums = np.where(data, values, 0).reshape(shape).sum(axis=(1, 3), dtype=np.float64)
    means = np.divide(sums, counts, out=np.zeros(sums.shape), where=counts > 0)
    return means, counts > 0


def _sample(
    values: np.ndarray, data: np.ndarray, x: np.ndarray, y: np.ndarray, *, nearest: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Values at places, and which are data: (h, w, channels) each.

    Args:
        values: (rows, columns, channels).
        data: Which of them are data.
        x: Places, (h, w); the first column reaches from 0 to 1.
        y: The same of rows.
        nearest: Take the pixel that a place lies in, instead of the mean of the four whose centres are around it.
    """
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    row = np.clip(np.floor(y + ON_EDGE).astype(int), 0, last_row)
    column = np.clip(np.floor(x + ON_EDGE).astype(int), 0, last_column)
    found = data[row, column]
    if nearest:
        return values[row, column], found
    top, left = np.floor(y - 0.5), np.floor(x - 0.5)
    down, right = (y - 0.5 - top)[..., np.newaxis], (x - 0.5 - left)[..., np.newaxis]
    total = np.zeros(found.shape)
    weights = np.zeros(found.shape)
    for at_row, share_y in ((top, 1 - down), (top + 1, down)):
        for at_column, share_x in ((left, 1 - right), (left + 1, right)):
            i = np.clip(at_row.astype(int), 0, last_row)
            j = np.clip(at_column.astype(int), 0, last_column)
            weight = np.where(data[i, j], share_y * share_x, 0)
            total += weight * np.where(data[i, j], values[i, j], 0)
            weights += weight
    return np.divide(total, weights, out=np.zeros(total.shape), where=weights > 0), found
