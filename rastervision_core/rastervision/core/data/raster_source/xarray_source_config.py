"""Configures XarraySource."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.data.raster_source.stac_config import STACItemCollectionConfig, STACItemConfig
from rastervision.core.types import DegreeBox
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import about

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.xarray_source import XarraySource

__getattr__ = lazy.names(__name__, 'rastervision.core.data.raster_source.xarray_source:XarraySource')


@register_config('xarray_source')
class XarraySourceConfig(RasterSourceConfig):
    """Configure an :class:`.XarraySource` of STAC items."""

    stac: STACItemConfig | STACItemCollectionConfig = Field(..., description='The STAC item or items to read.')
    allow_streaming: bool = Field(
        True, description='Read pixels in parts, as they are needed. If not, all are loaded into memory.'
    )
    bbox_map_coords: DegreeBox | None = Field(
        None, description='Part to use, in EPSG:4326: (ymin, xmin, ymax, xmax). Not together with bbox.'
    )
    temporal: bool = Field(False, description='Whether to keep the time axis of a collection.')
    stackstac_args: dict[str, Any] = Field(
        {},
        description='How items are put on a grid: resolution, crs (or epsg), resampling and so on, as odc.stac.load '
        'or stackstac.stack name them.',
    )

    def build(self, tmp_dir: str | None = None, use_transformers: bool = True) -> 'XarraySource':
        """Make the raster source; see the base class."""
        from rastervision.core.data.raster_source.xarray_source import XarraySource

        with about(self.stac.uri):
            return XarraySource.from_stac(
                self.stac.build(),
                raster_transformers=self.build_transformers() if use_transformers else [],
                channel_order=self.channel_order,
                bbox=self.bbox,
                bbox_map_coords=self.bbox_map_coords,
                temporal=self.temporal,
                allow_streaming=self.allow_streaming,
                stackstac_args=self.stackstac_args,
            )
