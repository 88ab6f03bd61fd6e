from rastervision.core.analyzer.analyzer_config import AnalyzerConfig as AnalyzerConfig
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig as StatsAnalyzerConfig
from rastervision.core.backend.backend import Backend as Backend
from rastervision.core.backend.backend_config import BackendConfig as BackendConfig
from rastervision.core.box import Box as Box
from rastervision.core.compat import ObjectDetectionWindowMethod as ObjectDetectionWindowMethod
from rastervision.core.compat import SemanticSegmentationWindowMethod as SemanticSegmentationWindowMethod
from rastervision.core.data.dataset_config import DatasetConfig as DatasetConfig
from rastervision.core.data.label.labels import Labels as Labels
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig as ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig as LabelStoreConfig
from rastervision.core.data.label_store.object_detection_geojson_store_config import (
    ObjectDetectionGeoJSONStoreConfig as ObjectDetectionGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig as SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    StatsTransformerConfig as StatsTransformerConfig,
)
from rastervision.core.data.scene import Scene as Scene
from rastervision.core.data.scene_config import SceneConfig as SceneConfig
from rastervision.core.data_sample import DataSample as DataSample
from rastervision.core.evaluation.chip_classification_evaluator_config import (
    ChipClassificationEvaluatorConfig as ChipClassificationEvaluatorConfig,
)
from rastervision.core.evaluation.evaluator_config import EvaluatorConfig as EvaluatorConfig
from rastervision.core.evaluation.object_detection_evaluator_config import (
    ObjectDetectionEvaluatorConfig as ObjectDetectionEvaluatorConfig,
)
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import (
    SemanticSegmentationEvaluatorConfig as SemanticSegmentationEvaluatorConfig,
)
from rastervision.core.rv_pipeline.chip_classification import ChipClassification as ChipClassification
from rastervision.core.rv_pipeline.chip_classification_config import (
    ChipClassificationConfig as ChipClassificationConfig,
)
from rastervision.core.rv_pipeline.chip_options import (
    ChipOptions as ChipOptions,
)
from rastervision.core.rv_pipeline.chip_options import (
    WindowSamplingConfig as WindowSamplingConfig,
)
from rastervision.core.rv_pipeline.chip_options import (
    WindowSamplingMethod as WindowSamplingMethod,
)
from rastervision.core.rv_pipeline.object_detection import ObjectDetection as ObjectDetection
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionChipOptions as ObjectDetectionChipOptions,
)
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionConfig as ObjectDetectionConfig,
)
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionPredictOptions as ObjectDetectionPredictOptions,
)
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionWindowSamplingConfig as ObjectDetectionWindowSamplingConfig,
)
from rastervision.core.rv_pipeline.rv_pipeline import ALL_COMMANDS as ALL_COMMANDS
from rastervision.core.rv_pipeline.rv_pipeline import GPU_COMMANDS as GPU_COMMANDS
from rastervision.core.rv_pipeline.rv_pipeline import SPLITTABLE_COMMANDS as SPLITTABLE_COMMANDS
from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline as RVPipeline
from rastervision.core.rv_pipeline.rv_pipeline_config import TRAIN as TRAIN
from rastervision.core.rv_pipeline.rv_pipeline_config import VALIDATION as VALIDATION
from rastervision.core.rv_pipeline.rv_pipeline_config import (
    PredictOptions as PredictOptions,
)
from rastervision.core.rv_pipeline.rv_pipeline_config import (
    RVPipelineConfig as RVPipelineConfig,
)
from rastervision.core.rv_pipeline.rv_pipeline_config import (
    rv_pipeline_config_upgrader as rv_pipeline_config_upgrader,
)
from rastervision.core.rv_pipeline.semantic_segmentation import SemanticSegmentation as SemanticSegmentation
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions as SemanticSegmentationChipOptions,
)
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationConfig as SemanticSegmentationConfig,
)
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationPredictOptions as SemanticSegmentationPredictOptions,
)
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    ss_chip_options_upgrader as ss_chip_options_upgrader,
)
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    ss_config_upgrader as ss_config_upgrader,
)
from rastervision.core.rv_pipeline.utils import nodata_below_threshold as nodata_below_threshold
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.core.types import Proportion as Proportion
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.archives import zipdir as zipdir
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_exists as file_exists
from rastervision.pipeline.file_system.utils import get_local_path as get_local_path
from rastervision.pipeline.file_system.utils import sync_from_dir as sync_from_dir
from rastervision.pipeline.file_system.utils import upload_or_copy as upload_or_copy
from rastervision.pipeline.pipeline import Pipeline as Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig as PipelineConfig
