"""Configures a learner: data, model and training together."""

import inspect
import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

from pydantic import Field, model_validator

from rastervision.core.defaults import SEED
from rastervision.core.layout import BUNDLE_FILE
from rastervision.core.types import License, NonNegInt, PosFloat, PosInt
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.overriding import is_overridden
from rastervision.pytorch_learner.learner_config.card import Card, TaskCard, card_of_config
from rastervision.pytorch_learner.learner_config.data import DataConfig
from rastervision.pytorch_learner.learner_config.loggers import IMAGE_INTERVAL, TrainingLoggerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.own_class import own_class

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner import Learner

_DROPPED = ('overfit_mode', 'test_mode', 'predict_mode')


def learner_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Upgrade the dict of a learner: up to version 4 there were three flags for modes."""
    if version == 4:
        return {key: value for key, value in cfg_dict.items() if key not in _DROPPED}
    return cfg_dict


@register_config('learner', upgrader=learner_config_upgrader)
class LearnerConfig(Config):
    """Configure a :class:`.Learner`."""

    _learner: ClassVar[str | None] = None  # 'module:Class' of the learner that build makes
    _predicts_classes: ClassVar[bool] = False  # whether the model gives logits of classes
    card: ClassVar[TaskCard | None] = None  # what model cards say about the task

    model: ModelConfig | None = Field(None, description='The model. None: one is passed to the learner.')
    solver: SolverConfig | None = Field(None, description='How to train. None: the learner is only used to predict.')
    data: DataConfig = Field(..., description='The data to train on.')
    eval_train: bool = Field(False, description='Evaluate on the training data too, after training.')
    save_model_bundle: bool = Field(True, description='Write a model bundle after training.')
    log_tensorboard: bool = Field(True, description='Write the metrics for TensorBoard.')
    run_tensorboard: bool = Field(False, description='Run a TensorBoard server during training.')
    output_uri: str | None = Field(None, description='Folder for the output of training.')
    save_all_checkpoints: bool = Field(False, description='Keep the weights after each epoch, not only the last.')
    seed: NonNegInt = added_field(
        SEED, 'Number that all randomness of training follows from: first weights, order of samples, augmentation.'
    )
    export_onnx: bool = added_field(False, 'Put the model into the bundle in ONNX format too.')
    temperature: PosFloat = added_field(
        1.0, 'Number that logits are divided by when probabilities are predicted; solver.calibrate sets it.'
    )
    loggers: list[TrainingLoggerConfig] = added_field([], 'Where else training is recorded: MLflow, W&B, ...')
    image_interval: PosInt | None = added_field(
        IMAGE_INTERVAL,
        'Number of epochs after which loggers get images of predictions and of the confusion matrix; the last epoch '
        'has them too. None: never.',
    )
    no_data: Literal['apart', 'mixed'] = added_field(
        'apart',
        'What becomes of pixels that are no data while images are resized and transformed, in training and when '
        'predicting. apart: they do not change others. mixed: they are mixed into them, as zeros, as up to 0.31; a '
        'bundle that does not say otherwise has learned so.',
    )
    license: License | None = added_field(None, 'License of the model, as an SPDX identifier; for its card.')
    description: str | None = added_field(None, 'What the model is for, in plain words; for its card.', min_length=1)

    @model_validator(mode='after')
    def validate_run_tensorboard(self) -> Self:
        """A server needs something to show."""
        if self.run_tensorboard and not self.log_tensorboard:
            raise ConfigError('run_tensorboard: needs log_tensorboard=True.')
        return self

    @model_validator(mode='after')
    def _only_probabilities_are_calibrated(self) -> Self:
        if self.solver is not None and self.solver.calibrate and not self._predicts_classes:
            raise ConfigError(f'solver.calibrate has no effect in {type(self).__name__}. Leave it out.')
        return self

    @model_validator(mode='after')
    def validate_class_loss_weights(self) -> Self:
        """There must be a weight for each class."""
        if self.solver is None or self.solver.class_loss_weights is None or self.data.class_config is None:
            return self
        weights, names = self.solver.class_loss_weights, self.data.class_config.names
        if len(weights) != len(names):
            raise ConfigError(
                f'solver.class_loss_weights: {len(weights)} weights for {len(names)} classes ({", ".join(names)}). '
                'Give one for each, the null class included.'
            )
        return self

    @model_validator(mode='after')
    def _ignored_class_is_a_class(self) -> Self:
        if self.solver is None or self.solver.ignore_class_index is None or self.data.class_config is None:
            return self
        index, names = self.solver.ignore_class_index, self.data.class_config.names
        if not -len(names) <= index < len(names):
            raise ConfigError(
                f'solver.ignore_class_index {index}: there is no such class; the classes are '
                f'{", ".join(f"{number} {name}" for number, name in enumerate(names))}. Negative numbers count from '
                'the end.'
            )
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Fill unset fields, here and in the configs inside.

        Args:
            args: Not used, nor are `kwargs`: the context, which those of plugins may take.
            kwargs: See `args`.
        """
        super().update(learner=self)

    def build(
        self,
        tmp_dir: str | None = None,
        model_weights_path: str | None = None,
        model_def_path: str | None = None,
        loss_def_path: str | None = None,
        training: bool = True,
    ) -> 'Learner':
        """Build the learner.

        Args:
            tmp_dir: Folder for temporary files. None: one is made.
            model_weights_path: Weights to start from.
            model_def_path: Folder with the external definition of the model.
            loss_def_path: Folder with the external definition of the loss.
            training: Whether to prepare training: data sets, loss, optimizer.
        """
        return self._learner_class()(
            self,
            tmp_dir=tmp_dir,
            model_weights_path=model_weights_path,
            model_def_path=model_def_path,
            loss_def_path=loss_def_path,
            training=training,
        )

    def build_with(self, **kwargs: Any) -> 'Learner':
        """Build the learner, given any of its arguments; by `build`, if a subclass has its own.

        Args:
            kwargs: Arguments of the learner, beside the config.

        Raises:
            ConfigError: If that method does not take some of them.
        """
        if not is_overridden(self, 'build', base=own_class(self)):
            return self._learner_class()(self, **kwargs)
        taken = inspect.signature(self.build).parameters
        unknown = [name for name in kwargs if name not in taken]
        if unknown and not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
            raise ConfigError(
                f'{type(self).__name__}.build does not take {", ".join(unknown)}. Use the class of the learner itself, '
                'or let build take it.'
            )
        return self.build(**kwargs)

    def _learner_class(self) -> 'type[Learner]':
        if self._learner is None:
            raise ConfigError(f'{type(self).__name__} is a base class. Use the learner config of a task.')
        return cast('type[Learner]', lazy.load(self._learner))

    def model_card(self) -> Card:
        """What this config says about the model: a STAC item with the MLM extension, as plain data."""
        return card_of_config(self)

    def bundled_code(self, *, own_model: bool = False, training: bool = False) -> list[str]:
        """What is made by running code that comes with a bundle of this config.

        Args:
            own_model: Leave out the model, since another one is used.
            training: Count the loss, too, which only training needs.
        """
        needs = []
        if self.model is not None and self.model.external_def is not None and not own_model:
            needs.append('model')
        if training and self.solver is not None and self.solver.external_loss_def is not None:
            needs.append('loss')
        if self.data.get_custom_albumentations_transforms():
            needs.append('transforms')
        return needs

    def get_model_bundle_uri(self) -> str:
        """The URI of the bundle that training writes.

        Raises:
            ConfigError: If `output_uri` is not set.
        """
        if self.output_uri is None:
            raise ConfigError('output_uri: not set, so there is no model bundle.')
        return os.path.join(self.output_uri, BUNDLE_FILE)
