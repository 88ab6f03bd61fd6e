"""Configures RasterizedSource."""

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig, with_label_transformers
from rastervision.core.types import NonNegInt
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


@register_config('rasterizer')
class RasterizerConfig(Config):
    """How polygons are turned into pixels."""

    background_class_id: NonNegInt = Field(..., description='Class id of pixels that no polygon covers.')
    all_touched: bool = Field(
        False, description='Whether a polygon covers each pixel that it touches, or those whose centre is inside.'
    )


@register_config('rasterized_source')
class RasterizedSourceConfig(Config):
    """Configure a :class:`.RasterizedSource`, which draws polygons as a raster of class ids."""

    vector_source: VectorSourceConfig = Field(
        ...,
        description='Where the polygons come from. Class inference and buffers of one pixel around points and lines '
        'are added if it has none.',
    )
    rasterizer_config: RasterizerConfig = Field(..., description='How polygons are turned into pixels.')

    @field_validator('vector_source')
    @classmethod
    def ensure_required_transformers(cls, v: VectorSourceConfig) -> VectorSourceConfig:
        """Have polygons with class ids only."""
        return with_label_transformers(v)

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields of the vector source from the pipeline and the scene."""
        super().update(pipeline=pipeline, scene=scene)

    def build(
        self, class_config: 'ClassConfig', crs_transformer: 'CRSTransformer', bbox: 'Box | None' = None
    ) -> 'RasterizedSource':
        """Make the source.

        Args:
            class_config: The classes, to look up the names that features have.
            crs_transformer: From map to pixel coordinates of the scene.
            bbox: The part of the scene to use, in pixels. None: the extent of the polygons.
        """
        from rastervision.core.data.raster_source.rasterized_source import RasterizedSource

        class_config.check_class_id(self.rasterizer_config.background_class_id, 'background_class_id')
        return RasterizedSource(
            self.vector_source.build(class_config, crs_transformer),
            background_class_id=self.rasterizer_config.background_class_id,
            bbox=bbox,
            all_touched=self.rasterizer_config.all_touched,
        )


__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_source.rasterized_source:RasterizedSource')

lazy.also_give(
    __name__,
    'rastervision.core.data.vector_transformer.buffer_transformer_config: BufferTransformerConfig',
    'rastervision.core.data.vector_transformer.class_inference_transformer_config: ClassInferenceTransformerConfig',
)
