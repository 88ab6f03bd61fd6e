"""Configures models and learners of chip classification."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.learner_config.card import CLASS, TaskCard
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig
from rastervision.pytorch_learner.model_name import check_network_name

if TYPE_CHECKING:
    from torch import nn


@register_config('classification_model')
class ClassificationModelConfig(ModelConfig):
    """Configure a model for chip classification: any network of :class:`.Backbone` or, by `name`, others."""

    @classmethod
    def check_name(cls, name: str) -> str:
        """Check the form of the name of a network."""
        return check_network_name(name)

    def build_default_model(self, num_classes: int, in_channels: int, **kwargs: Any) -> 'nn.Module':
        """Build the model.

        Returns:
            Model of (batch, in_channels, height, width) -> (batch, num_classes).
        """
        from rastervision.pytorch_learner.models.classification import classification_model

        return classification_model(
            self.name or self.get_backbone_str(),
            num_classes,
            in_channels,
            pretrained=self.pretrained,
            **{**self.extra_args, **kwargs},
        )


@register_config('classification_learner')
class ClassificationLearnerConfig(LearnerConfig):
    """Configure a :class:`.ClassificationLearner`."""

    _learner: ClassVar[str | None] = 'rastervision.pytorch_learner.classification_learner:ClassificationLearner'
    _predicts_classes: ClassVar[bool] = True
    card: ClassVar[TaskCard | None] = TaskCard(
        task='scene-classification',
        dims=('batch', CLASS),
        description='Logits of the classes, for each chip.',
        postprocessing='torch.softmax(predictions, dim=1)',
    )

    model: ClassificationModelConfig | None = Field(None, description='The model. None: one is passed to the learner.')
