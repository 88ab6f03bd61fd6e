"""The state of training between two epochs, for going on exactly where it stopped."""

import logging
import os
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rastervision.pipeline.errors import BundleError
from rastervision.pipeline.file_system.publish import publish_file

log = logging.getLogger(__name__)

MAX_SEED = 2**32


@dataclass
class TrainingState:
    """All that training needs to go on after an epoch as if it had never stopped.

    Random numbers are not in it: `start_epoch` derives those of an epoch from the seed and its number.

    Attributes:
        epoch: The last finished epoch.
        settings: What must be the same to go on exactly; see `Learner`.
        log: Metrics of all epochs so far.
        model: Weights of the model.
        optimizer: State of the optimizer.
        step_scheduler: State of the schedule that is stepped with each batch, if there is one.
        epoch_scheduler: State of the schedule that is stepped with each epoch, if there is one.
    """

    epoch: int
    settings: str
    log: list[dict[str, Any]]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    step_scheduler: dict[str, Any] | None
    epoch_scheduler: dict[str, Any] | None

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


def seed_epoch(seed: int, epoch: int, rank: int = 0) -> int:
    """Set all global random number generators to a state that follows from seed, epoch and process.

    Returns:
        A seed for the order of samples; it is the same in all processes.
    """
    shared = np.random.SeedSequence([seed, epoch])
    own = np.random.SeedSequence([seed, epoch, rank + 1])
    number = int(own.generate_state(1)[0])
    torch.manual_seed(number)
    np.random.seed(number % MAX_SEED)
    random.seed(number)
    return int(shared.generate_state(1)[0])
