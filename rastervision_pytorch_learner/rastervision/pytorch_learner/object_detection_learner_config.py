"""Configs of object detection; the code is in `learner_config` and `tasks`."""

from rastervision.pipeline import lazy
from rastervision.pytorch_learner import compat
from rastervision.pytorch_learner.learner_config import object_detection_data as data
from rastervision.pytorch_learner.tasks import object_detection_config as task

ObjectDetectionDataConfig = data.ObjectDetectionDataConfig
ObjectDetectionDataFormat = data.ObjectDetectionDataFormat
ObjectDetectionGeoDataConfig = data.ObjectDetectionGeoDataConfig
ObjectDetectionImageDataConfig = data.ObjectDetectionImageDataConfig
ObjectDetectionGeoDataWindowConfig = compat.ObjectDetectionGeoDataWindowConfig
objdet_data_config_upgrader = compat.objdet_data_config_upgrader
ObjectDetectionLearnerConfig = task.ObjectDetectionLearnerConfig
ObjectDetectionModelConfig = task.ObjectDetectionModelConfig

__getattr__ = lazy.names(__name__, 'rastervision.pytorch_learner.dataset.transform:DEFAULT_BBOX_PARAMS')
