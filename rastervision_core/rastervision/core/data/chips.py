"""Padding, filling and resampling of chips in memory."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from rastervision.core.box import Box


def resize(
    chip: np.ndarray, out_shape: tuple[int, int], *, nearest: bool = False, data: np.ndarray | None = None
) -> np.ndarray:
    """Resample a chip, keeping its dtype.

    Args:
        chip: Array (height, width) or (height, width, channels).
        out_shape: Height and width.
        nearest: Take the nearest pixel, as for class ids, instead of interpolating between four.
        data: Which values are data, a bool array of the chip's shape: others are left out when interpolating, and the
            result is 0 where there are none but others. None: all.

    Returns:
        New array; the chip itself if it has that shape.
    """
    if chip.shape[:2] == tuple(out_shape):
        return chip
    if nearest:
        rows, columns = (np.arange(n) * size // n for n, size in zip(out_shape, chip.shape[:2], strict=True))
        nearest_pixels: np.ndarray = chip[rows[:, None], columns]
        return nearest_pixels
    if data is None or data.all():
        smooth = _interpolate(chip.astype(np.float64), out_shape)
    else:
        weights = _interpolate(data.astype(np.float64), out_shape)
        sums = _interpolate(np.where(data, chip, 0).astype(np.float64), out_shape)
        smooth = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 1e-6)
    if chip.dtype.kind in 'iub':
        smooth = np.rint(smooth)
    return smooth.astype(chip.dtype)


def _interpolate(chip: np.ndarray, out_shape: tuple[int, int]) -> np.ndarray:
    # OpenCV has no bilinear resampling of most integers, and drops a single channel's axis.
    return cv2.resize(chip, out_shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(*out_shape, *chip.shape[2:])


def inside(extent: Box, window: Box) -> np.ndarray:
    """Which pixels of a window lie in an extent, in the same coordinates: bool (height, width)."""
    mask = np.zeros(window.size, dtype=bool)
    part = window.intersection(extent)
    if part.area:
        mask[part.to_local_coords(window).to_slices()] = True
    return mask


def fill_overflow(bbox: Box, window: Box, chip: np.ndarray, fill_value: int = 0) -> np.ndarray:
    """Fill those pixels of a chip that are outside a bbox.

    Of a window that lies wholly below the bbox, only as many of the last rows are filled as there are between the bbox
    and the window (of one to the right of it, columns). Raster Vision 0.31 does so, and its chips are what we keep to.

    Args:
        bbox: The bbox.
        window: The window that the chip was read from, in the same coordinates.
        chip: Array (height, width), or (..., height, width, channels); it may be resampled.
        fill_value: What to fill with.

    Returns:
        New array; the chip itself if the window is inside.
    """
    if window in bbox:
        return chip
    filled = chip.copy()
    places = filled if chip.ndim == 2 else np.moveaxis(filled, -1, 0)  # a view, (..., height, width)
    top, left, bottom, right = _scaled(bbox.to_local_coords(window), window, places.shape[-2:])
    places[..., : max(top, 0), :] = fill_value
    places[..., : max(left, 0)] = fill_value
    if window.ymax > bbox.ymax:
        places[..., bottom:, :] = fill_value
    if window.xmax > bbox.xmax:
        places[..., right:] = fill_value
    return filled


def pad_to_window_size(chip: np.ndarray, window: Box, bbox: Box, fill_value: float) -> np.ndarray:
    """Pad what was read of a window to its full size.

    Args:
        chip: Array (height, width), or (..., height, width, channels), of the part of the window that is in the bbox.
        window: The window.
        bbox: The bbox, in the same coordinates.
        fill_value: What to fill with.

    Returns:
        New array of the window's height and width, of a dtype that holds both the chip's values and `fill_value` (so
        int64 for a class id); the chip itself if nothing is missing.
    """
    if window in bbox:
        return chip
    dtype = np.result_type(chip.dtype, np.asarray(fill_value).dtype)
    lead, channels = ((), ()) if chip.ndim == 2 else (chip.shape[:-3], chip.shape[-1:])
    padded = np.full((*lead, *window.size, *channels), fill_value, dtype=dtype)
    inside = window.intersection(bbox)
    if inside.area:
        rows, columns = inside.to_local_coords(window).to_slices()
        places = np.moveaxis(padded, -1, 0) if channels else padded  # a view, (..., height, width)
        places[..., rows, columns] = np.moveaxis(chip, -1, 0) if channels else chip
    return padded


def read_padded(
    read: Callable[[Box, tuple[int, int] | None], np.ndarray],
    window: Box,
    limits: Box,
    *,
    lead: tuple[int, ...],
    dtype: np.dtype,
    out_shape: tuple[int, int] | None = None,
    fill: Any = 0,
) -> np.ndarray:
    """Read the part of a window that is in an image, and pad it.

    Args:
        read: Reads a box in the image, resampled to a height and width if that is not None, as (*lead, height, width).
        window: The window, in the same coordinates as `limits`.
        limits: What can be read.
        lead: Sizes of the axes before height and width.
        dtype: Dtype of the pixels.
        out_shape: Height and width to resample the window to.
        fill: What to pad with.

    Returns:
        Array (*lead, height, width).
    """
    shape = window.size if out_shape is None else (int(out_shape[0]), int(out_shape[1]))
    resample = shape != window.size
    if window in limits and window.area:
        return read(window, shape if resample else None)
    canvas = np.full((*lead, *shape), fill, dtype=dtype)
    part = window.intersection(limits)
    target = _scaled(part.to_local_coords(window), window, shape) if part.area else Box(0, 0, 0, 0)
    if target.area:
        rows, columns = target.to_slices()
        canvas[..., rows, columns] = read(part, target.size if resample else None)
    return canvas


def _scaled(part: Box, window: Box, shape: tuple[int, ...]) -> Box:
    """A box relative to a window, in pixels of a chip of that height and width."""
    dy, dx = shape[0] / window.height, shape[1] / window.width
    return Box(round(part.ymin * dy), round(part.xmin * dx), round(part.ymax * dy), round(part.xmax * dx))
