"""The interface of what is done to the pixels of a chip."""

from abc import ABC, abstractmethod

import numpy as np


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

    def get_out_channels(self, in_channels: int) -> int:
        """How many channels come out for so many that go in."""
        return in_channels

    def get_out_dtype(self, in_dtype: np.dtype) -> np.dtype:
        """What dtype comes out for the one that goes in."""
        return in_dtype
