"""Configures models and learners of regression."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from rastervision.core.types import FiniteFloat
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.learner_config.card import CLASS, TaskCard
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig
from rastervision.pytorch_learner.learner_config.solver import CLASS_LOSS_SETTINGS, SolverConfig, refuse_loss_settings
from rastervision.pytorch_learner.model_name import check_network_name

if TYPE_CHECKING:
    from torch import nn


@register_config('regression_model')
class RegressionModelConfig(ModelConfig):
    """Configure a model for regression: any network of :class:`.Backbone` or, by `name`, others."""

    output_multiplier: list[FiniteFloat] | None = Field(
        None, description='Number that each output is multiplied with. None: 1 for all.'
    )

    @classmethod
    def check_name(cls, name: str) -> str:
        """Check the form of the name of a network."""
        return check_network_name(name)

    def update(self, learner: LearnerConfig | None = None) -> None:
        """Fill `output_multiplier` with ones, one for each target of the learner's data."""
        super().update(learner=learner)
        if self.output_multiplier is None and learner is not None and learner.data.class_config is not None:
            self.output_multiplier = [1.0] * len(learner.data.class_config.names)

    def build_default_model(
        self,
        num_classes: int,
        in_channels: int,
        class_names: Sequence[str] | None = None,
        pos_class_names: Iterable[str] | None = None,
        prob_class_names: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> 'nn.Module':
        """Build the model.

        Args:
            num_classes: Number of targets.
            in_channels: Number of channels of the input.
            class_names: Names of the targets.
            pos_class_names: Targets that are positive; their outputs go through exp.
            prob_class_names: Targets that are probabilities; their outputs go through a sigmoid.
            kwargs: Passed to the model.

        Returns:
            Model of (batch, in_channels, height, width) -> (batch, num_classes).
        """
        from rastervision.pytorch_learner.models.regression import regression_model

        return regression_model(
            self.name or self.get_backbone_str(),
            num_classes,
            in_channels,
            pos_out_inds=indices_of(pos_class_names, class_names),
            prob_out_inds=indices_of(prob_class_names, class_names),
            pretrained=self.pretrained,
            output_multiplier=self.output_multiplier,
            **{**self.extra_args, **kwargs},
        )


@register_config('regression_learner')
class RegressionLearnerConfig(LearnerConfig):
    """Configure a :class:`.RegressionLearner`."""

    _learner: ClassVar[str | None] = 'rastervision.pytorch_learner.regression_learner:RegressionLearner'
    card: ClassVar[TaskCard | None] = TaskCard(
        task='regression',
        dims=('batch', CLASS),
        description='Numbers, one for each target, for each chip.',
    )

    model: RegressionModelConfig | None = Field(None, description='The model. None: one is passed to the learner.')

    @field_validator('solver')
    @classmethod
    def _loss_is_not_of_classes(cls, v: SolverConfig | None) -> SolverConfig | None:
        return refuse_loss_settings(v, 'regression', CLASS_LOSS_SETTINGS)


def indices_of(chosen: Iterable[str] | None, names: Sequence[str] | None) -> list[int]:
    """The places of the chosen names among all; empty if none are chosen."""
    return [list(names or ()).index(name) for name in chosen or ()]
