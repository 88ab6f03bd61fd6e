"""Configures the loss, the optimizer and the learning rate."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig

if TYPE_CHECKING:
    import torch
    from torch.optim.lr_scheduler import LRScheduler

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
    """Configure how a model is trained: loss, optimizer (Adam), learning rate, length."""

    lr: PositiveFloat = Field(1e-4, description='Learning rate; with one_cycle, its peak.')
    num_epochs: PositiveInt = Field(10, description='Number of passes over the training data.')
    sync_interval: PositiveInt = Field(1, description='Number of epochs between uploads to a remote output_uri.')
    batch_sz: PositiveInt = Field(32, description='Number of samples in a batch.')
    one_cycle: bool = Field(
        True,
        description='Let the learning rate rise linearly from a tenth over the first half of the epochs and fall again '
        'over the rest. Needs more than one epoch.',
    )
    multi_stage: list[int] = Field(
        default_factory=list, description='Epochs at which the learning rate is divided by ten.'
    )
    class_loss_weights: Sequence[float] | None = Field(None, description='Weight of each class in the loss.')
    ignore_class_index: int | None = Field(
        None, description='Class that counts neither in the loss nor in the metrics. Negative: counted from the end.'
    )
    external_loss_def: ExternalModuleConfig | None = Field(
        None, description='Definition of a loss outside Raster Vision.'
    )

    @model_validator(mode='after')
    def check_no_loss_opts_if_external(self) -> Self:
        """An external loss brings its own weights."""
        if self.external_loss_def is not None:
            for name in ('ignore_class_index', 'class_loss_weights'):
                if getattr(self, name) is not None:
                    raise ConfigError(f'{name} has no effect on an external_loss_def. Leave out one of them.')
        return self

    def build_loss(
        self, num_classes: int, save_dir: str | None = None, hubconf_dir: str | None = None
    ) -> 'Callable[..., torch.Tensor]':
        """Build the loss: cross entropy, or what `external_loss_def` defines.

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
        from rastervision.pytorch_learner.optimization import cross_entropy

        return cross_entropy(
            num_classes, class_weights=self.class_loss_weights, ignore_class_index=self.ignore_class_index
        )

    def build_optimizer(self, model: 'torch.nn.Module', **kwargs: Any) -> 'torch.optim.Adam':
        """Build the optimizer; `kwargs` go to `torch.optim.Adam`."""
        from torch.optim import Adam

        return Adam(model.parameters(), **{'lr': self.lr, **kwargs})

    def build_step_scheduler(
        self, optimizer: 'torch.optim.Optimizer', train_ds_sz: int, last_epoch: int = -1, **kwargs: Any
    ) -> 'LRScheduler | None':
        """Build the schedule that is stepped with each batch, or None.

        Args:
            optimizer: What it sets the learning rate of.
            train_ds_sz: Number of training samples in an epoch.
            last_epoch: Last finished epoch, to go on after it. -1: none.
            kwargs: Passed to `torch.optim.lr_scheduler.CyclicLR`.
        """
        if not self.one_cycle or self.num_epochs <= 1:
            return None
        from rastervision.pytorch_learner.optimization import one_cycle

        steps = max(1, train_ds_sz // self.batch_sz)
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
            kwargs: Passed to `torch.optim.lr_scheduler.MultiStepLR`.
        """
        if not self.multi_stage:
            return None
        from rastervision.pytorch_learner.optimization import multi_stage

        return multi_stage(optimizer, milestones=self.multi_stage, last_epoch=last_epoch, **kwargs)
