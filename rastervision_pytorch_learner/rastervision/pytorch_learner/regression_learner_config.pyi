from rastervision.core.data.scene import Scene as Scene
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod as WindowSamplingMethod
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pytorch_learner.compat import reg_data_config_upgrader as reg_data_config_upgrader
from rastervision.pytorch_learner.dataset.regression_dataset import RegressionImageDataset as RegressionImageDataset
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionRandomWindowGeoDataset as RegressionRandomWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionSlidingWindowGeoDataset as RegressionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig as GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig as ImageDataConfig
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig as LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig as ModelConfig
from rastervision.pytorch_learner.learner_config.plot_options import PlotOptions as PlotOptions
from rastervision.pytorch_learner.learner_config.regression_data import RegressionDataConfig as RegressionDataConfig
from rastervision.pytorch_learner.learner_config.regression_data import RegressionDataFormat as RegressionDataFormat
from rastervision.pytorch_learner.learner_config.regression_data import (
    RegressionGeoDataConfig as RegressionGeoDataConfig,
)
from rastervision.pytorch_learner.learner_config.regression_data import (
    RegressionImageDataConfig as RegressionImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.regression_data import RegressionPlotOptions as RegressionPlotOptions
from rastervision.pytorch_learner.models.channels import adjust_conv_channels as adjust_conv_channels
from rastervision.pytorch_learner.models.regression import RegressionModel as RegressionModel
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig as RegressionLearnerConfig
from rastervision.pytorch_learner.tasks.regression_config import RegressionModelConfig as RegressionModelConfig
