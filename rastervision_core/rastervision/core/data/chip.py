"""Pixels of a window, and which of them are data."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Chip:
    """Pixels of a window, and which of them are data.

    Attributes:
        pixels: Array (height, width, channels), or with a time axis first.
        valid: Bool array (height, width) that is true where the pixels are data: inside the image, not NODATA, not
            masked, and finite. None: everywhere. A pixel is data if any of its channels is, at any time, and none of
            them is NaN or infinite.
        data: Bool array of the shape of `pixels`: which values are data, each channel by itself. None: all.
        zero_is_data: Whether 0 is a value like others: the raster says what is NODATA, or its values may be negative.
            If not, it may be what an image without such a word is filled with.
    """

    pixels: np.ndarray
    valid: np.ndarray | None = None
    data: np.ndarray | None = None
    zero_is_data: bool = True

    @classmethod
    def of(cls, pixels: np.ndarray, data: np.ndarray | None = None, *, zero_is_data: bool = True) -> Self:
        """Make a chip of which NaN and infinite values are no data.

        Args:
            pixels: See the class.
            data: Which values are data, apart from those that are not finite. None: all.
            zero_is_data: See the class.
        """
        finite = np.isfinite(pixels) if pixels.dtype.kind in 'fc' else None
        if finite is None or finite.all():
            finite = None
            if data is None or data.all():
                return cls(pixels, zero_is_data=zero_is_data)
        places = pixels.shape[:-1]
        valid = np.ones(places, dtype=bool) if data is None else np.asarray(data.any(axis=-1))
        if finite is not None:
            valid = valid & finite.all(axis=-1)
            data = finite if data is None else data & finite
        valid = np.asarray(valid.any(axis=0)) if valid.ndim == 3 else valid
        return cls(pixels, None if valid.all() else valid, data, zero_is_data)

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is data."""
        return self.valid is not None and not self.valid.any()

    def with_pixels(self, pixels: np.ndarray) -> Self:
        """A chip with other pixels of the same places; of other channels, those of places with any data are data."""
        data = self.data
        if data is not None and data.shape != pixels.shape:
            data = np.broadcast_to(data.any(axis=-1, keepdims=True), pixels.shape)
        return replace(self, pixels=pixels, data=data)

    def filled(self) -> Self:
        """A chip all of whose pixels are numbers: those that are no data are 0."""
        pixels = self.pixels
        finite = np.isfinite(pixels) if pixels.dtype.kind in 'fc' else None
        if finite is not None and finite.all():
            finite = None
        if self.valid is None and finite is None:
            return self
        valid = np.ones(pixels.shape[-3:-1], dtype=bool) if self.valid is None else self.valid
        keep = np.broadcast_to(valid[..., np.newaxis], pixels.shape)
        if finite is not None:
            known = finite if self.data is None else finite | ~self.data
            at_all_times = known.all(axis=-1)
            valid = valid & (at_all_times.any(axis=0) if at_all_times.ndim == 3 else at_all_times)
            keep = keep & finite
        return replace(self, pixels=np.where(keep, pixels, pixels.dtype.type(0)), valid=valid)
