from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.colors import color_to_integer as color_to_integer
from rastervision.core.data.colors import color_to_triple as color_to_triple
from rastervision.core.data.colors import rgb_to_int_array as rgb_to_int_array
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer as CastTransformer
from rastervision.core.data.raster_transformer.cast_transformer_config import (
    CastTransformerConfig as CastTransformerConfig,
)
from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer as MinMaxTransformer
from rastervision.core.data.raster_transformer.min_max_transformer_config import (
    MinMaxTransformerConfig as MinMaxTransformerConfig,
)
from rastervision.core.data.raster_transformer.nan_transformer import NanTransformer as NanTransformer
from rastervision.core.data.raster_transformer.nan_transformer_config import (
    NanTransformerConfig as NanTransformerConfig,
)
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer as RasterTransformer
from rastervision.core.data.raster_transformer.raster_transformer_config import (
    RasterTransformerConfig as RasterTransformerConfig,
)
from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer as ReclassTransformer
from rastervision.core.data.raster_transformer.reclass_transformer_config import (
    ReclassTransformerConfig as ReclassTransformerConfig,
)
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer as RGBClassTransformer
from rastervision.core.data.raster_transformer.rgb_class_transformer_config import (
    RGBClassTransformerConfig as RGBClassTransformerConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer as StatsTransformer
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    StatsTransformerConfig as StatsTransformerConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    stats_transformer_config_upgrader as stats_transformer_config_upgrader,
)
from rastervision.core.data.raster_transformer.utils import (
    get_transformed_dtype as get_transformed_dtype,
)
from rastervision.core.data.raster_transformer.utils import (
    get_transformed_num_channels as get_transformed_num_channels,
)
from rastervision.core.raster_stats import RasterStats as RasterStats
from rastervision.core.types import PosInt as PosInt
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.utils import repr_with_args as repr_with_args
