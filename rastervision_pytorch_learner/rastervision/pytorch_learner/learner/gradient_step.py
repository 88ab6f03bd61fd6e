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

from rastervision.pytorch_learner.learner.batch_checks import NonFiniteError, all_finite
from rastervision.pytorch_learner.optimization import step_schedule

SMALLEST_SCALE = 1e-6  # of gradients in half precision: 36 halvings below where the scaler starts
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
        is_checked: Refuse gradients that are not finite. Those of half precision are the scaler's business.
    """

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler | None
    scaler: GradScaler
    accumulate: int = 1
    clip_norm: float | None = None
    average: AveragedModel | None = None
    is_checked: bool = True
    _counted: int = 0  # batches of the present group that have gradients

    def __call__(self, loss: Tensor, batch: int, num_batches: int) -> bool:
        """Take a loss into account.

        Args:
            loss: The loss of a batch.
            batch: Its number in the epoch.
            num_batches: How many there are in the epoch; the last step may be of fewer batches than the others.

        Returns:
            Whether a step was made.

        Raises:
            NonFiniteError: If a step would make weights that are not finite. It is not made; go on with `skip`.
        """
        group = self._begin(batch, num_batches)
        self.scaler.scale(loss / group).backward()  # type: ignore[no-untyped-call]
        self._counted += 1
        return self._end(batch, num_batches)

    def skip(self, batch: int, num_batches: int) -> bool:
        """Pass over a batch: no gradients come from it. If a step is due, it is made of the others of its group.

        Without others, weights and the state of the optimizer stay as they are.

        Args:
            batch: See `__call__`.
            num_batches: See `__call__`.

        Returns:
            Whether a step was due.
        """
        self._begin(batch, num_batches)
        return self._end(batch, num_batches)

    def _group(self, batch: int, num_batches: int) -> tuple[int, int]:
        """First batch, and number of batches, of the group that a batch is in."""
        first = batch - batch % self.accumulate
        return first, min(self.accumulate, num_batches - first)

    def _begin(self, batch: int, num_batches: int) -> int:
        first, group = self._group(batch, num_batches)
        if batch == first:
            self._forget()
        return group

    def _forget(self) -> None:
        """Drop the gradients of the present group, so that no step is made of them."""
        self.optimizer.zero_grad()
        self._counted = 0

    def _end(self, batch: int, num_batches: int) -> bool:
        first, group = self._group(batch, num_batches)
        if batch - first + 1 < group:
            return False
        if self._counted:
            self._step(group / self._counted)
        if self.scheduler is not None:
            self.scheduler.step() if self._counted else step_schedule(self.scheduler)
        return True

    def _step(self, factor: float) -> None:
        """Change the weights by the gradients times a factor, which makes up for batches that were passed over."""
        gradients = [each.grad for each in self.model.parameters() if each.grad is not None]
        if factor != 1:
            torch._foreach_mul_(gradients, factor)
        if self.scaler.is_enabled():
            self.scaler.unscale_(self.optimizer)
        elif self.is_checked and not all_finite(gradients):
            self._forget()
            raise NonFiniteError(
                'the gradients are not finite, though the loss is. Use a lower learning rate (solver.lr) or '
                'solver.clip_grad_norm; if the loss is your own, look for square roots, logarithms and divisions in it.'
            )
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.is_checked and self.scaler.is_enabled() and self.scaler.get_scale() < SMALLEST_SCALE:
            raise NonFiniteError(
                'the gradients have not been finite for many batches, so that nothing is learnt. Use precision bf16 '
                'or none instead of fp16, or a lower learning rate (solver.lr).'
            )
        if self.average is not None:
            self.average.update_parameters(self.model)


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
