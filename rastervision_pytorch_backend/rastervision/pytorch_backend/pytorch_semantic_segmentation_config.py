"""Configures PyTorchSemanticSegmentation."""

from typing import Any, ClassVar

from pydantic import Field

from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_backend.pytorch_learner_backend_config import PyTorchLearnerBackendConfig, nest_data_fields
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)

__getattr__ = lazy.names(
    __name__,
    'rastervision.pytorch_backend.pytorch_semantic_segmentation:PyTorchSemanticSegmentation',
    'rastervision.pytorch_learner.learner_config.data:default_augmentors',
)
__all__ = [
    'PyTorchSemanticSegmentationConfig',
    'SemanticSegmentationLearnerConfig',
    'ss_learner_backend_config_upgrader',
]


def ss_learner_backend_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a backend from one version to the next: 0 had the fields about data in the backend itself."""
    return nest_data_fields(cfg_dict, SemanticSegmentationImageDataConfig) if version == 0 else cfg_dict


@register_config('pytorch_semantic_segmentation_backend', upgrader=ss_learner_backend_config_upgrader)
class PyTorchSemanticSegmentationConfig(PyTorchLearnerBackendConfig):
    """Configure a :class:`.PyTorchSemanticSegmentation`."""

    model: SemanticSegmentationModelConfig = Field(..., description='The model.')

    backend_target: ClassVar[str | None] = (
        'rastervision.pytorch_backend.pytorch_semantic_segmentation:PyTorchSemanticSegmentation'
    )
    learner_config_target: ClassVar[str | None] = (
        'rastervision.pytorch_learner.semantic_segmentation_learner_config:SemanticSegmentationLearnerConfig'
    )
