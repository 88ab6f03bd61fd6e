"""Configures MultiRasterSource and TemporalMultiRasterSource."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.types import NonNegInt
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, SourceIndexError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

__getattr__ = lazy.names(
    __name__,
    'rastervision.core.data.raster_source.multi_raster_source:MultiRasterSource',
    'rastervision.core.data.raster_source.temporal_multi_raster_source:TemporalMultiRasterSource',
)

lazy.also_give(__name__, 'rastervision.core.box: Box')


def multi_rs_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict from a version of the core plugin to the next."""
    cfg_dict = dict(cfg_dict)
    if version == 1 and 'crs_source' in cfg_dict:
        cfg_dict['primary_source_idx'] = cfg_dict.pop('crs_source')
    if version == 13:
        cfg_dict.pop('force_same_dtype', None)
    return cfg_dict


@register_config('multi_raster_source', upgrader=multi_rs_config_upgrader)
class MultiRasterSourceConfig(RasterSourceConfig):
    """Configure a :class:`.MultiRasterSource`, or a :class:`.TemporalMultiRasterSource`."""

    raster_sources: list[RasterSourceConfig] = Field(
        ..., min_length=1, description='Rasters of the same area, whose channels or times are put together.'
    )
    primary_source_idx: NonNegInt = Field(
        0, description='Index of the raster source whose pixels and CRS the others are brought to.'
    )
    temporal: bool = Field(
        False, description='Whether the sources are times, to be stacked along a new axis, and not more channels.'
    )

    @model_validator(mode='after')
    def validate_primary_source_idx(self) -> Self:
        """Check that there is such a source."""
        if self.primary_source_idx >= len(self.raster_sources):
            raise SourceIndexError(
                f'primary_source_idx {self.primary_source_idx!r} is not the index of one of '
                f'{len(self.raster_sources)} raster_sources.'
            )
        return self

    @model_validator(mode='after')
    def validate_temporal(self) -> Self:
        """Check that a time series does not select channels."""
        if self.temporal and self.channel_order is not None:
            raise ConfigError('channel_order cannot be set if temporal is. Set it in each of raster_sources.')
        return self

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields, here and in the sources, from the pipeline and the scene that this belongs to."""
        super().update(pipeline=pipeline, scene=scene)

    def as_imagery(self) -> Self:
        """See the base class."""
        config = self.copy()
        config.raster_sources = [source.as_imagery() for source in self.raster_sources]
        return config

    def build(self, tmp_dir: str | None = None, use_transformers: bool = True) -> 'MultiRasterSource':
        """Make the raster source; see the base class."""
        from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
        from rastervision.core.data.raster_source.temporal_multi_raster_source import TemporalMultiRasterSource

        sources = [source.build(tmp_dir, use_transformers=use_transformers) for source in self.raster_sources]
        transformers = self.build_transformers() if use_transformers else []
        bbox = self.build_bbox()
        if self.temporal:
            return TemporalMultiRasterSource(sources, self.primary_source_idx, transformers, bbox)
        return MultiRasterSource(sources, self.primary_source_idx, self.channel_order, transformers, bbox)
