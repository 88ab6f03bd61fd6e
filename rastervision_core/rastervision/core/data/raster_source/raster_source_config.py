"""The base of configs of raster sources."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.core.types import ChannelIndex, PixelBox
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.raster_source.raster_source import RasterSource
    from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


def rs_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict from a version of the core plugin to the next.

    Raises:
        ConfigError: If it uses what there is no longer.
    """
    cfg_dict = dict(cfg_dict)
    if version == 6 and cfg_dict.pop('extent_crop', None) is not None:
        raise ConfigError('raster_source: extent_crop is not supported any longer. Use bbox.')
    if version == 9:
        cfg_dict['bbox'] = cfg_dict.pop('extent', None)
    return cfg_dict


@register_config('raster_source', upgrader=rs_config_upgrader)
class RasterSourceConfig(Config):
    """Configure a :class:`.RasterSource`."""

    channel_order: list[ChannelIndex] | None = Field(
        None, description='Indices, from 0, of the channels to use, in that order. None: all but alpha.'
    )
    transformers: list[RasterTransformerConfig] = Field(
        [], description='What is applied to each chip, in that order, after channels are selected.'
    )
    bbox: PixelBox | None = Field(
        None, description='Part of the image to use, in pixels: (ymin, xmin, ymax, xmax). None: all.'
    )

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields, here and in the transformers, from the pipeline and the scene that this belongs to."""
        super().update(pipeline=pipeline, scene=scene)

    def build(self, tmp_dir: str | None = None, use_transformers: bool = True) -> 'RasterSource':
        """Make the raster source.

        Args:
            tmp_dir: Local folder for downloads. None: the usual one.
            use_transformers: Whether to apply the transformers.
        """
        return super().build()  # type: ignore[no-any-return]

    def as_imagery(self) -> Self:
        """The config for imagery of a scene, where it is read in another way than labels; this one does not change."""
        return self

    def build_transformers(self) -> 'list[RasterTransformer]':
        """Make the transformers."""
        return [transformer.build(channel_order=self.channel_order) for transformer in self.transformers]

    def build_bbox(self) -> 'Box | None':
        """Make the bbox."""
        from rastervision.core.box import Box

        return None if self.bbox is None else Box(*self.bbox)
