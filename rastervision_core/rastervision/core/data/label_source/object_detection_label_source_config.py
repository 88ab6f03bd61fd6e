"""Configures ObjectDetectionLabelSource."""

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from rastervision.core.data.label_source.label_source_config import LabelSourceConfig
from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig, with_label_transformers
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource


@register_config('object_detection_label_source')
class ObjectDetectionLabelSourceConfig(LabelSourceConfig):
    """Configure an :class:`.ObjectDetectionLabelSource`, which takes the bounds of features as boxes of objects."""

    vector_source: VectorSourceConfig = Field(
        ...,
        description='Where the features come from. Class inference and buffers of one pixel around points and lines '
        'are added if it has none.',
    )

    @field_validator('vector_source')
    @classmethod
    def ensure_required_transformers(cls, v: VectorSourceConfig) -> VectorSourceConfig:
        """Have polygons with class ids only."""
        return with_label_transformers(v)

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'ObjectDetectionLabelSource':
        """Make the source; see `LabelSourceConfig.build`."""
        from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource

        return ObjectDetectionLabelSource(self.vector_source.build(class_config, crs_transformer), bbox=bbox)


__getattr__ = lazy.names(
    __name__, 'rastervision.core.data.label_source.object_detection_label_source:ObjectDetectionLabelSource'
)

lazy.also_give(
    __name__,
    'rastervision.core.data.vector_transformer.buffer_transformer_config: BufferTransformerConfig',
    'rastervision.core.data.vector_transformer.class_inference_transformer_config: ClassInferenceTransformerConfig',
)
