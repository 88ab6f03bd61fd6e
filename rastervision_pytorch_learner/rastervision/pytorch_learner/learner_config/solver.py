"""Configures the loss, the optimizer and the learning rate."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from rastervision.core.types import InnerProportion, NonNegFloat, NonNegInt, PosFloat, PosInt, ProportionBelow1
from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig

if TYPE_CHECKING:
    import torch
    from torch.optim.lr_scheduler import LRScheduler

LossName = Literal['cross_entropy', 'focal', 'dice']
OptimizerName = Literal[
    'ASGD', 'Adadelta', 'Adafactor', 'Adagrad', 'Adam', 'AdamW', 'Adamax', 'NAdam', 'RAdam', 'RMSprop', 'Rprop', 'SGD'
]
BatchSchedule = Literal[
    'ConstantLR', 'CosineAnnealingLR', 'CosineAnnealingWarmRestarts', 'LinearLR', 'OneCycleLR', 'PolynomialLR'
]
EpochSchedule = Literal['ExponentialLR', 'MultiStepLR', 'ReduceLROnPlateau', 'StepLR']

CLASS_LOSS_SETTINGS = ('loss', 'label_smoothing', 'focal_gamma')
LOSS_SETTINGS = ('ignore_class_index', 'class_loss_weights', *CLASS_LOSS_SETTINGS)

_DROPPED = ('test_batch_sz', 'test_num_epochs', 'overfit_num_steps')


def solver_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Upgrade the dict of a solver.

    Up to version 3 the last class could be ignored by a flag of its own; up to version 4 there were settings for
    test runs.
    """
    if version == 3:
        return _without_ignore_last_class(cfg_dict)
    if version == 4:
        return {key: value for key, value in cfg_dict.items() if key not in _DROPPED}
    return cfg_dict


def _without_ignore_last_class(values: dict[str, Any]) -> dict[str, Any]:
    ignored = values.get('ignore_last_class', False)
    values = {key: value for key, value in values.items() if key != 'ignore_last_class'}
    return {**values, 'ignore_class_index': -1} if ignored else values


@register_config('solver', upgrader=solver_config_upgrader)
class SolverConfig(Config):
    """Configure how a model is trained: loss, optimizer, learning rate, length."""

    lr: PosFloat = Field(1e-4, description='Learning rate; with one_cycle, its peak.')
    num_epochs: PosInt = Field(10, description='Number of passes over the training data.')
    sync_interval: PosInt = Field(1, description='Number of epochs between uploads to a remote output_uri.')
    batch_sz: PosInt = Field(32, description='Number of samples in a batch.')
    one_cycle: bool = Field(
        True,
        description='Let the learning rate rise linearly from a tenth over the first half of the epochs and fall again '
        'over the rest. Needs more than one epoch.',
    )
    multi_stage: list[NonNegInt] = Field(
        default_factory=list, description='Epochs at which the learning rate is divided by ten.'
    )
    class_loss_weights: Sequence[NonNegFloat] | None = Field(None, description='Weight of each class in the loss.')
    ignore_class_index: int | None = Field(
        None, description='Class that counts neither in the loss nor in the metrics. Negative: counted from the end.'
    )
    external_loss_def: ExternalModuleConfig | None = Field(
        None, description='Definition of a loss outside Raster Vision.'
    )
    loss: LossName | dict[LossName, PosFloat] = added_field(
        'cross_entropy',
        "The loss of classification and segmentation, or factors of several to be summed: {'focal': 1, 'dice': 0.5}.",
    )
    label_smoothing: ProportionBelow1 = added_field(
        0.0, 'Share of the truth that cross_entropy spreads over all classes.'
    )
    focal_gamma: NonNegFloat = added_field(2.0, 'How much less focal counts what is predicted well already.')
    optimizer: OptimizerName = added_field('Adam', 'Name of a class of torch.optim.')
    optimizer_args: dict[str, Any] | None = added_field(None, 'Further arguments of the optimizer.')
    lr_schedule: BatchSchedule | EpochSchedule | None = added_field(
        None,
        'Name of a class of torch.optim.lr_scheduler, used instead of one_cycle and multi_stage. Those with a length '
        'get that of the whole training.',
    )
    lr_schedule_args: dict[str, Any] | None = added_field(None, 'Further arguments of the schedule.')
    accumulate_batches: PosInt = added_field(
        1, 'Number of batches whose gradients make one step of the optimizer, as if batch_sz were that much larger.'
    )
    clip_grad_norm: PosFloat | None = added_field(
        None, 'Scale gradients down to this norm, taken over all weights. None: leave them.'
    )
    ema_decay: InnerProportion | None = added_field(
        None,
        'Evaluate and keep a running average of the weights, of which each step takes this share of the old: 0.999, '
        'say. None: the weights themselves.',
    )
    best_metric: str | None = added_field(
        None,
        'Keep the weights of the epoch that is best in this column of log.csv, such as avg_f1 or val_loss. '
        'None: those of the last epoch.',
    )
    early_stopping_epochs: PosInt | None = added_field(
        None, 'Stop when best_metric (None: val_loss) has not become better in so many epochs.'
    )
    state_interval: PosInt | None = added_field(
        None,
        'Number of batches between saved states within an epoch, from which training goes on after a crash. '
        'None: only after each epoch.',
    )
    on_nonfinite: Literal['error', 'skip'] = added_field(
        'error',
        'What to do with a batch whose loss or gradients are not finite (NaN, infinite): error: stop, and name its '
        'files or windows. skip: pass over it, with a warning.',
    )
    calibrate: bool = added_field(
        False,
        'After training, fit a temperature to the validation data, so that the probabilities of predicted classes are '
        'how often they are right. For chip classification and semantic segmentation.',
    )

    overfit_batches: PosInt | None = added_field(
        None,
        'To look for mistakes: train and validate with the same samples, which make so many batches and are the same '
        'in each epoch. A model that works learns them nearly by heart in some hundred epochs; the log says whether it '
        'has. None: use all samples.',
    )

    @model_validator(mode='after')
    def check_no_loss_opts_if_external(self) -> Self:
        """An external loss brings its own weights."""
        if self.external_loss_def is not None:
            for name in self.changed(LOSS_SETTINGS):
                raise ConfigError(f'{name} has no effect on an external_loss_def. Leave out one of them.')
        return self

    @model_validator(mode='after')
    def _weights_are_weights(self) -> Self:
        """Weights of classes are numbers from 0, one of them larger."""
        weights = self.class_loss_weights
        if weights is not None and not (all(0 <= each < math.inf for each in weights) and any(weights)):
            raise ConfigError(
                f'class_loss_weights {list(weights)!r}: not valid. Give a finite number from 0 for each class, one of '
                'them larger than 0.'
            )
        return self

    @model_validator(mode='after')
    def _one_schedule(self) -> Self:
        """A schedule by name stands alone."""
        if self.lr_schedule is None:
            if self.lr_schedule_args is not None:
                raise ConfigError('lr_schedule_args: has no effect without lr_schedule.')
            return self
        if 'one_cycle' not in self.model_fields_set:
            self._set(one_cycle=False)
        if self.one_cycle or self.multi_stage:
            raise ConfigError(
                f'lr_schedule {self.lr_schedule!r} cannot be used together with one_cycle or multi_stage. Set '
                'one_cycle=False, and leave out multi_stage.'
            )
        return self

    def changed(self, names: Iterable[str]) -> list[str]:
        """Which of these fields are not at their defaults."""
        fields = type(self).model_fields
        return [name for name in names if getattr(self, name) != fields[name].default]

    @property
    def selection_metric(self) -> str | None:
        """The metric by which the best epoch is chosen; None: the last one is."""
        return self.best_metric or ('val_loss' if self.early_stopping_epochs is not None else None)

    @property
    def loss_parts(self) -> dict[str, float]:
        """The factor of each loss."""
        return {self.loss: 1.0} if isinstance(self.loss, str) else {str(name): f for name, f in self.loss.items()}

    def build_loss(
        self, num_classes: int, save_dir: str | None = None, hubconf_dir: str | None = None
    ) -> 'Callable[..., torch.Tensor]':
        """Build the loss that is configured, or what `external_loss_def` defines.

        Args:
            num_classes: Number of classes.
            save_dir: Folder to keep an external definition in.
            hubconf_dir: Folder that has the external definition already.
        """
        if self.external_loss_def is not None:
            if save_dir is None and hubconf_dir is None:
                raise ConfigError('external_loss_def: pass save_dir, the folder to keep the definition in.')
            loss: Callable[..., torch.Tensor] = self.external_loss_def.build(save_dir or '', hubconf_dir=hubconf_dir)
            return loss
        from rastervision.pytorch_learner.losses import build_loss

        return build_loss(
            self.loss_parts,
            num_classes,
            class_weights=self.class_loss_weights,
            ignore_class_index=self.ignore_class_index,
            label_smoothing=self.label_smoothing,
            focal_gamma=self.focal_gamma,
        )

    def build_optimizer(self, model: 'torch.nn.Module', **kwargs: Any) -> 'torch.optim.Optimizer':
        """Build the optimizer; `kwargs` are passed to its class."""
        from rastervision.pytorch_learner.optimization import build_optimizer

        return build_optimizer(model, self.optimizer, self.lr, **{**(self.optimizer_args or {}), **kwargs})

    def build_step_scheduler(
        self, optimizer: 'torch.optim.Optimizer', train_ds_sz: int, last_epoch: int = -1, **kwargs: Any
    ) -> 'LRScheduler | None':
        """Build the schedule that is stepped with each batch, or None.

        Args:
            optimizer: What it sets the learning rate of.
            train_ds_sz: Number of training samples in an epoch.
            last_epoch: Last finished epoch, to go on after it. -1: none.
            kwargs: Passed to the class of `torch.optim.lr_scheduler`.
        """
        if self.lr_schedule in get_args(BatchSchedule):
            steps = self._steps_per_epoch(train_ds_sz)
            return self._schedule(optimizer, steps_per_epoch=steps, last_epoch=last_epoch, **kwargs)
        if not self.one_cycle or self.num_epochs <= 1:
            return None
        steps = self._steps_per_epoch(train_ds_sz)
        from rastervision.pytorch_learner.optimization import one_cycle

        return one_cycle(
            optimizer, self.lr, num_epochs=self.num_epochs, steps_per_epoch=steps, last_epoch=last_epoch, **kwargs
        )

    def build_epoch_scheduler(
        self, optimizer: 'torch.optim.Optimizer', last_epoch: int = -1, **kwargs: Any
    ) -> 'LRScheduler | None':
        """Build the schedule that is stepped with each epoch, or None.

        Args:
            optimizer: What it sets the learning rate of.
            last_epoch: Last finished epoch, to go on after it. -1: none.
            kwargs: Passed to the class of `torch.optim.lr_scheduler`.
        """
        if self.lr_schedule in get_args(EpochSchedule):
            return self._schedule(optimizer, steps_per_epoch=1, last_epoch=last_epoch, **kwargs)
        if not self.multi_stage:
            return None
        from rastervision.pytorch_learner.optimization import multi_stage

        return multi_stage(optimizer, milestones=self.multi_stage, last_epoch=last_epoch, **kwargs)

    def _steps_per_epoch(self, samples: int) -> int:
        """Number of steps of the optimizer: all batches count but a last one of one sample, which is left out."""
        batches = math.ceil(samples / self.batch_sz) - (samples % self.batch_sz == 1)
        return max(1, math.ceil(batches / self.accumulate_batches))

    def _schedule(
        self, optimizer: 'torch.optim.Optimizer', *, steps_per_epoch: int, last_epoch: int, **kwargs: Any
    ) -> 'LRScheduler':
        from rastervision.pytorch_learner.optimization import lr_schedule

        return lr_schedule(
            optimizer,
            str(self.lr_schedule),
            lr=self.lr,
            steps=self.num_epochs * steps_per_epoch,
            done=(last_epoch + 1) * steps_per_epoch,
            **{**(self.lr_schedule_args or {}), **kwargs},
        )


def refuse_loss_settings(
    solver: SolverConfig | None, task: str, names: Iterable[str] = (*LOSS_SETTINGS, 'external_loss_def')
) -> SolverConfig | None:
    """Check the solver of a task that has a loss of its own.

    Args:
        solver: The solver.
        task: Name of the task, for the message.
        names: The settings.

    Returns:
        The same.

    Raises:
        ConfigError: If a setting of the loss would have no effect.
    """
    for name in solver.changed(names) if solver is not None else ():
        raise ConfigError(f'{name} has no effect in {task}. Leave it out.')
    return solver
