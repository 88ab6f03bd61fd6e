"""Configures Cogify."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.pipeline_config import PipelineConfig

if TYPE_CHECKING:
    from rastervision.core.cogify import Cogify


@register_config('cogify')
class CogifyConfig(PipelineConfig):
    """Configure a :class:`.Cogify`, which makes cloud-optimized GeoTIFFs of rasters."""

    uris: list[str] = Field(..., description='The rasters: whatever GDAL reads. Each becomes <name>.tif in root_uri.')
    block_size: int = Field(512, description='Width and height of a block, in pixels; a multiple of 16.')
    resample_method: str = Field('near', description='How overviews are made: near, average, bilinear, cubic, ...')
    compression: str = Field('deflate', description='How blocks are compressed: deflate, lzw, zstd, jpeg, none, ...')
    overviews: list[int] | None = Field(None, description='How many times smaller each overview is. None: 2 to 32.')

    def build(self, tmp_dir: str) -> 'Cogify':
        """Make the pipeline."""
        from rastervision.core.cogify import Cogify

        return Cogify(self, tmp_dir)
