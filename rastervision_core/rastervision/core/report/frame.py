"""Reduced pictures of windows of any size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.box import Box

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource

Slices = tuple[slice, slice]

COLORS = 3
SAMPLES, SAMPLE_SIDE = 3, 256
DARK, BRIGHT = 2, 98  # percentiles


@dataclass(frozen=True)
class Frame:
    """A window, to be shown with a pixel for each square of its pixels.

    Attributes:
        window: In pixels of the scene.
        factor: Side of the squares.
    """

    window: Box
    factor: int = 1

    @classmethod
    def fit(cls, window: Box, max_side: int) -> 'Frame':
        """The frame of a window with the most pixels that has no side above a limit."""
        return cls(window, max(1, -(-max(window.size) // max_side)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return -(-self.window.height // self.factor), -(-self.window.width // self.factor)

    def tiles(self, side: int) -> Iterator[tuple[tuple[int, int], Box, Slices]]:
        """Cut the window into tiles.

        Args:
            side: Height and width of a tile; a multiple of the factor.

        Yields:
            Row and column of a tile, its window in pixels of the scene, and its place in the picture.
        """
        window, factor = self.window, self.factor
        for row, ymin in enumerate(range(window.ymin, window.ymax, side)):
            for col, xmin in enumerate(range(window.xmin, window.xmax, side)):
                tile = Box(ymin, xmin, min(ymin + side, window.ymax), min(xmin + side, window.xmax))
                ys, xs = (ymin - window.ymin) // factor, (xmin - window.xmin) // factor
                height, width = Frame(tile, factor).shape
                yield (row, col), tile, (slice(ys, ys + height), slice(xs, xs + width))

    def nearest(self, pixels: np.ndarray) -> np.ndarray:
        """The middle one of each square of the window's pixels: (height, width) -> `shape`."""
        rows, cols = (
            np.minimum(np.arange(n) * self.factor + self.factor // 2, size - 1)
            for n, size in zip(self.shape, pixels.shape, strict=True)
        )
        middle: np.ndarray = pixels[rows[:, None], cols]
        return middle

    def share(self, mask: np.ndarray) -> np.ndarray:
        """The part of each square of the window's pixels that is in a mask: (height, width), bool -> `shape`."""
        import cv2

        values = mask.astype(np.float32)
        if self.factor == 1:
            return values
        height, width = (n * self.factor for n in self.shape)
        padded = np.pad(values, [(0, height - mask.shape[0]), (0, width - mask.shape[1])], mode='edge')
        small: np.ndarray = cv2.resize(padded, self.shape[::-1], interpolation=cv2.INTER_AREA)
        return small


@dataclass(frozen=True)
class Display:
    """How pixels of an image become colours that can be seen.

    Attributes:
        low: Value of each of the three colours that becomes black. Empty: pixels are colours already.
        high: Value of each that becomes white.
    """

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @classmethod
    def of(cls, source: 'RasterSource') -> 'Display':
        """The display of an image; nine windows of it are read, unless its pixels are bytes."""
        extent = source.extent
        side = min(SAMPLE_SIDE, *extent.size)
        ys, xs = (np.linspace(0, size - side, SAMPLES).astype(int).tolist() for size in extent.size)
        if source.dtype == np.uint8:
            return cls()
        chips = [source.get_chip(Box.make_square(y, x, side)) for y in ys for x in xs]
        pixels = np.concatenate([_colors(chip).reshape(-1, COLORS) for chip in chips]).astype(float)
        pixels[~np.isfinite(pixels) | (pixels == 0).all(axis=1, keepdims=True)] = np.nan
        if np.isnan(pixels).all(axis=0).any():
            return cls((0.0,) * COLORS, (1.0,) * COLORS)
        low, high = np.nanpercentile(pixels, [DARK, BRIGHT], axis=0).tolist()
        return cls(tuple(low), tuple(high))

    def __call__(self, chip: np.ndarray) -> np.ndarray:
        """The colours of pixels, (h, w, channels) -> (h, w, 3), uint8: of the first three channels, or the first."""
        colors = _colors(chip)
        if not self.low:
            return colors.astype(np.uint8)
        low, high = np.array(self.low), np.array(self.high)
        scaled = (np.nan_to_num(colors.astype(float)) - low) / np.maximum(high - low, 1e-12)
        display: np.ndarray = (255 * np.clip(scaled, 0, 1)).astype(np.uint8)
        return display


def read_image(source: 'RasterSource', frame: Frame, display: Display, *, tile: int) -> np.ndarray:
    """The picture of an image, (*frame.shape, 3), uint8.

    Each tile is read at the resolution of the picture, for which GDAL uses overviews if there are any. Time grows with
    the area if there are none; memory depends on the size of a tile and of the picture only.

    Args:
        source: The image.
        frame: What to show.
        display: How to show it.
        tile: Side of a tile in pixels of the image.
    """
    picture = np.zeros((*frame.shape, COLORS), dtype=np.uint8)
    for _, window, place in frame.tiles(max(1, tile // frame.factor) * frame.factor):
        shape = Frame(window, frame.factor).shape
        picture[place] = display(source.get_chip(window, out_shape=None if shape == window.size else shape))
    return picture


def place_text(window: Box) -> str:
    """Where a window is, in pixels, in words."""
    return f'rows {window.ymin} to {window.ymax}, columns {window.xmin} to {window.xmax}'


def _colors(chip: np.ndarray) -> np.ndarray:
    """The first three channels, or the first one three times."""
    colors: np.ndarray = chip[..., :COLORS] if chip.shape[-1] >= COLORS else chip[..., [0] * COLORS]
    return colors
