"""What comes out of a list of raster transformers."""

from collections.abc import Sequence

import numpy as np

from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer


def get_transformed_num_channels(raster_transformers: Sequence[RasterTransformer], in_channels: int) -> int:
    """How many channels come out of all transformers."""
    for transformer in raster_transformers:
        in_channels = transformer.get_out_channels(in_channels)
    return in_channels


def get_transformed_dtype(raster_transformers: Sequence[RasterTransformer], in_dtype: np.dtype) -> np.dtype:
    """What dtype comes out of all transformers."""
    for transformer in raster_transformers:
        in_dtype = transformer.get_out_dtype(in_dtype)
    return in_dtype
