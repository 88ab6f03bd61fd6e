from rastervision.core.data.scene import Scene as Scene
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod as WindowSamplingMethod
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pytorch_learner.compat import ss_data_config_upgrader as ss_data_config_upgrader
from rastervision.pytorch_learner.compat import ss_image_data_config_upgrader as ss_image_data_config_upgrader
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationImageDataset as SemanticSegmentationImageDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset as SemanticSegmentationRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationSlidingWindowGeoDataset as SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner_config.backbone import Backbone as Backbone
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig as GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig as ImageDataConfig
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig as LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig as ModelConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationDataConfig as SemanticSegmentationDataConfig,
)
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationDataFormat as SemanticSegmentationDataFormat,
)
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig as SemanticSegmentationGeoDataConfig,
)
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationImageDataConfig as SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.models.channels import adjust_conv_channels as adjust_conv_channels
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig as SemanticSegmentationLearnerConfig,
)
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationModelConfig as SemanticSegmentationModelConfig,
)
