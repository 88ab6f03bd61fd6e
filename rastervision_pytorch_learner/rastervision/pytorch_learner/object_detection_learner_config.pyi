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
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig as LearnerConfig
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
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig as ObjectDetectionLearnerConfig,
)
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionModelConfig as ObjectDetectionModelConfig,
)
