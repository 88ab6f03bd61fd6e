from pydantic import PositiveFloat as PositiveFloat

from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig as SceneDatasetConfig
from rastervision.core.data.scene import Scene as Scene
from rastervision.core.rv_pipeline.chip_options import (
    WindowSamplingConfig as WindowSamplingConfig,
)
from rastervision.core.rv_pipeline.chip_options import (
    WindowSamplingMethod as WindowSamplingMethod,
)
from rastervision.core.types import NonEmptyStr as NonEmptyStr
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.core.types import Proportion as Proportion
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.build import build_config as build_config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.archives import unzip as unzip
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import (
    download_or_copy as download_or_copy,
)
from rastervision.pipeline.file_system.utils import (
    file_exists as file_exists,
)
from rastervision.pipeline.file_system.utils import (
    get_local_path as get_local_path,
)
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pipeline.file_system.utils import (
    is_local as is_local,
)
from rastervision.pipeline.file_system.utils import json_to_file as json_to_file
from rastervision.pipeline.file_system.utils import (
    list_paths as list_paths,
)
from rastervision.pipeline.file_system.utils import (
    sync_from_dir as sync_from_dir,
)
from rastervision.pipeline.file_system.utils import (
    sync_to_dir as sync_to_dir,
)
from rastervision.pipeline.file_system.utils import (
    zipdir as zipdir,
)
from rastervision.pipeline.utils import get_env_var as get_env_var
from rastervision.pipeline.utils import terminate_at_exit as terminate_at_exit
from rastervision.pytorch_learner.channel_display import ChannelInds as ChannelInds
from rastervision.pytorch_learner.classification_learner import ClassificationLearner as ClassificationLearner
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationDataConfig as ClassificationDataConfig,
)
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationDataFormat as ClassificationDataFormat,
)
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationGeoDataConfig as ClassificationGeoDataConfig,
)
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationImageDataConfig as ClassificationImageDataConfig,
)
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationLearnerConfig as ClassificationLearnerConfig,
)
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationModelConfig as ClassificationModelConfig,
)
from rastervision.pytorch_learner.classification_learner_config import (
    clf_data_config_upgrader as clf_data_config_upgrader,
)
from rastervision.pytorch_learner.compat import GeoDataWindowConfig as GeoDataWindowConfig
from rastervision.pytorch_learner.compat import GeoDataWindowMethod as GeoDataWindowMethod
from rastervision.pytorch_learner.compat import ObjectDetectionGeoDataWindowConfig as ObjectDetectionGeoDataWindowConfig
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationImageDataset as ClassificationImageDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationRandomWindowGeoDataset as ClassificationRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationSlidingWindowGeoDataset as ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    make_cc_geodataset as make_cc_geodataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    AlbumentationsDataset as AlbumentationsDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    GeoDataset as GeoDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    ImageDataset as ImageDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    RandomWindowGeoDataset as RandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    SlidingWindowGeoDataset as SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.nodata_patches import (
    NodataPatches as NodataPatches,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    CocoDataset as CocoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionImageDataset as ObjectDetectionImageDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionListedWindowGeoDataset as ObjectDetectionListedWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionRandomWindowGeoDataset as ObjectDetectionRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionSlidingWindowGeoDataset as ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    make_od_geodataset as make_od_geodataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionDataReader as RegressionDataReader,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionImageDataset as RegressionImageDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionRandomWindowGeoDataset as RegressionRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionSlidingWindowGeoDataset as RegressionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationDataReader as SemanticSegmentationDataReader,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationImageDataset as SemanticSegmentationImageDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset as SemanticSegmentationRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationSlidingWindowGeoDataset as SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    make_ss_geodataset as make_ss_geodataset,
)
from rastervision.pytorch_learner.dataset.transform import DEFAULT_BBOX_PARAMS as DEFAULT_BBOX_PARAMS
from rastervision.pytorch_learner.dataset.transform import (
    TransformType as TransformType,
)
from rastervision.pytorch_learner.dataset.transform import (
    albu_to_yxyx as albu_to_yxyx,
)
from rastervision.pytorch_learner.dataset.transform import (
    apply_transform as apply_transform,
)
from rastervision.pytorch_learner.dataset.transform import (
    classification_transformer as classification_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    object_detection_transformer as object_detection_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    regression_transformer as regression_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    semantic_segmentation_transformer as semantic_segmentation_transformer,
)
from rastervision.pytorch_learner.dataset.transform import (
    xywh_to_albu as xywh_to_albu,
)
from rastervision.pytorch_learner.dataset.transform import (
    yxyx_to_albu as yxyx_to_albu,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    DatasetError as DatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    GeoDatasetError as GeoDatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    ImageDatasetError as ImageDatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    discover_images as discover_images,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    load_image as load_image,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    make_image_folder_dataset as make_image_folder_dataset,
)
from rastervision.pytorch_learner.dataset.visualizer.classification_visualizer import (
    ClassificationVisualizer as ClassificationVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.object_detection_visualizer import (
    ObjectDetectionVisualizer as ObjectDetectionVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.regression_visualizer import (
    RegressionVisualizer as RegressionVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.semantic_segmentation_visualizer import (
    SemanticSegmentationVisualizer as SemanticSegmentationVisualizer,
)
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer as Visualizer
from rastervision.pytorch_learner.learner import Learner as Learner
from rastervision.pytorch_learner.learner.files import BUNDLE_MODEL_ONNX_FILENAME as BUNDLE_MODEL_ONNX_FILENAME
from rastervision.pytorch_learner.learner.files import BUNDLE_MODEL_WEIGHTS_FILENAME as BUNDLE_MODEL_WEIGHTS_FILENAME
from rastervision.pytorch_learner.learner.files import CHECKPOINTS_DIRNAME as CHECKPOINTS_DIRNAME
from rastervision.pytorch_learner.learner.files import MODULES_DIRNAME as MODULES_DIRNAME
from rastervision.pytorch_learner.learner.files import TRANSFORMS_DIRNAME as TRANSFORMS_DIRNAME
from rastervision.pytorch_learner.learner_config import (
    Backbone as Backbone,
)
from rastervision.pytorch_learner.learner_config import (
    DataConfig as DataConfig,
)
from rastervision.pytorch_learner.learner_config import (
    ExternalModuleConfig as ExternalModuleConfig,
)
from rastervision.pytorch_learner.learner_config import (
    GeoDataConfig as GeoDataConfig,
)
from rastervision.pytorch_learner.learner_config import (
    ImageDataConfig as ImageDataConfig,
)
from rastervision.pytorch_learner.learner_config import (
    LearnerConfig as LearnerConfig,
)
from rastervision.pytorch_learner.learner_config import (
    MLflowLoggerConfig as MLflowLoggerConfig,
)
from rastervision.pytorch_learner.learner_config import (
    ModelConfig as ModelConfig,
)
from rastervision.pytorch_learner.learner_config import (
    PlotOptions as PlotOptions,
)
from rastervision.pytorch_learner.learner_config import (
    SolverConfig as SolverConfig,
)
from rastervision.pytorch_learner.learner_config import (
    TrainingLoggerConfig as TrainingLoggerConfig,
)
from rastervision.pytorch_learner.learner_config import (
    WandbLoggerConfig as WandbLoggerConfig,
)
from rastervision.pytorch_learner.learner_config import (
    data_config_upgrader as data_config_upgrader,
)
from rastervision.pytorch_learner.learner_config import (
    geo_data_config_upgrader as geo_data_config_upgrader,
)
from rastervision.pytorch_learner.learner_config import (
    get_default_channel_display_groups as get_default_channel_display_groups,
)
from rastervision.pytorch_learner.learner_config import (
    learner_config_upgrader as learner_config_upgrader,
)
from rastervision.pytorch_learner.learner_config import (
    model_config_upgrader as model_config_upgrader,
)
from rastervision.pytorch_learner.learner_config import (
    solver_config_upgrader as solver_config_upgrader,
)
from rastervision.pytorch_learner.learner_config import (
    validate_channel_display_groups as validate_channel_display_groups,
)
from rastervision.pytorch_learner.learner_config.data import augmentors as augmentors
from rastervision.pytorch_learner.learner_config.data import default_augmentors as default_augmentors
from rastervision.pytorch_learner.learner_config.plot_options import RGBTuple as RGBTuple
from rastervision.pytorch_learner.metrics import MetricDict as MetricDict
from rastervision.pytorch_learner.models.regression import (
    RegressionModel as RegressionModel,
)
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner as ObjectDetectionLearner
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionDataConfig as ObjectDetectionDataConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionDataFormat as ObjectDetectionDataFormat,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionGeoDataConfig as ObjectDetectionGeoDataConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionImageDataConfig as ObjectDetectionImageDataConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionLearnerConfig as ObjectDetectionLearnerConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionModelConfig as ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    objdet_data_config_upgrader as objdet_data_config_upgrader,
)
from rastervision.pytorch_learner.object_detection_utils import (
    BoxList as BoxList,
)
from rastervision.pytorch_learner.object_detection_utils import (
    ONNXRuntimeAdapterForFasterRCNN as ONNXRuntimeAdapterForFasterRCNN,
)
from rastervision.pytorch_learner.object_detection_utils import (
    TorchVisionODAdapter as TorchVisionODAdapter,
)
from rastervision.pytorch_learner.object_detection_utils import (
    collate_fn as collate_fn,
)
from rastervision.pytorch_learner.object_detection_utils import (
    compute_coco_eval as compute_coco_eval,
)
from rastervision.pytorch_learner.object_detection_utils import (
    draw_boxes as draw_boxes,
)
from rastervision.pytorch_learner.object_detection_utils import (
    get_coco_gt as get_coco_gt,
)
from rastervision.pytorch_learner.object_detection_utils import (
    get_coco_preds as get_coco_preds,
)
from rastervision.pytorch_learner.regression_learner import RegressionLearner as RegressionLearner
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionDataConfig as RegressionDataConfig,
)
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionDataFormat as RegressionDataFormat,
)
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionGeoDataConfig as RegressionGeoDataConfig,
)
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionImageDataConfig as RegressionImageDataConfig,
)
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionLearnerConfig as RegressionLearnerConfig,
)
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionModelConfig as RegressionModelConfig,
)
from rastervision.pytorch_learner.regression_learner_config import (
    RegressionPlotOptions as RegressionPlotOptions,
)
from rastervision.pytorch_learner.regression_learner_config import (
    reg_data_config_upgrader as reg_data_config_upgrader,
)
from rastervision.pytorch_learner.semantic_segmentation_learner import (
    SemanticSegmentationLearner as SemanticSegmentationLearner,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationDataConfig as SemanticSegmentationDataConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationDataFormat as SemanticSegmentationDataFormat,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationGeoDataConfig as SemanticSegmentationGeoDataConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationImageDataConfig as SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationLearnerConfig as SemanticSegmentationLearnerConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationModelConfig as SemanticSegmentationModelConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    ss_data_config_upgrader as ss_data_config_upgrader,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    ss_image_data_config_upgrader as ss_image_data_config_upgrader,
)
from rastervision.pytorch_learner.utils.distributed import DDPContextManager as DDPContextManager
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_cc as predict_scene_cc,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_od as predict_scene_od,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_ss as predict_scene_ss,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    get_hubconf_dir_from_cfg as get_hubconf_dir_from_cfg,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    torch_hub_load_github as torch_hub_load_github,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    torch_hub_load_local as torch_hub_load_local,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    torch_hub_load_uri as torch_hub_load_uri,
)
from rastervision.pytorch_learner.utils.utils import (
    AddTensors as AddTensors,
)
from rastervision.pytorch_learner.utils.utils import (
    MinMaxNormalize as MinMaxNormalize,
)
from rastervision.pytorch_learner.utils.utils import (
    ONNXRuntimeAdapter as ONNXRuntimeAdapter,
)
from rastervision.pytorch_learner.utils.utils import (
    Parallel as Parallel,
)
from rastervision.pytorch_learner.utils.utils import (
    SplitTensor as SplitTensor,
)
from rastervision.pytorch_learner.utils.utils import (
    adjust_conv_channels as adjust_conv_channels,
)
from rastervision.pytorch_learner.utils.utils import (
    aggregate_metrics as aggregate_metrics,
)
from rastervision.pytorch_learner.utils.utils import (
    channel_groups_to_imgs as channel_groups_to_imgs,
)
from rastervision.pytorch_learner.utils.utils import (
    compute_conf_mat as compute_conf_mat,
)
from rastervision.pytorch_learner.utils.utils import (
    compute_conf_mat_metrics as compute_conf_mat_metrics,
)
from rastervision.pytorch_learner.utils.utils import (
    deserialize_albumentation_transform as deserialize_albumentation_transform,
)
from rastervision.pytorch_learner.utils.utils import (
    get_learner_config_from_bundle_dir as get_learner_config_from_bundle_dir,
)
from rastervision.pytorch_learner.utils.utils import (
    log_metrics_to_csv as log_metrics_to_csv,
)
from rastervision.pytorch_learner.utils.utils import (
    log_system_details as log_system_details,
)
from rastervision.pytorch_learner.utils.utils import (
    plot_channel_groups as plot_channel_groups,
)
from rastervision.pytorch_learner.utils.utils import (
    serialize_albumentation_transform as serialize_albumentation_transform,
)
from rastervision.pytorch_learner.utils.utils import (
    validate_albumentation_transform as validate_albumentation_transform,
)
