"""Configures where labels come from."""

from typing import TYPE_CHECKING

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


@register_config('label_source')
class LabelSourceConfig(Config):
    """Base of the configs of label sources."""

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields from the pipeline and the scene."""
        super().update(pipeline=pipeline, scene=scene)

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'LabelSource':
        """Make the source.

        Args:
            class_config: The classes.
            crs_transformer: From map to pixel coordinates of the scene.
            bbox: The part of the scene to use, in pixels. None: all that is labelled.
            tmp_dir: Folder for files that must be fetched.
        """
        return super().build(class_config, crs_transformer, bbox, tmp_dir)  # type: ignore[no-any-return]
