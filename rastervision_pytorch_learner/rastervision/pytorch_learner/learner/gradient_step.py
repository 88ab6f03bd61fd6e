"""What is done with the loss of a batch: gradients, step of the optimizer, schedule, average of the weights."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

PRECISIONS = {'bf16': torch.bfloat16, 'fp16': torch.float16}


@dataclass
class GradientStep:
    """Turns losses into steps of the optimizer.

    Attributes:
        model: The model whose weights are trained.
        optimizer: Changes the weights.
        scheduler: Schedule of the learning rate, stepped with the optimizer.
        scaler: Keeps gradients of half precision numbers from vanishing.
        accumulate: Number of batches whose gradients make one step.
        clip_norm: Gradients are scaled down to this norm, over all weights. None: they stay.
        average: Running average of the weights, or None.
    """

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler | None
    scaler: GradScaler
    accumulate: int = 1
    clip_norm: float | None = None
    average: AveragedModel | None = None

    def __call__(self, loss: Tensor, batch: int, num_batches: int) -> bool:
        """Take a loss into account.

        Args:
            loss: The loss of a batch.
            batch: Its number in the epoch.
            num_batches: How many there are in the epoch; the last step may be of fewer batches than the others.

        Returns:
            Whether a step was made.
        """
        first = batch - batch % self.accumulate
        group = min(self.accumulate, num_batches - first)
        if batch == first:
            self.optimizer.zero_grad()
        self.scaler.scale(loss / group).backward()  # type: ignore[no-untyped-call]
        if batch - first + 1 < group:
            return False
        if self.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.scheduler is not None:
            self.scheduler.step()
        if self.average is not None:
            self.average.update_parameters(self.model)
        return True


def autocast(precision: str | None, device: torch.device) -> AbstractContextManager[Any]:
    """A context in which a model computes with numbers of half precision where that does no harm.

    Args:
        precision: 'bf16', 'fp16', or None for single precision.
        device: Where the model is.
    """
    return nullcontext() if precision is None else torch.autocast(device.type, dtype=PRECISIONS[precision])


def make_scaler(precision: str | None, device: torch.device) -> GradScaler:
    """Scaler of gradients, which does something for fp16 only: bf16 has the range of single precision."""
    return GradScaler(device.type, enabled=precision == 'fp16')


def make_average(model: nn.Module, decay: float | None) -> AveragedModel | None:
    """Exponential running average of a model's weights and buffers; None without a decay."""
    if decay is None:
        return None
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]
    return average.requires_grad_(False)
