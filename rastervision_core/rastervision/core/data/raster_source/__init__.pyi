from rastervision.core.box import Box as Box
from rastervision.core.data.chips import fill_overflow as fill_overflow
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import (
    RasterioCRSTransformer as RasterioCRSTransformer,
)
from rastervision.core.data.mosaic import download_and_build_vrt as download_and_build_vrt
from rastervision.core.data.plain_data import all_equal as all_equal
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
from rastervision.core.data.raster_values import read_window as read_window
from rastervision.core.data.rasterio_io import get_aws_session as get_aws_session
from rastervision.core.data.rasterio_io import get_channel_order_from_dataset as get_channel_order_from_dataset
from rastervision.core.data.rasterio_io import is_masked as is_masked
from rastervision.core.data.slices import parse_array_slices_Nd as parse_array_slices_Nd
from rastervision.core.data.uris import listify_uris as listify_uris
from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig as VectorSourceConfig
from rastervision.core.data.vector_transformer.buffer_transformer_config import (
    BufferTransformerConfig as BufferTransformerConfig,
)
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig as ClassInferenceTransformerConfig,
)
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ChannelOrderError as ChannelOrderError
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
