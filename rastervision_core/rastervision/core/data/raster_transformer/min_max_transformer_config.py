"""Configures MinMaxTransformer."""

from typing import TYPE_CHECKING

from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_transformer.min_max_transformer:MinMaxTransformer')


@register_config('min_max_transformer')
class MinMaxTransformerConfig(RasterTransformerConfig):
    """Configure a :class:`.MinMaxTransformer`."""

    def build(self, channel_order: list[int] | None = None) -> 'MinMaxTransformer':
        """Make the transformer; `channel_order` makes no difference."""
        from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer

        return MinMaxTransformer()
