"""Records training with Weights & Biases."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.loggers.logger import TrainingLogger, TrainingRun
from rastervision.pytorch_learner.loggers.run_id import read_run_id, write_run_id

if TYPE_CHECKING:
    from wandb import Run

WANDB = 'wandb'


class WandbLogger(TrainingLogger):
    """Records training as a run of a Weights & Biases project.

    Args:
        project: Name of the project.
        entity: User or team. None: the default one of the account.
        run_name: Name of the run. None: from the output folder.
        mode: 'offline' writes below the output folder only, for `wandb sync`. None: as W&B is set up (WANDB_MODE).
    """

    run: 'Run'

    def __init__(
        self,
        project: str = 'rastervision',
        entity: str | None = None,
        run_name: str | None = None,
        mode: Literal['online', 'offline'] | None = None,
    ) -> None:
        self.project, self.entity, self.run_name, self.mode = project, entity, run_name, mode

    def start(self, run: TrainingRun) -> None:
        """Begin a run, or go on with that of the output folder.

        Raises:
            ConfigError: If wandb is not installed, or refuses.
        """
        try:
            import wandb
        except ImportError as error:
            raise ConfigError(
                'loggers: wandb is not installed. Try: pip install "rastervision_pytorch_learner[wandb]"'
            ) from error
        try:
            self.run = wandb.init(
                project=self.project,
                entity=self.entity,
                name=self.run_name or run.name,
                mode=self.mode,
                dir=run.folder,
                id=read_run_id(run.state_dir, WANDB),
                resume='allow',
                reinit='create_new',  # leave a run of the program that uses this library alone
                config=dict(run.settings),
                settings=wandb.Settings(console='off', silent=True),
            )
        except wandb.Error as error:
            raise ConfigError(
                f'loggers: W&B cannot record in project {self.project!r}: {error}. Log in, or use mode="offline".'
            ) from error
        write_run_id(run.state_dir, WANDB, self.run.id)

    def log_metrics(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of an epoch. Of an epoch that is on record, W&B keeps the first."""
        self.run.log(dict(metrics), step=epoch, commit=True)

    def log_image(self, epoch: int, name: str, image: np.ndarray) -> None:
        """Record an image."""
        from wandb import Image

        self.run.log({name: Image(image)}, step=epoch, commit=False)

    def end(self, *, is_good: bool) -> None:
        """Mark the run as finished or failed, after all has been sent."""
        self.run.finish(exit_code=0 if is_good else 1)
