"""Loss and learning rate schedules."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, MultiStepLR

ONE_CYCLE_START = 0.1  # of the peak


def cross_entropy(
    num_classes: int, *, class_weights: Sequence[float] | None = None, ignore_class_index: int | None = None
) -> nn.CrossEntropyLoss:
    """Cross entropy of logits, (n, classes, ...), and class ids, (n, ...).

    Args:
        num_classes: Number of classes.
        class_weights: Weight of each class.
        ignore_class_index: Class that does not count. Negative: counted from the end.
    """
    options: dict[str, Any] = {}
    if class_weights is not None:
        options['weight'] = torch.tensor(class_weights, dtype=torch.float32)
    if ignore_class_index is not None:
        options['ignore_index'] = ignore_class_index % num_classes if ignore_class_index < 0 else ignore_class_index
    return nn.CrossEntropyLoss(**options)


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
        _step(scheduler)
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
        _step(scheduler)
    return scheduler


def _step(scheduler: LRScheduler) -> None:
    """Step a schedule although no batch was trained: that is right when training goes on after some epochs."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Detected call of `lr_scheduler.step')
        scheduler.step()
