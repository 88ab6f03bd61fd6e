from rastervision.core.data.crs_transformer.rasterio_crs_transformer import (
    RasterioCRSTransformer as RasterioCRSTransformer,
)
from rastervision.core.data.geojson import buffer_geoms as buffer_geoms
from rastervision.core.data.geojson import features_to_geojson as features_to_geojson
from rastervision.core.data.geojson import map_geoms as map_geoms
from rastervision.core.data.geojson import map_to_pixel_coords as map_to_pixel_coords
from rastervision.core.data.geojson import pixel_to_map_coords as pixel_to_map_coords
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer as BufferTransformer
from rastervision.core.data.vector_transformer.buffer_transformer_config import (
    BufferTransformerConfig as BufferTransformerConfig,
)
from rastervision.core.data.vector_transformer.class_inference_transformer import (
    ClassInferenceTransformer as ClassInferenceTransformer,
)
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig as ClassInferenceTransformerConfig,
)
from rastervision.core.data.vector_transformer.label_maker.filter import create_filter as create_filter
from rastervision.core.data.vector_transformer.shift_transformer import METERS_PER_DEGREE as METERS_PER_DEGREE
from rastervision.core.data.vector_transformer.shift_transformer import RADIANS_PER_DEGREE as RADIANS_PER_DEGREE
from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer as ShiftTransformer
from rastervision.core.data.vector_transformer.shift_transformer_config import (
    ShiftTransformerConfig as ShiftTransformerConfig,
)
from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer as VectorTransformer
from rastervision.core.data.vector_transformer.vector_transformer_config import (
    VectorTransformerConfig as VectorTransformerConfig,
)
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
