"""Configures NanTransformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.core.types import FiniteFloat
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.nan_transformer import NanTransformer

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_transformer.nan_transformer:NanTransformer')


@register_config('nan_transformer')
class NanTransformerConfig(RasterTransformerConfig):
    """Configure a :class:`.NanTransformer`."""

    to_value: FiniteFloat | None = Field(0.0, description='Number that takes the place of NaN. None: 0.')

    def build(self, channel_order: list[int] | None = None) -> 'NanTransformer':
        """Make the transformer; `channel_order` makes no difference."""
        from rastervision.core.data.raster_transformer.nan_transformer import NanTransformer

        return NanTransformer(0.0 if self.to_value is None else self.to_value)
