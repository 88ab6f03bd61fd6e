"""Configures ReclassTransformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.core.types import PixelValue
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_transformer.reclass_transformer:ReclassTransformer')


@register_config('reclass_transformer')
class ReclassTransformerConfig(RasterTransformerConfig):
    """Configure a :class:`.ReclassTransformer`."""

    mapping: dict[PixelValue, PixelValue] = Field(..., description='Old value -> new value. Other values stay.')

    def build(self, channel_order: list[int] | None = None) -> 'ReclassTransformer':
        """Make the transformer; `channel_order` makes no difference."""
        from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer

        return ReclassTransformer(self.mapping)
