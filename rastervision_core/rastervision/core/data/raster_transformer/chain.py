"""A list of raster transformers."""

from collections.abc import Sequence

import numpy as np

from rastervision.core.data.chip import Chip
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.errors import DataError


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


def transform_chip(raster_transformers: Sequence[RasterTransformer], chip: Chip) -> Chip:
    """Apply all transformers to a chip.

    Raises:
        DataError: If one makes another number of channels than it says.
    """
    for transformer in raster_transformers:
        num_channels, num_axes = chip.pixels.shape[-1], chip.pixels.ndim
        if takes_chips(transformer):
            chip = transformer.transform_chip(chip)
        else:
            pixels = transformer.transform(chip.pixels)
            # Some give the one channel that comes out without an axis.
            chip = chip.with_pixels(pixels[..., np.newaxis] if pixels.ndim == num_axes - 1 else pixels)
        if chip.pixels.shape[-1] != transformer.get_out_channels(num_channels):
            raise _wrong_channels(transformer, num_channels, chip.pixels.shape[-1])
    return chip


def takes_chips(transformer: RasterTransformer) -> bool:
    """Whether a transformer looks at which values are data; not if a subclass has another `transform` only."""
    for kind in type(transformer).__mro__:
        if 'transform_chip' in vars(kind):
            return kind is not RasterTransformer
        if 'transform' in vars(kind):
            return False
    return False


def _wrong_channels(transformer: RasterTransformer, num_in: int, num_out: int) -> DataError:
    name = type(transformer).__name__
    return DataError(
        f'{name} makes {num_out} channels of {num_in}, but says that it makes {transformer.get_out_channels(num_in)}: '
        f'mend {name}.get_out_channels, by which the model gets its number of channels.'
    )
