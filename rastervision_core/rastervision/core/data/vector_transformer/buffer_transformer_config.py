"""Configures BufferTransformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.vector_transformer.vector_transformer_config import VectorTransformerConfig
from rastervision.core.types import FiniteFloat, NonNegInt
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer


@register_config('buffer_transformer')
class BufferTransformerConfig(VectorTransformerConfig):
    """Configure a :class:`.BufferTransformer`, which makes polygons of points and lines."""

    geom_type: str = Field(
        ..., description="Type of the geometries to buffer: 'Point', 'LineString', 'Polygon'. Others stay as they are."
    )
    class_bufs: dict[NonNegInt, FiniteFloat | None] = Field(
        default_factory=dict,
        description='Buffer of each class id, in pixels. None: leave geometries of the class as they are.',
    )
    default_buf: FiniteFloat | None = Field(
        1, description='Buffer, in pixels, of classes that are not in class_bufs. None: leave them as they are.'
    )

    def build(self, class_config: 'ClassConfig | None' = None) -> 'BufferTransformer':
        """Make the transformer; the classes are not needed."""
        from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer

        return BufferTransformer(self.geom_type, class_bufs=self.class_bufs, default_buf=self.default_buf)


__getattr__ = lazy.names(__name__, 'rastervision.core.data.vector_transformer.buffer_transformer:BufferTransformer')
