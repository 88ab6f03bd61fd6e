from rastervision.core.data.scene import Scene as Scene
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod as WindowSamplingMethod
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pytorch_learner.compat import clf_data_config_upgrader as clf_data_config_upgrader
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationImageDataset as ClassificationImageDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationRandomWindowGeoDataset as ClassificationRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationSlidingWindowGeoDataset as ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner_config.classification_data import (
    ClassificationDataConfig as ClassificationDataConfig,
)
from rastervision.pytorch_learner.learner_config.classification_data import (
    ClassificationDataFormat as ClassificationDataFormat,
)
from rastervision.pytorch_learner.learner_config.classification_data import (
    ClassificationGeoDataConfig as ClassificationGeoDataConfig,
)
from rastervision.pytorch_learner.learner_config.classification_data import (
    ClassificationImageDataConfig as ClassificationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig as GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig as ImageDataConfig
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig as LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig as ModelConfig
from rastervision.pytorch_learner.models.channels import adjust_conv_channels as adjust_conv_channels
from rastervision.pytorch_learner.tasks.classification_config import (
    ClassificationLearnerConfig as ClassificationLearnerConfig,
)
from rastervision.pytorch_learner.tasks.classification_config import (
    ClassificationModelConfig as ClassificationModelConfig,
)
