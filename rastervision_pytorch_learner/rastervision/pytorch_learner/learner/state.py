"""The state of training between two steps, for going on exactly where it stopped."""

import logging
import os
import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from rastervision.pipeline.errors import BundleError
from rastervision.pipeline.file_system.publish import publish_file

log = logging.getLogger(__name__)


@dataclass
class TrainingState:
    """All that training needs to go on after a step as if it had never stopped.

    Random numbers are not in it: `seed_step` derives those of a step from the seed and its number.

    Attributes:
        epoch: The last finished epoch.
        settings: What must be the same to go on exactly; see `Learner`.
        log: Metrics of all epochs so far.
        model: Weights of the model.
        optimizer: State of the optimizer.
        step_scheduler: State of the schedule that is stepped with each batch, if there is one.
        epoch_scheduler: State of the schedule that is stepped with each epoch, if there is one.
        scaler: State of the gradient scaler.
        average: Running average of the weights, if there is one.
        batch: How many batches of the next epoch are done.
        outputs: What `train_step` returned for these.
    """

    epoch: int
    settings: str
    log: list[dict[str, Any]]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    step_scheduler: dict[str, Any] | None
    epoch_scheduler: dict[str, Any] | None
    scaler: dict[str, Any] = field(default_factory=dict)
    average: dict[str, Any] | None = None
    batch: int = 0
    outputs: list[dict[str, Any]] = field(default_factory=list)

    def save(self, path: str) -> None:
        """Write to a local file, whole or not at all."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        with publish_file(path) as tmp_path:
            torch.save(fields, tmp_path)

    @classmethod
    def load(cls, path: str) -> 'TrainingState | None':
        """Read from a local file; None if there is none, or it is from another version."""
        if not os.path.isfile(path):
            return None
        try:
            return cls(**torch.load(path, map_location='cpu', weights_only=True))
        except Exception as error:  # whatever torch makes of a damaged file
            raise BundleError(
                f'{path}: cannot be read ({error}). Remove it to go on from the last weights, or remove the whole '
                'folder to start again.'
            ) from error


def order_seed(seed: int, epoch: int) -> int:
    """A seed for the order of samples in an epoch; the same in all processes."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def seed_step(seed: int, epoch: int, rank: int, batch: int) -> None:
    """Set all global random number generators to a state that follows from seed, epoch, process and batch.

    Takes about 50 microseconds.
    """
    number = int(np.random.SeedSequence([seed, epoch, rank + 1, batch]).generate_state(1)[0])
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)
