from rastervision.core.data.crs_transformer.rasterio_crs_transformer import (
    RasterioCRSTransformer as RasterioCRSTransformer,
)
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource as MultiRasterSource
from rastervision.core.data.raster_source.multi_raster_source_config import (
    MultiRasterSourceConfig as MultiRasterSourceConfig,
)
from rastervision.core.data.raster_source.multi_raster_source_config import (
    multi_rs_config_upgrader as multi_rs_config_upgrader,
)
from rastervision.core.data.raster_source.raster_source import RasterSource as RasterSource
from rastervision.core.data.raster_source.raster_source_config import (
    RasterSourceConfig as RasterSourceConfig,
)
from rastervision.core.data.raster_source.raster_source_config import (
    rs_config_upgrader as rs_config_upgrader,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource as RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import (
    RasterioSourceConfig as RasterioSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import (
    rasterio_source_config_upgrader as rasterio_source_config_upgrader,
)
from rastervision.core.data.raster_source.rasterized_source import (
    RasterizedSource as RasterizedSource,
)
from rastervision.core.data.raster_source.rasterized_source import (
    geoms_to_raster as geoms_to_raster,
)
from rastervision.core.data.raster_source.rasterized_source_config import (
    RasterizedSourceConfig as RasterizedSourceConfig,
)
from rastervision.core.data.raster_source.rasterized_source_config import (
    RasterizerConfig as RasterizerConfig,
)
from rastervision.core.data.raster_source.stac_config import (
    STACItemCollectionConfig as STACItemCollectionConfig,
)
from rastervision.core.data.raster_source.stac_config import (
    STACItemConfig as STACItemConfig,
)
from rastervision.core.data.raster_source.stac_config import (
    subset_assets as subset_assets,
)
from rastervision.core.data.raster_source.temporal_multi_raster_source import (
    TemporalMultiRasterSource as TemporalMultiRasterSource,
)
from rastervision.core.data.raster_source.xarray_source import XarraySource as XarraySource
from rastervision.core.data.raster_source.xarray_source_config import XarraySourceConfig as XarraySourceConfig
from rastervision.core.data.raster_transformer.raster_transformer_config import (
    RasterTransformerConfig as RasterTransformerConfig,
)
from rastervision.core.data.raster_transformer.utils import (
    get_transformed_dtype as get_transformed_dtype,
)
from rastervision.core.data.raster_transformer.utils import (
    get_transformed_num_channels as get_transformed_num_channels,
)
from rastervision.pipeline.errors import ChannelOrderError as ChannelOrderError
