"""Replaces NaN."""

import numpy as np

from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer


class NanTransformer(RasterTransformer):
    """Replaces NaN by a number. In a raster source, a pixel that is NaN in the image is no data all the same.

    Attributes:
        to_value: The number.
    """

    def __init__(self, to_value: float = 0.0) -> None:
        self.to_value = to_value

    def transform(self, chip: np.ndarray) -> np.ndarray:
        """Replace NaN.

        Args:
            chip: Pixels of any shape and dtype.

        Returns:
            New array of the same dtype; the chip itself if its dtype has no NaN.
        """
        if chip.dtype.kind not in 'fc':
            return chip
        return np.where(np.isnan(chip), chip.dtype.type(self.to_value), chip)
