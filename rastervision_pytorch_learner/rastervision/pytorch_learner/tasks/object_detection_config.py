"""Configures models and learners of object detection."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from rastervision.core.types import PosInt
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.backbone import Backbone
from rastervision.pytorch_learner.learner_config.card import BOX, TaskCard
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig, check_backbone, use_backbone
from rastervision.pytorch_learner.learner_config.solver import SolverConfig, refuse_loss_settings
from rastervision.pytorch_learner.model_name import ONE_SIZE_DETECTORS, check_detection_name

if TYPE_CHECKING:
    from torch import nn

BACKBONES = (
    Backbone.resnet18,
    Backbone.resnet34,
    Backbone.resnet50,
    Backbone.resnet101,
    Backbone.resnet152,
    Backbone.mobilenet_v3_large,
)


@register_config('object_detection_model')
class ObjectDetectionModelConfig(ModelConfig):
    """Configure a model for object detection: Faster R-CNN with a feature pyramid, or SSDlite, or others by `name`."""

    backbone: Backbone = Field(
        Backbone.resnet50,
        description='resnet18, 34, 50, 101, 152 or, for machines without GPU, mobilenet_v3_large.',
    )
    architecture: Literal['faster_rcnn', 'fcos', 'ssdlite'] = added_field(
        'faster_rcnn',
        'What is put on the backbone. fcos, light and without anchors, needs a resnet and learns soonest without '
        'pretrained weights; ssdlite needs mobilenet_v3_large.',
    )
    anchor_sizes: list[PosInt] | None = added_field(
        None,
        'faster_rcnn, and models by name with a feature pyramid: the sizes of objects, in pixels of the image as the '
        'model sees it, that the levels of the pyramid start from, finest first: 5 for a resnet, 4 for '
        'mobilenet_v3_large. None: 32, 64 and so on. fcos: 3 sizes, 8 to 16 times smaller than the objects of a level; '
        'None: 8, 16, 32.',
    )

    @field_validator('backbone')
    @classmethod
    def only_valid_backbones(cls, v: Backbone) -> Backbone:
        """Refuse backbones that no feature pyramid is made of."""
        return check_backbone(v, BACKBONES, 'object detection')

    @model_validator(mode='after')
    def _ssdlite_is_built_on_mobilenet(self) -> Self:
        if self.architecture == 'ssdlite':
            if self.anchor_sizes is not None:
                raise ConfigError("anchor_sizes has no effect on architecture 'ssdlite'. Leave it out.")
            use_backbone(self, Backbone.mobilenet_v3_large)
        return self

    @model_validator(mode='after')
    def _fcos_is_built_on_resnets(self) -> Self:
        if self.architecture == 'fcos' and self.backbone == Backbone.mobilenet_v3_large:
            raise ConfigError("architecture 'fcos' needs a resnet as backbone, such as resnet18.")
        return self

    @model_validator(mode='after')
    def _some_have_anchors_of_their_own(self) -> Self:
        if self.name in ONE_SIZE_DETECTORS and self.anchor_sizes is not None:
            raise ConfigError(f'anchor_sizes has no effect on {self.name!r}. Leave it out.')
        return self

    @classmethod
    def check_name(cls, name: str) -> str:
        """Check the name of a detection model."""
        return check_detection_name(name)

    def build_default_model(  # type: ignore[override]
        self, num_classes: int, in_channels: int, img_sz: int, **kwargs: Any
    ) -> 'nn.Module':
        """Build the model.

        Args:
            num_classes: Number of classes.
            in_channels: Number of channels of the input.
            img_sz: Height and width that images are resized to inside the model, pixels. SSD models by name have one
                size, that in the name.
            kwargs: Passed to the model.
        """
        from rastervision.pytorch_learner.models.detection import detection_model
        from rastervision.pytorch_learner.models.named_detection import named_detection_model

        options: dict[str, Any] = {
            'img_sz': img_sz,
            'anchor_sizes': self.anchor_sizes,
            'pretrained': self.pretrained,
            **self.extra_args,
            **kwargs,
        }
        if self.name is not None:
            return named_detection_model(self.name, num_classes, in_channels, **options)
        options = {'architecture': self.architecture, **options}
        model: nn.Module = detection_model(self.get_backbone_str(), num_classes, in_channels, **options)
        return model


@register_config('object_detection_learner')
class ObjectDetectionLearnerConfig(LearnerConfig):
    """Configure an :class:`.ObjectDetectionLearner`."""

    _learner: ClassVar[str | None] = 'rastervision.pytorch_learner.object_detection_learner:ObjectDetectionLearner'
    card: ClassVar[TaskCard | None] = TaskCard(
        task='object-detection',
        dims=('batch', 'box', BOX),
        description='For each box xmin, ymin, xmax, ymax in pixels of the chip, the class, and a score from 0 to 1.',
    )

    model: ObjectDetectionModelConfig | None = Field(None, description='The model. None: one is passed to the learner.')

    @field_validator('solver')
    @classmethod
    def validate_solver_config(cls, v: SolverConfig | None) -> SolverConfig | None:
        """Refuse settings of the loss: detectors have their own."""
        return refuse_loss_settings(v, 'object detection')
