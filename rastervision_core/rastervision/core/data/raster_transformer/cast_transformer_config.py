"""Configures CastTransformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_transformer.cast_transformer:CastTransformer')


@register_config('cast_transformer')
class CastTransformerConfig(RasterTransformerConfig):
    """Configure a :class:`.CastTransformer`."""

    to_dtype: str = Field(..., description="Name of the numpy dtype that chips get, such as 'float32'.")

    def build(self, channel_order: list[int] | None = None) -> 'CastTransformer':
        """Make the transformer; `channel_order` makes no difference."""
        from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer

        return CastTransformer(self.to_dtype)
