"""Configures what is done to the features of a vector source."""

from typing import TYPE_CHECKING

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


@register_config('vector_transformer')
class VectorTransformerConfig(Config):
    """Base of the configs of vector transformers."""

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields from the pipeline and the scene."""
        super().update(pipeline=pipeline, scene=scene)

    def build(self, class_config: 'ClassConfig | None' = None) -> 'VectorTransformer':
        """Make the transformer.

        Args:
            class_config: The classes, for transformers that look class names up.
        """
        return super().build(class_config)  # type: ignore[no-any-return]
