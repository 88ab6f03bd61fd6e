"""Replaces values by others."""

from collections.abc import Mapping

import numpy as np

from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.errors import DataError


class ReclassTransformer(RasterTransformer):
    """Replaces values by others, such as one set of class ids by another; all at once, so that values can be swapped.

    Attributes:
        mapping: Old value -> new value. Other values stay.
    """

    def __init__(self, mapping: Mapping[int, int]) -> None:
        self.mapping = dict(mapping)
        self._old = np.array(sorted(self.mapping), dtype=np.int64)
        self._new = np.array([self.mapping[old] for old in sorted(self.mapping)], dtype=np.int64)

    def transform(self, chip: np.ndarray) -> np.ndarray:
        """Replace values.

        Costs a search among the old values for each pixel.

        Args:
            chip: Pixels of any shape and dtype.

        Returns:
            New array of the same shape and dtype.

        Raises:
            DataError: If a new value does not fit in the chip's dtype.
        """
        if not self.mapping:
            return chip
        index = np.minimum(np.searchsorted(self._old, chip), len(self._old) - 1)
        return np.where(self._old[index] == chip, self._values(chip.dtype)[index], chip)

    def _values(self, dtype: np.dtype) -> np.ndarray:
        values = self._new.astype(dtype)
        if (values != self._new).any():
            raise DataError(
                f'The values of the mapping {self.mapping!r} do not all fit in {dtype}. '
                "Put a CastTransformer, such as to 'int32', before it."
            )
        return values
