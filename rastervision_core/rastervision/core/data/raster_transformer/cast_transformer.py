"""Changes the dtype of chips."""

import numpy as np

from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentTypeError

lazy.also_give(__name__, 'rastervision.pipeline.utils: repr_with_args')


class CastTransformer(RasterTransformer):
    """Changes the dtype of chips, as numpy's `astype` does.

    Attributes:
        to_dtype: The dtype.
    """

    def __init__(self, to_dtype: str) -> None:
        """Make a transformer.

        Args:
            to_dtype: Name of the dtype, such as `'float32'`.

        Raises:
            ArgumentTypeError: If numpy does not know it.
        """
        try:
            self.to_dtype = np.dtype(to_dtype)
        except TypeError as error:
            raise ArgumentTypeError(f"to_dtype {to_dtype!r} is no dtype of numpy. Try 'float32'.") from error

    def transform(self, chip: np.ndarray) -> np.ndarray:
        """Cast a chip of any shape; one of that dtype is returned as it is. NaN and infinity as integers are 0."""
        if chip.dtype.kind in 'fc' and self.to_dtype.kind in 'iub':
            finite = np.isfinite(chip)
            chip = chip if finite.all() else np.where(finite, chip, 0)
        return chip.astype(self.to_dtype, copy=False)

    def get_out_dtype(self, in_dtype: np.dtype) -> np.dtype:
        """Always `to_dtype`."""
        return self.to_dtype
