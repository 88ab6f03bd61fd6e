"""The interface of what is done to the pixels of a chip."""

from abc import ABC, abstractmethod

import numpy as np

from rastervision.core.data.chip import Chip
from rastervision.pipeline import lazy

lazy.also_give(__name__, 'rastervision.core.types: PosInt')


class RasterTransformer(ABC):
    """Transforms the pixels of a chip."""

    @abstractmethod
    def transform(self, chip: np.ndarray) -> np.ndarray:
        """Transform a chip.

        Args:
            chip: Pixels, (..., height, width, channels).

        Returns:
            A new array; the chip itself where nothing is to be done.
        """

    def transform_chip(self, chip: Chip) -> Chip:
        """Transform a chip of which not all values may be data.

        A raster source calls this in place of `transform`. A transformer that looks at several pixels at once, or for
        which 0 and no data are not the same, overrides both.

        Args:
            chip: Values that are no data are 0, or NaN or infinite as in the image.

        Returns:
            A chip of the same height and width.
        """
        return chip.with_pixels(self.transform(chip.pixels))

    def get_out_channels(self, in_channels: int) -> int:
        """How many channels come out for so many that go in."""
        return in_channels

    def get_out_dtype(self, in_dtype: np.dtype) -> np.dtype:
        """What dtype comes out for the one that goes in."""
        return in_dtype
