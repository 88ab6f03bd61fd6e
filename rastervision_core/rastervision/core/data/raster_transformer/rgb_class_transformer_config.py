"""Configures RGBClassTransformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer

__getattr__ = lazy.names(
    __name__, 'rastervision.core.data.raster_transformer.rgb_class_transformer:RGBClassTransformer'
)


@register_config('rgb_class_transformer')
class RGBClassTransformerConfig(RasterTransformerConfig):
    """Configure an :class:`.RGBClassTransformer`."""

    class_config: ClassConfig = Field(..., description='The classes and their colours.')

    def build(self, channel_order: list[int] | None = None) -> 'RGBClassTransformer':
        """Make the transformer; `channel_order` makes no difference."""
        from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer

        return RGBClassTransformer(self.class_config)
