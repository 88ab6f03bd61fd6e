"""Padding, filling and resampling of chips in memory."""

import cv2
import numpy as np

from rastervision.core.box import Box


def resize(chip: np.ndarray, out_shape: tuple[int, int], *, nearest: bool = False) -> np.ndarray:
    """Resample a chip, keeping its dtype.

    Args:
        chip: Array (height, width) or (height, width, channels).
        out_shape: Height and width.
        nearest: Take the nearest pixel, as for class ids, instead of interpolating between four.

    Returns:
        New array; the chip itself if it has that shape.
    """
    if chip.shape[:2] == tuple(out_shape):
        return chip
    if nearest:
        rows, columns = (np.arange(n) * size // n for n, size in zip(out_shape, chip.shape[:2], strict=True))
        nearest_pixels: np.ndarray = chip[rows[:, None], columns]
        return nearest_pixels
    # OpenCV has no bilinear resampling of most integers, and drops a single channel's axis.
    smooth = cv2.resize(chip.astype(np.float64), out_shape[::-1], interpolation=cv2.INTER_LINEAR)
    smooth = smooth.reshape(*out_shape, *chip.shape[2:])
    if chip.dtype.kind in 'iub':
        smooth = np.rint(smooth)
    return smooth.astype(chip.dtype)


def fill_overflow(bbox: Box, window: Box, chip: np.ndarray, fill_value: int = 0) -> np.ndarray:
    """Fill those pixels of a chip that are outside a bbox.

    Args:
        bbox: The bbox.
        window: The window that the chip was read from, in the same coordinates.
        chip: Array (height, width, ...); it may be resampled.
        fill_value: What to fill with.

    Returns:
        New array; the chip itself if the window is inside.
    """
    if window in bbox:
        return chip
    filled = np.full_like(chip, fill_value)
    inside = window.intersection(bbox)
    if inside.area:
        rows, columns = _scaled(inside.to_local_coords(window), window, chip).to_slices()
        filled[rows, columns] = chip[rows, columns]
    return filled


def pad_to_window_size(chip: np.ndarray, window: Box, bbox: Box, fill_value: float) -> np.ndarray:
    """Pad what was read of a window to its full size.

    Args:
        chip: Array (height, width, ...) of the part of the window that is in the bbox.
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
    padded = np.full((*window.size, *chip.shape[2:]), fill_value, dtype=dtype)
    inside = window.intersection(bbox)
    if inside.area:
        padded[inside.to_local_coords(window).to_slices()] = chip
    return padded


def _scaled(part: Box, window: Box, chip: np.ndarray) -> Box:
    """A part of a window in pixels of the chip."""
    dy, dx = chip.shape[0] / window.height, chip.shape[1] / window.width
    return Box(round(part.ymin * dy), round(part.xmin * dx), round(part.ymax * dy), round(part.xmax * dx))
