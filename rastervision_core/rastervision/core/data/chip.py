"""Pixels of a window, and which of them are data."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Chip:
    """Pixels of a window, and which of them are data.

    Attributes:
        pixels: Array (height, width, channels), or with a time axis first.
        valid: Bool array (height, width) that is true where the pixels are data: inside the image, not NODATA, not
            masked, and finite. None: everywhere.
    """

    pixels: np.ndarray
    valid: np.ndarray | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is data."""
        return self.valid is not None and not self.valid.any()
