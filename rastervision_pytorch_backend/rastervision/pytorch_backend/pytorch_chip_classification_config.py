"""Configures PyTorchChipClassification."""

from typing import Any, ClassVar

from pydantic import Field

from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_backend.pytorch_learner_backend_config import PyTorchLearnerBackendConfig, nest_data_fields
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationImageDataConfig,
    ClassificationLearnerConfig,
    ClassificationModelConfig,
)

__getattr__ = lazy.names(
    __name__,
    'rastervision.pytorch_backend.pytorch_chip_classification:PyTorchChipClassification',
    'rastervision.pytorch_learner.learner_config.data:default_augmentors',
)
__all__ = ['ClassificationLearnerConfig', 'PyTorchChipClassificationConfig', 'clf_learner_backend_config_upgrader']


def clf_learner_backend_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a backend from one version to the next: 0 had the fields about data in the backend itself."""
    return nest_data_fields(cfg_dict, ClassificationImageDataConfig) if version == 0 else cfg_dict


@register_config('pytorch_chip_classification_backend', upgrader=clf_learner_backend_config_upgrader)
class PyTorchChipClassificationConfig(PyTorchLearnerBackendConfig):
    """Configure a :class:`.PyTorchChipClassification`."""

    model: ClassificationModelConfig = Field(..., description='The model.')

    backend_target: ClassVar[str | None] = (
        'rastervision.pytorch_backend.pytorch_chip_classification:PyTorchChipClassification'
    )
    learner_config_target: ClassVar[str | None] = (
        'rastervision.pytorch_learner.classification_learner_config:ClassificationLearnerConfig'
    )
