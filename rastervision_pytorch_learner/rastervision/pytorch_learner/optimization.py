"""Optimizers and learning rate schedules."""

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, MultiStepLR

from rastervision.pipeline.errors import ConfigError

ONE_CYCLE_START = 0.1  # of the peak


def build_optimizer(model: nn.Module, name: str, lr: float, **kwargs: Any) -> Optimizer:
    """Build an optimizer of `torch.optim` for the weights of a model that are trained.

    Args:
        model: The model.
        name: Name of the class.
        lr: Learning rate.
        kwargs: Passed to the class.

    Raises:
        ConfigError: If it does not take these arguments.
    """
    cls: type[Optimizer] = getattr(torch.optim, name)
    try:
        return cls(model.parameters(), **{'lr': lr, **kwargs})
    except (TypeError, ValueError) as error:
        raise ConfigError(f'solver.optimizer {name!r} with {kwargs!r}: {error}') from error


def lr_schedule(optimizer: Optimizer, name: str, *, lr: float, steps: int, done: int = 0, **kwargs: Any) -> LRScheduler:
    """Build a schedule of `torch.optim.lr_scheduler`.

    Args:
        optimizer: What it sets the learning rate of.
        name: Name of the class.
        lr: The peak, of schedules that have one.
        steps: How often it will be stepped in the whole training; the length of schedules that have one.
        done: How often it was stepped by an earlier run.
        kwargs: Passed to the class.

    Raises:
        ConfigError: If it does not take these arguments.
    """
    cls: type[LRScheduler] = getattr(lr_scheduler, name)
    known = inspect.signature(cls).parameters
    lengths = {'total_steps': steps, 'total_iters': steps, 'T_max': steps, 'max_lr': lr}
    options = {key: value for key, value in lengths.items() if key in known}
    try:
        scheduler = cls(optimizer, **{**options, **kwargs})
    except (TypeError, ValueError) as error:
        raise ConfigError(f'solver.lr_schedule {name!r} with {kwargs!r}: {error}') from error
    if not isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):  # that one goes by what is measured
        for _ in range(done):
            step_schedule(scheduler)
    return scheduler


def one_cycle(
    optimizer: Optimizer, lr: float, *, num_epochs: int, steps_per_epoch: int, last_epoch: int = -1, **kwargs: Any
) -> CyclicLR:
    """A learning rate that rises linearly to `lr` over the first half of the epochs and falls over the rest.

    It is stepped with each batch.

    Args:
        optimizer: What it sets the learning rate of.
        lr: The peak. It starts and ends at a tenth of it.
        num_epochs: Number of epochs of the whole training.
        steps_per_epoch: Number of batches in an epoch.
        last_epoch: Last finished epoch. -1: none.
        kwargs: Passed to `CyclicLR`.
    """
    steps_up = (num_epochs // 2) * steps_per_epoch
    options = {
        'base_lr': lr * ONE_CYCLE_START,
        'max_lr': lr,
        'step_size_up': steps_up,
        'step_size_down': num_epochs * steps_per_epoch - steps_up,
        'cycle_momentum': False,
    }
    scheduler = CyclicLR(optimizer, **{**options, **kwargs})
    steps_done = (last_epoch + 1) * steps_per_epoch
    if steps_done:
        scheduler.last_epoch = steps_done - 1
        step_schedule(scheduler)
    return scheduler


def multi_stage(optimizer: Optimizer, *, milestones: Sequence[int], last_epoch: int = -1, **kwargs: Any) -> MultiStepLR:
    """A learning rate that is divided by ten at each of some epochs. It is stepped with each epoch.

    Args:
        optimizer: What it sets the learning rate of.
        milestones: The epochs.
        last_epoch: Last finished epoch. -1: none.
        kwargs: Passed to `MultiStepLR`.
    """
    scheduler = MultiStepLR(optimizer, **{'milestones': list(milestones), 'gamma': 0.1, **kwargs})
    for _ in range(last_epoch + 1):
        step_schedule(scheduler)
    return scheduler


def step_schedule(scheduler: LRScheduler) -> None:
    """Step a schedule, also if the optimizer made no step: training goes on after some epochs, or passes a batch."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Detected call of `lr_scheduler.step')
        scheduler.step()
