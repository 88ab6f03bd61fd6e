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
