"""Records training with MLflow."""

import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.loggers.logger import TrainingLogger, TrainingRun
from rastervision.pytorch_learner.loggers.run_id import read_run_id, write_run_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

MLFLOW = 'mlflow'
FORBIDDEN = re.compile(r'[^\w\-. :/]', re.ASCII)  # in names of metrics
ALLOW_FILES = 'MLFLOW_ALLOW_FILE_STORE'


class MLflowLogger(TrainingLogger):
    """Records training as a run of an MLflow experiment: settings as parameters, images as artifacts.

    Args:
        tracking_uri: A tracking server, or a local folder. None: as MLflow is set up (MLFLOW_TRACKING_URI).
        experiment: Name of the experiment; it is made if need be.
        run_name: Name of the run. None: from the output folder.
    """

    client: 'MlflowClient'
    run_id: str

    def __init__(
        self, tracking_uri: str | None = None, experiment: str = 'rastervision', run_name: str | None = None
    ) -> None:
        self.tracking_uri, self.experiment, self.run_name = tracking_uri, experiment, run_name
        self.last_epoch = -1

    def start(self, run: TrainingRun) -> None:
        """Begin a run, or go on with that of the output folder.

        Raises:
            ConfigError: If MLflow is not installed, or refuses.
        """
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise ConfigError(
                'loggers: MLflow is not installed. Try: pip install "rastervision_pytorch_learner[mlflow]"'
            ) from error
        # MLflow would try for minutes; training is not to wait so long for a server that is away.
        os.environ.setdefault('MLFLOW_HTTP_REQUEST_MAX_RETRIES', '2')
        os.environ.setdefault('MLFLOW_HTTP_REQUEST_TIMEOUT', '20')
        if self.tracking_uri is not None and '://' not in self.tracking_uri:
            os.environ.setdefault(ALLOW_FILES, 'true')  # MLflow 3 wants to be told that a folder is meant
        try:
            self.client = MlflowClient(tracking_uri=self.tracking_uri)
            self._open(run)
        except Exception as error:  # MLflow raises many kinds, also of the libraries that it connects with
            raise ConfigError(
                f'loggers: MLflow cannot record at tracking_uri {self.tracking_uri!r}: {error}. '
                'Give the address of a tracking server or a folder, or install the full mlflow for a local database.'
            ) from error

    def log_metrics(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of an epoch. Characters that MLflow has no use for become underscores."""
        from mlflow.entities import Metric

        if epoch <= self.last_epoch:
            return
        now = int(time.time() * 1000)
        entries = [Metric(FORBIDDEN.sub('_', name), float(value), now, epoch) for name, value in metrics.items()]
        self.client.log_batch(self.run_id, metrics=entries)
        self.last_epoch = epoch

    def log_image(self, epoch: int, name: str, image: np.ndarray) -> None:
        """Record an image as the artifact `<name>/epoch-<epoch>.png`."""
        self.client.log_image(self.run_id, image, f'{name}/epoch-{epoch}.png')

    def end(self, *, is_good: bool) -> None:
        """Mark the run as finished or failed."""
        self.client.set_terminated(self.run_id, 'FINISHED' if is_good else 'FAILED')

    def _open(self, run: TrainingRun) -> None:
        from mlflow.entities import Param

        known = read_run_id(run.state_dir, MLFLOW)
        if known is None:
            created = self.client.create_run(self._experiment_id(), run_name=self.run_name or run.name)
            self.run_id, recorded = str(created.info.run_id), dict[str, Any]()
            write_run_id(run.state_dir, MLFLOW, self.run_id)
        else:
            self.client.update_run(known, status='RUNNING')
            self.run_id, recorded = known, self.client.get_run(known).data.params
            self.last_epoch = self._last_epoch(run.first_epoch)
        new = {name: value for name, value in run.settings.items() if name not in recorded}
        self.client.log_batch(self.run_id, params=[Param(name, str(value)) for name, value in new.items()])

    def _experiment_id(self) -> str:
        found = self.client.get_experiment_by_name(self.experiment)
        return str(found.experiment_id if found is not None else self.client.create_experiment(self.experiment))

    def _last_epoch(self, first_epoch: int) -> int:
        """The last epoch on record: training may have been stopped after an epoch was logged, before it was saved."""
        history = self.client.get_metric_history(self.run_id, 'train_loss')
        return max((metric.step for metric in history), default=first_epoch - 1)
