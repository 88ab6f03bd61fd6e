"""The base of configs of raster transformers."""

from typing import TYPE_CHECKING

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


@register_config('raster_transformer')
class RasterTransformerConfig(Config):
    """Configure a :class:`.RasterTransformer`."""

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields from the pipeline and the scene that this belongs to."""
        super().update(pipeline=pipeline, scene=scene)

    def update_root(self, root_dir: str) -> None:
        """Take what this needs from an unpacked model bundle.

        Args:
            root_dir: The local folder of the bundle.
        """

    def build(self, channel_order: list[int] | None = None) -> 'RasterTransformer':
        """Make the transformer.

        Args:
            channel_order: The channels of the image that chips have.
        """
        return super().build()  # type: ignore[no-any-return]
