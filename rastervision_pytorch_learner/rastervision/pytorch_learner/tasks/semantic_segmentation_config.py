"""Configures models and learners of semantic segmentation."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.learner_config.backbone import Backbone
from rastervision.pytorch_learner.learner_config.card import CLASS, TaskCard
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig, check_backbone, use_backbone
from rastervision.pytorch_learner.model_name import check_segmentation_name

if TYPE_CHECKING:
    from torch import nn

BACKBONES = (Backbone.resnet50, Backbone.resnet101, Backbone.mobilenet_v3_large)


@register_config('semantic_segmentation_model')
class SemanticSegmentationModelConfig(ModelConfig):
    """Configure a model for semantic segmentation: DeepLabV3, or LR-ASPP, much lighter, or others by `name`."""

    backbone: Backbone = Field(
        Backbone.resnet50, description='resnet50, resnet101 or, for machines without GPU, mobilenet_v3_large.'
    )
    architecture: Literal['deeplabv3', 'lraspp'] = added_field(
        'deeplabv3', 'What is put on the backbone. lraspp needs mobilenet_v3_large.'
    )

    @field_validator('backbone')
    @classmethod
    def only_valid_backbones(cls, v: Backbone) -> Backbone:
        """Refuse backbones that torchvision has no segmentation model for."""
        return check_backbone(v, BACKBONES, 'semantic segmentation')

    @model_validator(mode='after')
    def _lraspp_is_built_on_mobilenet(self) -> Self:
        if self.architecture == 'lraspp':
            use_backbone(self, Backbone.mobilenet_v3_large)
        return self

    @classmethod
    def check_name(cls, name: str) -> str:
        """Check the name of a segmentation model, apart from its encoder."""
        return check_segmentation_name(name)

    def build_default_model(self, num_classes: int, in_channels: int, **kwargs: Any) -> 'nn.Module':
        """Build the model.

        Returns:
            Model of (batch, in_channels, height, width) -> (batch, num_classes, height, width); those of torchvision
            give a dict with that as 'out'.
        """
        from rastervision.pytorch_learner.models.segmentation import segmentation_model

        return segmentation_model(
            self.name or f'{self.architecture}_{self.get_backbone_str()}',
            num_classes,
            in_channels,
            pretrained=self.pretrained,
            **{**self.extra_args, **kwargs},
        )


@register_config('semantic_segmentation_learner')
class SemanticSegmentationLearnerConfig(LearnerConfig):
    """Configure a :class:`.SemanticSegmentationLearner`."""

    _learner: ClassVar[str | None] = (
        'rastervision.pytorch_learner.semantic_segmentation_learner:SemanticSegmentationLearner'
    )
    _predicts_classes: ClassVar[bool] = True
    card: ClassVar[TaskCard | None] = TaskCard(
        task='semantic-segmentation',
        dims=('batch', CLASS, 'height', 'width'),
        description='Logits of the classes, for each pixel.',
        postprocessing='torch.softmax(predictions, dim=1)',
    )

    model: SemanticSegmentationModelConfig | None = Field(
        None, description='The model. None: one is passed to the learner.'
    )
