"""Configures where training is recorded, besides its output folder."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.pytorch_learner.loggers.logger import TrainingLogger

PROJECT = 'rastervision'
IMAGE_INTERVAL = 5


@register_config('training_logger')
class TrainingLoggerConfig(Config):
    """Configure a :class:`.TrainingLogger`; plugins can have their own."""

    def build(self) -> 'TrainingLogger':
        """Make the logger."""
        raise ConfigError(f'{type(self).__name__} is a base class. Use MLflowLoggerConfig or WandbLoggerConfig.')


@register_config('mlflow_logger')
class MLflowLoggerConfig(TrainingLoggerConfig):
    """Configure a :class:`.MLflowLogger`. Needs the extra `mlflow`."""

    tracking_uri: str | None = Field(
        None, description='A tracking server, or a local folder. None: as MLflow is set up (MLFLOW_TRACKING_URI).'
    )
    experiment: str = Field(PROJECT, description='Name of the experiment; it is made if need be.')
    run_name: str | None = Field(None, description='Name of the run. None: from the output folder.')

    def build(self) -> 'TrainingLogger':
        """Make the logger."""
        from rastervision.pytorch_learner.loggers.mlflow_logger import MLflowLogger

        return MLflowLogger(self.tracking_uri, self.experiment, self.run_name)


@register_config('wandb_logger')
class WandbLoggerConfig(TrainingLoggerConfig):
    """Configure a :class:`.WandbLogger`. Needs the extra `wandb`."""

    project: str = Field(PROJECT, description='Name of the project.')
    entity: str | None = Field(None, description='User or team. None: the default one of the account.')
    run_name: str | None = Field(None, description='Name of the run. None: from the output folder.')
    mode: Literal['online', 'offline'] | None = Field(
        None,
        description='offline: write below the output folder only, for `wandb sync`. None: as W&B is set up '
        '(WANDB_MODE).',
    )

    def build(self) -> 'TrainingLogger':
        """Make the logger."""
        from rastervision.pytorch_learner.loggers.wandb_logger import WandbLogger

        return WandbLogger(self.project, self.entity, self.run_name, self.mode)
