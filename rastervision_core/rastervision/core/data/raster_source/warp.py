"""Bringing chips of a raster to the pixels of another one whose grid is turned or bent against it."""

import copy
from typing import TYPE_CHECKING

import cv2
import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.raster_source.raster_source import RasterSource

NODES = 17  # of a chip, along each side, whose place is computed; those between are interpolated
TOLERANCE = 0.5  # pixels


class Warp:
    """From pixels of an image to those of a source, each pixel for itself.

    Args:
        crs_transformer: That of the image.
        source: The source.
    """

    def __init__(self, crs_transformer: 'CRSTransformer', source: 'RasterSource') -> None:
        self._source = source
        self._to_map, self._to_pixel = _unrounded(crs_transformer), _unrounded(source.crs_transformer)

    def is_needed(self, extent: Box) -> bool:
        """Whether rows and columns of a part of the image, in its pixels, are not rows and columns of the source."""
        if not isinstance(self._to_map, RasterioCRSTransformer):
            return False
        x, y = self._place(np.array([extent.xmin, extent.xmax]), np.array([extent.ymin, extent.ymax]))
        skew = max(np.ptp(x, axis=0).max(), np.ptp(y, axis=1).max())
        return bool(skew > TOLERANCE)

    def read(self, window: Box, shape: tuple[int, int]) -> np.ndarray:
        """Read a window of the image from the source, resampled bilinearly.

        Costs the reading of the box around the window in the source, at about the resolution of the result, and one
        pass over the pixels of the result for each channel.

        Args:
            window: In pixels of the image.
            shape: Height and width of the result.

        Returns:
            Array (..., height, width, channels) of the source's dtype; 0 outside the source.
        """
        columns = np.linspace(window.xmin, window.xmax, NODES)
        rows = np.linspace(window.ymin, window.ymax, NODES)
        x, y = self._place(columns, rows)
        box = Box(*np.floor([y.min(), x.min()]).astype(int), *np.ceil([y.max() + 1, x.max() + 1]).astype(int))
        shrink = max(1.0, max(box.height, box.width) / max(shape))
        size = round(box.height / shrink) or 1, round(box.width / shrink) or 1
        chip = self._source._read_resampled(box.to_local_coords(self._source.bbox), size, find_data=False).pixels
        # Pixel centres of the result among the nodes, which are at the corners; then of the chip that was read.
        at = [(np.arange(n) + 0.5) / n * (NODES - 1) for n in shape]
        among = np.meshgrid(at[1].astype(np.float32), at[0].astype(np.float32))
        columns_in = (_interpolate(x - box.xmin, *among) * (size[1] / box.width) - 0.5).astype(np.float32)
        rows_in = (_interpolate(y - box.ymin, *among) * (size[0] / box.height) - 0.5).astype(np.float32)
        planes = np.moveaxis(chip, -1, 0).reshape(-1, *size)
        warped = np.stack([_sample(plane, columns_in, rows_in) for plane in planes])
        return np.moveaxis(warped.reshape(chip.shape[-1], *chip.shape[:-3], *shape), 0, -1)

    def _place(self, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of the source, (rows, columns) each, at corners of the image's pixels; counted from its corner."""
        x, y = np.meshgrid(columns - 0.5, rows - 0.5)
        return self._to_pixel.map_to_pixel(self._to_map.pixel_to_map((x, y)))


def _unrounded(transformer: 'CRSTransformer') -> 'CRSTransformer':
    if not isinstance(transformer, RasterioCRSTransformer):
        return transformer
    unrounded = copy.copy(transformer)
    unrounded.round_pixels = False
    return unrounded


def _interpolate(nodes: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return cv2.remap(nodes.astype(np.float64), columns, rows, cv2.INTER_LINEAR)


def _sample(plane: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values of a plane (height, width) at places in it, bilinearly; 0 outside. OpenCV knows not all dtypes."""
    values = cv2.remap(plane.astype(np.float64), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return (np.rint(values) if plane.dtype.kind in 'iub' else values).astype(plane.dtype)
