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
    height, width = mask.shape
    if diameter % 2 == 0:
        # The middle of an even disc is the corner of a pixel, and there is one corner more than there are pixels.
        mask = np.pad(mask, ((0, 1), (0, 1)), constant_values=1)
    element = disc(diameter)
    return dilate(erode(mask, element), element)[:height, :width]


def disc(diameter: int) -> np.ndarray:
    """A disc, (diameter, diameter), uint8, 0 or 1, whose sides are alike.

    Those of odd diameters, which OpenCV draws, are a little wider than they are high.
    """
    if diameter % 2:
        odd: np.ndarray = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))
        return odd
    to_middle = (np.arange(diameter) - (diameter - 1) / 2) ** 2
    inside: np.ndarray = np.add.outer(to_middle, to_middle) <= (diameter / 2) ** 2
    return inside.astype(np.uint8)


def erode(mask: np.ndarray, element: np.ndarray) -> np.ndarray:
    """Where an element, put with its middle on a pixel, lies in a mask, which goes on beyond its edges.

    The middle of an element with even sides is the pixel after its centre. Of what is found, `dilate` gives what
    the element covers there, which is part of the mask.

    Args:
        mask: (height, width), uint8, 0 or 1.
        element: The element, uint8, 0 or 1.

    Returns:
        (height, width), uint8.
    """
    eroded: np.ndarray = cv2.erode(mask, element)
    return eroded


def dilate(mask: np.ndarray, element: np.ndarray) -> np.ndarray:
    """What an element covers that is put with its middle on each pixel of a mask; see `erode`."""
    height, width = element.shape
    # OpenCV looks from a pixel at those around it, so what covers it is the element turned around.
    anchor = (width - 1 - width // 2, height - 1 - height // 2)
    dilated: np.ndarray = cv2.dilate(mask, np.ascontiguousarray(element[::-1, ::-1]), anchor=anchor)
    return dilated


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
