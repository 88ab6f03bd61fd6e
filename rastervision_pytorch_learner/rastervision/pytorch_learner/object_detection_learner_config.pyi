from rastervision.core.data.scene import Scene as Scene
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod as WindowSamplingMethod
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pytorch_learner.compat import objdet_data_config_upgrader as objdet_data_config_upgrader
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionImageDataset as ObjectDetectionImageDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionRandomWindowGeoDataset as ObjectDetectionRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionSlidingWindowGeoDataset as ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.transform import DEFAULT_BBOX_PARAMS as DEFAULT_BBOX_PARAMS
from rastervision.pytorch_learner.learner_config.backbone import Backbone as Backbone
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig as GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig as ImageDataConfig
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig as LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig as ModelConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import (
    ObjectDetectionDataConfig as ObjectDetectionDataConfig,
)
from rastervision.pytorch_learner.learner_config.object_detection_data import (
    ObjectDetectionDataFormat as ObjectDetectionDataFormat,
)
from rastervision.pytorch_learner.learner_config.object_detection_data import (
    ObjectDetectionGeoDataConfig as ObjectDetectionGeoDataConfig,
)
from rastervision.pytorch_learner.learner_config.object_detection_data import (
    ObjectDetectionImageDataConfig as ObjectDetectionImageDataConfig,
)
from rastervision.pytorch_learner.models.channels import adjust_conv_channels as adjust_conv_channels
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig as ObjectDetectionLearnerConfig,
)
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionModelConfig as ObjectDetectionModelConfig,
)
