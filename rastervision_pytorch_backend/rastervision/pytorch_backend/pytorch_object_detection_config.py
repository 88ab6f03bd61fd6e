"""Configures PyTorchObjectDetection."""

from typing import Any, ClassVar

from pydantic import Field

from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_backend.pytorch_learner_backend_config import PyTorchLearnerBackendConfig, nest_data_fields
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionImageDataConfig,
    ObjectDetectionLearnerConfig,
    ObjectDetectionModelConfig,
)

__getattr__ = lazy.names(
    __name__,
    'rastervision.pytorch_backend.pytorch_object_detection:PyTorchObjectDetection',
    'rastervision.pytorch_learner.learner_config.data:default_augmentors',
)
__all__ = ['ObjectDetectionLearnerConfig', 'PyTorchObjectDetectionConfig', 'objdet_learner_backend_config_upgrader']


def objdet_learner_backend_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a backend from one version to the next: 0 had the fields about data in the backend itself."""
    return nest_data_fields(cfg_dict, ObjectDetectionImageDataConfig) if version == 0 else cfg_dict


@register_config('pytorch_object_detection_backend', upgrader=objdet_learner_backend_config_upgrader)
class PyTorchObjectDetectionConfig(PyTorchLearnerBackendConfig):
    """Configure a :class:`.PyTorchObjectDetection`."""

    model: ObjectDetectionModelConfig = Field(..., description='The model.')

    backend_target: ClassVar[str | None] = (
        'rastervision.pytorch_backend.pytorch_object_detection:PyTorchObjectDetection'
    )
    learner_config_target: ClassVar[str | None] = (
        'rastervision.pytorch_learner.object_detection_learner_config:ObjectDetectionLearnerConfig'
    )
