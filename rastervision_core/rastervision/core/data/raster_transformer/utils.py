"""Older path of :mod:`rastervision.core.data.raster_transformer.chain`."""

from rastervision.core.data.raster_transformer.chain import get_transformed_dtype as get_transformed_dtype
from rastervision.core.data.raster_transformer.chain import get_transformed_num_channels as get_transformed_num_channels
from rastervision.pipeline import lazy

lazy.also_give(__name__, 'rastervision.core.types: PosInt')
