"""Finds a learning rate by trying many.

Smith 2017, https://arxiv.org/abs/1506.01186: the rate rises from batch to batch, and a good one is where the loss
falls fastest, below where it explodes.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rastervision.pipeline.errors import ArgumentError, DataError
from rastervision.pytorch_learner.learner.gradient_step import GradientStep, make_scaler
from rastervision.pytorch_learner.learner.state import seed_step

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner.learner import Learner

MEMORY = 0.9  # share of the old in the running average of the loss
EXPLODED = 4.0  # times the lowest loss


@dataclass(frozen=True)
class LearningRates:
    """The losses at different learning rates.

    Attributes:
        rates: Learning rates, rising.
        losses: Running average of the loss at each.
    """

    rates: list[float]
    losses: list[float]

    @property
    def suggestion(self) -> float:
        """The rate at which the loss falls fastest, per factor of the rate."""
        slopes = np.gradient(np.asarray(self.losses), np.log(self.rates))
        return self.rates[int(np.argmin(slopes))]

    def plot(self, path: str) -> None:
        """Draw losses over rates, with the suggestion, to a PNG file."""
        from matplotlib.figure import Figure

        axes = Figure(layout='constrained').subplots()
        axes.plot(self.rates, self.losses)
        axes.axvline(self.suggestion, linestyle='--', label=f'{self.suggestion:.1e}')
        axes.set(xscale='log', xlabel='learning rate', ylabel='loss')
        axes.legend()
        axes.get_figure().savefig(path)  # type: ignore[union-attr]


def find_lr(learner: 'Learner', start: float = 1e-6, end: float = 1.0, num_batches: int = 100) -> LearningRates:
    """Train some batches with rising learning rates. The learner is left as it was.

    Args:
        learner: A learner that is set up for training.
        start: The first learning rate.
        end: The last; trying ends before if the loss explodes.
        num_batches: How many rates to try.

    Raises:
        ArgumentError: If the rates do not rise.
        DataError: If the loss explodes at once, or no sample has any data.
    """
    if not 0 < start < end or num_batches < 3:
        raise ArgumentError(
            f'find_lr: start {start!r}, end {end!r}, num_batches {num_batches!r}. Need 0 < start < end.'
        )
    weights = deepcopy(learner.bare_model.state_dict())
    try:
        found = _try_rates(learner, np.geomspace(start, end, num_batches).tolist())
    finally:
        learner.bare_model.load_state_dict(weights)
    if len(found.rates) < 3:
        raise DataError(f'The loss explodes at learning rate {found.rates[-1]:.1e} already. Use a lower start.')
    return found


def _try_rates(learner: 'Learner', rates: list[float]) -> LearningRates:
    optimizer = learner.build_optimizer()
    step = GradientStep(
        learner.bare_model, optimizer, None, make_scaler(learner.precision, learner.device), is_checked=False
    )
    learner.model.train()
    average, losses = 0.0, []
    batches = _batches(learner)
    for index, (rate, batch) in enumerate(zip(rates, islice(batches, len(rates)), strict=True)):
        seed_step(learner.cfg.seed, 0, 0, index)
        for group in optimizer.param_groups:
            group['lr'] = rate
        with learner.autocast():
            loss = learner.train_step(learner.to_device(list(batch), learner.device), index)['train_loss']
        step(loss, index, len(rates))
        average = MEMORY * average + (1 - MEMORY) * float(loss.detach())
        losses.append(average / (1 - MEMORY ** (index + 1)))
        if not torch.isfinite(loss) or losses[-1] > EXPLODED * min(losses):
            losses.pop()
            break
    return LearningRates(rates[: len(losses)], losses)


def _batches(learner: 'Learner') -> Iterator[Any]:
    """The batches of the training data that have samples, again and again."""
    loader = learner.get_dataloader('train')
    while True:
        is_empty = True
        for batch in loader:
            if len(batch[0]):
                is_empty = False
                yield batch
        if is_empty:
            raise DataError('No image of the training data has any data in it. Check the NODATA values of the images.')
