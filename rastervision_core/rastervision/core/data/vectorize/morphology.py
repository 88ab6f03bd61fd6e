"""Removing specks from masks."""

import cv2
import numpy as np


def denoise(mask: np.ndarray, diameter: int) -> np.ndarray:
    """Remove what is thinner than a disc: a morphological opening.

    Args:
        mask: (height, width), 0 or 1.
        diameter: Of the disc, in pixels. 0: nothing is removed.

    Returns:
        (height, width), uint8.
    """
    mask = np.ascontiguousarray(mask, dtype=np.uint8)
    if diameter <= 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))
    opened: np.ndarray = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc)
    return opened


class DenoiseStream:
    """`denoise` for a mask that comes in bands of rows, with the same result.

    Holds twice as many rows as the disc has, and the band. Bands come out late by the disc's radius, twice.

    Args:
        diameter: Of the disc, in pixels.
    """

    def __init__(self, diameter: int) -> None:
        self.diameter = diameter
        self._reach = 2 * (diameter // 2) + 1 if diameter > 0 else 0
        self._rows: np.ndarray | None = None
        self._context = 0  # rows at the top of _rows that are out already

    def push(self, band: np.ndarray) -> np.ndarray:
        """Take the next rows, (height, width), and give those that are ready, (0 or more, width), uint8."""
        rows = band if self._rows is None else np.concatenate([self._rows, band])
        end = max(len(rows) - self._reach, self._context)
        ready = denoise(rows, self.diameter)[self._context : end]
        start = max(end - self._reach, 0)
        self._rows, self._context = rows[start:].copy(), end - start
        return ready

    def close(self) -> np.ndarray:
        """The last rows."""
        if self._rows is None:
            return np.empty((0, 0), dtype=np.uint8)
        return denoise(self._rows, self.diameter)[self._context :]
