from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels as ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels as ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationLabels as SemanticSegmentationLabels,
)
from rastervision.core.data_sample import DataSample as DataSample
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import json_to_file as json_to_file
from rastervision.pytorch_backend.pytorch_chip_classification import (
    PyTorchChipClassification as PyTorchChipClassification,
)
from rastervision.pytorch_backend.pytorch_chip_classification import (
    PyTorchChipClassificationSampleWriter as PyTorchChipClassificationSampleWriter,
)
from rastervision.pytorch_backend.pytorch_chip_classification_config import (
    PyTorchChipClassificationConfig as PyTorchChipClassificationConfig,
)
from rastervision.pytorch_backend.pytorch_chip_classification_config import (
    clf_learner_backend_config_upgrader as clf_learner_backend_config_upgrader,
)
from rastervision.pytorch_backend.pytorch_learner_backend import (
    PyTorchLearnerBackend as PyTorchLearnerBackend,
)
from rastervision.pytorch_backend.pytorch_learner_backend import (
    PyTorchLearnerSampleWriter as PyTorchLearnerSampleWriter,
)
from rastervision.pytorch_backend.pytorch_learner_backend import (
    get_image_ext as get_image_ext,
)
from rastervision.pytorch_backend.pytorch_learner_backend import (
    write_chip as write_chip,
)
from rastervision.pytorch_backend.pytorch_learner_backend_config import (
    PyTorchLearnerBackendConfig as PyTorchLearnerBackendConfig,
)
from rastervision.pytorch_backend.pytorch_learner_backend_config import (
    pytorch_learner_backend_config_upgrader as pytorch_learner_backend_config_upgrader,
)
from rastervision.pytorch_backend.pytorch_object_detection import (
    PyTorchObjectDetection as PyTorchObjectDetection,
)
from rastervision.pytorch_backend.pytorch_object_detection import (
    PyTorchObjectDetectionSampleWriter as PyTorchObjectDetectionSampleWriter,
)
from rastervision.pytorch_backend.pytorch_object_detection_config import (
    PyTorchObjectDetectionConfig as PyTorchObjectDetectionConfig,
)
from rastervision.pytorch_backend.pytorch_object_detection_config import (
    objdet_learner_backend_config_upgrader as objdet_learner_backend_config_upgrader,
)
from rastervision.pytorch_backend.pytorch_semantic_segmentation import (
    PyTorchSemanticSegmentation as PyTorchSemanticSegmentation,
)
from rastervision.pytorch_backend.pytorch_semantic_segmentation import (
    PyTorchSemanticSegmentationSampleWriter as PyTorchSemanticSegmentationSampleWriter,
)
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import (
    PyTorchSemanticSegmentationConfig as PyTorchSemanticSegmentationConfig,
)
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import (
    ss_learner_backend_config_upgrader as ss_learner_backend_config_upgrader,
)
from rastervision.pytorch_backend.utils import (
    chip_collate_fn_cc as chip_collate_fn_cc,
)
from rastervision.pytorch_backend.utils import (
    chip_collate_fn_od as chip_collate_fn_od,
)
from rastervision.pytorch_backend.utils import (
    chip_collate_fn_ss as chip_collate_fn_ss,
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
from rastervision.pytorch_learner.learner_config.data import default_augmentors as default_augmentors
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionImageDataConfig as ObjectDetectionImageDataConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionLearnerConfig as ObjectDetectionLearnerConfig,
)
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionModelConfig as ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.object_detection_utils import BoxList as BoxList
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationImageDataConfig as SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationLearnerConfig as SemanticSegmentationLearnerConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationModelConfig as SemanticSegmentationModelConfig,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_cc as predict_scene_cc,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_od as predict_scene_od,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_ss as predict_scene_ss,
)
