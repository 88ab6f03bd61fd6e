from rastervision.core.box import Box as Box
from rastervision.core.data.geojson import all_geoms_valid as all_geoms_valid
from rastervision.core.data.geojson import filter_geojson_to_window as filter_geojson_to_window
from rastervision.core.data.geojson import geojson_to_geodataframe as geojson_to_geodataframe
from rastervision.core.data.geojson import geojson_to_geoms as geojson_to_geoms
from rastervision.core.data.geojson import get_geojson_extent as get_geojson_extent
from rastervision.core.data.geojson import map_to_pixel_coords as map_to_pixel_coords
from rastervision.core.data.geojson import merge_geojsons as merge_geojsons
from rastervision.core.data.geojson import pixel_to_map_coords as pixel_to_map_coords
from rastervision.core.data.geojson import remove_empty_features as remove_empty_features
from rastervision.core.data.geojson import simplify_polygons as simplify_polygons
from rastervision.core.data.geojson import split_multi_geometries as split_multi_geometries
from rastervision.core.data.uris import listify_uris as listify_uris
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource as GeoJSONVectorSource
from rastervision.core.data.vector_source.geojson_vector_source_config import (
    GeoJSONVectorSourceConfig as GeoJSONVectorSourceConfig,
)
from rastervision.core.data.vector_source.geojson_vector_source_config import (
    geojson_vector_source_config_upgrader as geojson_vector_source_config_upgrader,
)
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource as VectorFileSource
from rastervision.core.data.vector_source.vector_file_source_config import (
    VectorFileSourceConfig as VectorFileSourceConfig,
)
from rastervision.core.data.vector_source.vector_source import (
    VectorSource as VectorSource,
)
from rastervision.core.data.vector_source.vector_source import (
    sanitize_geojson as sanitize_geojson,
)
from rastervision.core.data.vector_source.vector_source_config import (
    VectorSourceConfig as VectorSourceConfig,
)
from rastervision.core.data.vector_source.vector_source_config import (
    vector_source_config_upgrader as vector_source_config_upgrader,
)
from rastervision.core.data.vector_source.vector_tile_source import VectorTileSource as VectorTileSource
from rastervision.core.data.vector_source.vector_tile_source_config import (
    VectorTileVectorSourceConfig as VectorTileVectorSourceConfig,
)
from rastervision.core.data.vector_transformer.vector_transformer_config import (
    VectorTransformerConfig as VectorTransformerConfig,
)
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
