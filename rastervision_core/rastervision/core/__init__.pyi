from shapely.ops import unary_union as unary_union

from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig as StatsAnalyzerConfig
from rastervision.core.box import Box as Box
from rastervision.core.cogify_config import CogifyConfig as CogifyConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig as PolygonVectorOutputConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig as SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    StatsTransformerConfig as StatsTransformerConfig,
)
from rastervision.core.data.scene_config import SceneConfig as SceneConfig
from rastervision.core.data.utils.misc import ensure_json_serializable as ensure_json_serializable
from rastervision.core.data_sample import DataSample as DataSample
from rastervision.core.predictor import Predictor as Predictor
from rastervision.core.predictor import ScenePredictor as ScenePredictor
from rastervision.core.raster_stats import (
    RasterStats as RasterStats,
)
from rastervision.core.raster_stats import (
    get_chip as get_chip,
)
from rastervision.core.raster_stats import (
    get_num_chips_to_sample as get_num_chips_to_sample,
)
from rastervision.core.raster_stats import (
    parallel_mean as parallel_mean,
)
from rastervision.core.raster_stats import (
    parallel_variance as parallel_variance,
)
from rastervision.core.raster_stats import (
    random_chip_stream as random_chip_stream,
)
from rastervision.core.raster_stats import (
    sliding_chip_stream as sliding_chip_stream,
)
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions as PredictOptions
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.core.utils.misc import (
    calculate_required_padding as calculate_required_padding,
)
from rastervision.core.utils.misc import (
    ensure_tuple as ensure_tuple,
)
from rastervision.pipeline.config.build import build_config as build_config
from rastervision.pipeline.config.upgrade import upgrade_config as upgrade_config
from rastervision.pipeline.errors import BoxSizeError as BoxSizeError
from rastervision.pipeline.errors import ChannelOrderError as ChannelOrderError
from rastervision.pipeline.file_system.utils import (
    download_if_needed as download_if_needed,
)
from rastervision.pipeline.file_system.utils import (
    file_to_json as file_to_json,
)
from rastervision.pipeline.file_system.utils import (
    get_tmp_dir as get_tmp_dir,
)
from rastervision.pipeline.file_system.utils import (
    json_to_file as json_to_file,
)
from rastervision.pipeline.file_system.utils import (
    unzip as unzip,
)
from rastervision.pipeline.utils import repr_with_args as repr_with_args
