"""Stretches each channel of a chip to 0-255."""

import numpy as np

from rastervision.core.data.chip import Chip
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer


class MinMaxTransformer(RasterTransformer):
    """Stretches each channel of a chip to 0-255, from its lowest to its highest value in that chip."""

    def transform(self, chip: np.ndarray) -> np.ndarray:
        """Stretch each channel: `trunc(255 * (x - min) / (max - min))`.

        Args:
            chip: Pixels, (..., height, width, channels). NaN is left out of account and becomes 0.

        Returns:
            New array of the same shape, uint8. A channel of a single value becomes 0.
        """
        axes = tuple(range(chip.ndim - 1))
        low = np.fmin.reduce(chip, axis=axes).astype(np.float64)
        high = np.fmax.reduce(chip, axis=axes).astype(np.float64)
        with np.errstate(divide='ignore', invalid='ignore'):
            scaled = chip - low
            scaled /= high - low
        scaled *= 255
        np.copyto(scaled, 0, where=np.isnan(scaled))
        stretched: np.ndarray = scaled.astype(np.uint8)
        return stretched

    def transform_chip(self, chip: Chip) -> Chip:
        """Stretch what is data, as if there were nothing else; what is none becomes 0."""
        pixels = chip.pixels if chip.data is None else np.where(chip.data, chip.pixels, np.float64(np.nan))
        return chip.with_pixels(self.transform(pixels))

    def get_out_dtype(self, in_dtype: np.dtype) -> np.dtype:
        """Always uint8."""
        return np.dtype(np.uint8)
