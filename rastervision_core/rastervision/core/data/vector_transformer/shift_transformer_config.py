"""Configures ShiftTransformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.vector_transformer.vector_transformer_config import VectorTransformerConfig
from rastervision.core.types import FiniteFloat
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer


@register_config('shift_transformer')
class ShiftTransformerConfig(VectorTransformerConfig):
    """Configure a :class:`.ShiftTransformer`, which moves labels that lie beside what they label."""

    x_shift: FiniteFloat = Field(0.0, description='Metres to the east.')
    y_shift: FiniteFloat = Field(0.0, description='Metres to the north.')
    round_pixels: bool = Field(True, description='Of no effect: the result keeps its fractions of pixels.')

    def build(self, class_config: 'ClassConfig | None' = None) -> 'ShiftTransformer':
        """Make the transformer; the classes are not needed."""
        from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer

        return ShiftTransformer(x_shift=self.x_shift, y_shift=self.y_shift, round_pixels=self.round_pixels)


__getattr__ = lazy.names(__name__, 'rastervision.core.data.vector_transformer.shift_transformer:ShiftTransformer')
