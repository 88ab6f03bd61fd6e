"""Configures Cogify."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.web_tiles import is_tile_service
from rastervision.core.types import BlockSide, FiniteBox, NonNegInt, OverviewFactor, PosInt
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.pipeline_config import PipelineConfig

if TYPE_CHECKING:
    from rastervision.core.cogify import Cogify


OF_TILES = ('bbox', 'bbox_crs', 'zoom', 'max_tiles')


@register_config('cogify')
class CogifyConfig(PipelineConfig):
    """Configure a :class:`.Cogify`, which makes cloud-optimized GeoTIFFs of rasters."""

    uris: list[str] = Field(
        ...,
        description='The rasters: whatever GDAL reads. Each becomes <name>.tif in root_uri. Tiles, too: XYZ: or TMS: '
        'and a template such as https://a.org/{z}/{x}/{y}.png or folder/{z}/{x}/{y}.png; WMTS: and the URI of its '
        'capabilities, with ,layer=... and ,tilematrixset=... if there are several. They become <name>-<zoom>.tif.',
    )
    block_size: BlockSide = Field(512, description='Width and height of a block, in pixels; a multiple of 16.')
    resample_method: str = Field('near', description='How overviews are made: near, average, bilinear, cubic, ...')
    compression: str = Field('deflate', description='How blocks are compressed: deflate, lzw, zstd, jpeg, none, ...')
    overviews: list[OverviewFactor] | None = Field(
        None, description='How many times smaller each overview is. None: 2 to 32.'
    )

    bbox: FiniteBox | None = Field(
        None, description='Of tiles: the part that is made, as xmin, ymin, xmax, ymax in units of bbox_crs.'
    )
    bbox_crs: str = Field('EPSG:4326', description='Of tiles: the CRS of bbox. Longitude comes before latitude.')
    zoom: NonNegInt | None = Field(
        None, description='Of tiles: the zoom. Of WMTS: the place of a matrix in its set, from 0, the coarsest first.'
    )
    max_tiles: PosInt = Field(10_000, description='Of tiles: how many may be fetched for one image.')

    def validate_config(self) -> None:
        """Check that tiles have a place and a zoom, and others have none.

        Raises:
            ConfigError: If not.
        """
        super().validate_config()
        tiles = [uri for uri in self.uris if is_tile_service(uri)]
        if tiles and (self.bbox is None or self.zoom is None):
            raise ConfigError(
                f'{tiles[0]!r} are tiles: give zoom, and bbox (xmin ymin xmax ymax, in degrees unless bbox_crs says '
                'otherwise).'
            )
        given = [name for name in OF_TILES if name in self.model_fields_set and getattr(self, name) is not None]
        if given and not tiles:
            raise ConfigError(f'{given[0]} is for tiles, and uris names none. Tiles begin with XYZ:, TMS: or WMTS:.')

    def build(self, tmp_dir: str) -> 'Cogify':
        """Make the pipeline."""
        from rastervision.core.cogify import Cogify

        return Cogify(self, tmp_dir)
