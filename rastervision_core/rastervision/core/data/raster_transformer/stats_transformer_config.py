"""Configures StatsTransformer."""

import os
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rastervision.core import layout
from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.core.defaults import NO_GROUP, TRAIN_GROUP
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_transformer.stats_transformer:StatsTransformer')


def stats_transformer_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict from a version of the core plugin to the next."""
    if version == 2:
        return cfg_dict | {'scene_group': NO_GROUP}
    if version == 13:
        return cfg_dict | {'needs_channel_order': True}
    return cfg_dict


@register_config('stats_transformer', upgrader=stats_transformer_config_upgrader)
class StatsTransformerConfig(RasterTransformerConfig):
    """Configure a :class:`.StatsTransformer`."""

    stats_uri: str | None = Field(None, description='URI of a stats.json. None: the output of analyze for scene_group.')
    scene_group: str = Field(TRAIN_GROUP, description='Scene group whose statistics to use if stats_uri is not set.')
    needs_channel_order: bool = Field(
        False,
        description='Whether the statistics are of all channels of the image, as in bundles of 0.21, and not of those '
        'in channel_order only.',
    )

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Take the statistics from the output of the pipeline's analyze command, if `stats_uri` is not set."""
        super().update(pipeline=pipeline, scene=scene)
        if self.stats_uri is None and pipeline is not None and pipeline.analyze_uri is not None:
            self.stats_uri = layout.stats(pipeline.analyze_uri, self.scene_group)

    def update_root(self, root_dir: str) -> None:
        """Take the statistics from an unpacked model bundle."""
        if self.scene_group == NO_GROUP:
            self.stats_uri = os.path.join(root_dir, layout.STATS_FILE)
        else:
            self.stats_uri = layout.Layout.under(root_dir).stats(self.scene_group)

    def build(self, channel_order: list[int] | None = None) -> 'StatsTransformer':
        """Make the transformer; the statistics are read.

        Args:
            channel_order: The channels of the image that chips have.

        Raises:
            ConfigError: If it is not known where the statistics are.
        """
        from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer

        if self.stats_uri is None:
            raise ConfigError(
                'stats_transformer: stats_uri is not set. Set it to a stats.json, or use the config in a pipeline with '
                'a StatsAnalyzerConfig among its analyzers.'
            )
        return StatsTransformer.from_stats_json(self.stats_uri, channel_order if self.needs_channel_order else None)
