"""A list of raster transformers."""

import logging
from collections.abc import Sequence
from functools import cache

import numpy as np

from rastervision.core.data.chip import Chip
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.overriding import is_overridden, is_overridden_later

log = logging.getLogger(__name__)


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
    """Apply all transformers to a chip; warn once of one that makes another number of channels than it says."""
    for transformer in raster_transformers:
        num_channels, num_axes = chip.pixels.shape[-1], chip.pixels.ndim
        if takes_chips(transformer):
            chip = transformer.transform_chip(chip)
        else:
            pixels = transformer.transform(chip.pixels)
            # Some give the one channel that comes out without an axis.
            chip = chip.with_pixels(pixels[..., np.newaxis] if pixels.ndim == num_axes - 1 else pixels)
        if chip.pixels.shape[-1] != transformer.get_out_channels(num_channels):
            _warn_of_channels(type(transformer).__name__, num_channels, chip.pixels.shape[-1])
    return chip


def takes_chips(transformer: RasterTransformer) -> bool:
    """Whether a transformer looks at which values are data; not if a subclass has another `transform` only."""
    return is_overridden(transformer, 'transform_chip', base=RasterTransformer) and not is_overridden_later(
        transformer, 'transform', than=('transform_chip',)
    )


@cache
def _warn_of_channels(name: str, num_in: int, num_out: int) -> None:
    log.warning(
        '%s makes %d channels of %d, but does not say so by get_out_channels, from which models and other sources know '
        'how many channels there are. Add that method.',
        name,
        num_out,
        num_in,
    )
