"""Configs of chip classification; the code is in `learner_config` and `tasks`."""

from rastervision.pytorch_learner import compat
from rastervision.pytorch_learner.learner_config import classification_data as data
from rastervision.pytorch_learner.tasks import classification_config as task

ClassificationDataConfig = data.ClassificationDataConfig
ClassificationDataFormat = data.ClassificationDataFormat
ClassificationGeoDataConfig = data.ClassificationGeoDataConfig
ClassificationImageDataConfig = data.ClassificationImageDataConfig
clf_data_config_upgrader = compat.clf_data_config_upgrader
ClassificationLearnerConfig = task.ClassificationLearnerConfig
ClassificationModelConfig = task.ClassificationModelConfig
