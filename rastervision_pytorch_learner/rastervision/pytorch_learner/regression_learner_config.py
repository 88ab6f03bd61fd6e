"""Configs of regression; the code is in `learner_config` and `tasks`."""

from rastervision.pipeline import lazy
from rastervision.pytorch_learner import compat
from rastervision.pytorch_learner.learner_config import regression_data as data
from rastervision.pytorch_learner.tasks import regression_config as task

RegressionDataConfig = data.RegressionDataConfig
RegressionDataFormat = data.RegressionDataFormat
RegressionGeoDataConfig = data.RegressionGeoDataConfig
RegressionImageDataConfig = data.RegressionImageDataConfig
RegressionPlotOptions = data.RegressionPlotOptions
reg_data_config_upgrader = compat.reg_data_config_upgrader
RegressionLearnerConfig = task.RegressionLearnerConfig
RegressionModelConfig = task.RegressionModelConfig

__getattr__ = lazy.names(__name__, 'rastervision.pytorch_learner.models.regression:RegressionModel')
