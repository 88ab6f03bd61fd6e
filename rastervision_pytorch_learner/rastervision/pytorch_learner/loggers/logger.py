"""What records training somewhere people look at it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TrainingRun:
    """What a logger is told of the training that it records.

    Attributes:
        name: A name for people.
        folder: The local output folder.
        state_dir: Local folder where a logger keeps what it needs to go on. It is removed when training starts anew.
        first_epoch: The epoch to go on with; not 0 if an earlier run was stopped.
        settings: The settings of training by dotted name: numbers, text, or None.
    """

    name: str
    folder: str
    state_dir: str
    first_epoch: int
    settings: Mapping[str, Any]


class TrainingLogger(ABC):
    """Records training somewhere people look at it.

    Training that was stopped goes on in the same record. An epoch may then be logged again, with the same metrics;
    each is to be in the record once.
    """

    @abstractmethod
    def start(self, run: TrainingRun) -> None:
        """Begin a record, or go on with that of the same output folder."""

    @abstractmethod
    def log_metrics(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of an epoch; once for each."""

    @abstractmethod
    def log_image(self, epoch: int, name: str, image: np.ndarray) -> None:
        """Record an image, (height, width, 3), uint8; before the metrics of the same epoch."""

    @abstractmethod
    def end(self, *, is_good: bool) -> None:
        """End the record.

        Args:
            is_good: Whether training came to its end; else it was stopped or failed.
        """
