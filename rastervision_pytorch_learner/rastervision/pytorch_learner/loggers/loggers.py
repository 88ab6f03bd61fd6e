"""Several loggers as one, which never stop training."""

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rastervision.pytorch_learner.loggers.logger import TrainingLogger, TrainingRun

log = logging.getLogger(__name__)


class Loggers(TrainingLogger):
    """Hands everything to several loggers.

    One that cannot start is an error of the config, and is raised. One that fails later, as when a server is away, is
    reported as a warning, and training goes on.

    Args:
        loggers: The loggers.
    """

    def __init__(self, loggers: Sequence[TrainingLogger] = ()) -> None:
        self.loggers = list(loggers)

    def start(self, run: TrainingRun) -> None:
        """Start all, or none: those that have started are ended if a later one fails."""
        started = Loggers()
        try:
            for logger in self.loggers:
                logger.start(run)
                started.loggers.append(logger)
        except BaseException:
            started.end(is_good=False)
            raise

    def log_metrics(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of an epoch."""
        self._each(f'metrics of epoch {epoch}', lambda logger: logger.log_metrics(epoch, metrics))

    def log_image(self, epoch: int, name: str, image: np.ndarray) -> None:
        """Record an image."""
        self._each(f'image {name!r} of epoch {epoch}', lambda logger: logger.log_image(epoch, name, image))

    def end(self, *, is_good: bool) -> None:
        """End all."""
        self._each('the end', lambda logger: logger.end(is_good=is_good))

    def _each(self, what: str, action: Callable[[TrainingLogger], None]) -> None:
        for logger in self.loggers:
            try:
                action(logger)
            except Exception as error:
                log.warning('%s: %s is not recorded: %s', type(logger).__name__, what, error)
