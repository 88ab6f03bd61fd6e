"""Records training for TensorBoard."""

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.utils import terminate_at_exit
from rastervision.pytorch_learner.loggers.logger import TrainingLogger, TrainingRun

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger(__name__)


class TensorBoardLogger(TrainingLogger):
    """Writes event files, which TensorBoard shows.

    Args:
        dirname: Name of their folder, in the output folder.
    """

    writer: 'SummaryWriter'

    def __init__(self, dirname: str) -> None:
        self.dirname = dirname

    def start(self, run: TrainingRun) -> None:
        """Begin an event file. What earlier ones have of its first epoch and later ones is not shown."""
        from torch.utils.tensorboard import SummaryWriter  # slow to import, and prediction needs none

        self.writer = SummaryWriter(os.path.join(run.folder, self.dirname), purge_step=run.first_epoch)
        rows = [f'| {name} | {value} |' for name, value in run.settings.items()]
        self.writer.add_text('settings', '\n'.join(['| setting | value |', '|---|---|', *rows]), run.first_epoch)

    def log_metrics(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Write the metrics of an epoch, each as a scalar of its name."""
        for name, value in metrics.items():
            self.writer.add_scalar(name, value, epoch)
        self.writer.flush()

    def log_image(self, epoch: int, name: str, image: np.ndarray) -> None:
        """Write an image."""
        self.writer.add_image(name, image, epoch, dataformats='HWC')

    def end(self, *, is_good: bool) -> None:
        """Close the event file."""
        self.writer.close()


def server_command(log_dir: str, host: str | None = None, port: int | None = None) -> list[str]:
    """The command line of a TensorBoard server.

    Args:
        log_dir: Folder with event files.
        host: Name or address to serve on, 0.0.0.0 for all. None: as the setting `tensorboard_host` says, or this
            machine only.
        port: Port to serve on. None: 6006, or the next that is free.
    """
    host = host or str(rv_config_.get_namespace_option('rastervision', 'TENSORBOARD_HOST', 'localhost'))
    command = [sys.executable, '-P', '-m', 'tensorboard.main', '--logdir', log_dir, '--host', host]
    return command if port is None else [*command, '--port', str(port)]


class TensorBoardServer:
    """A TensorBoard server that runs beside training.

    Args:
        log_dir: Folder with event files.
    """

    def __init__(self, log_dir: str) -> None:
        log.info('Starting TensorBoard; it says where it serves, by default at http://localhost:6006/')
        self.process = subprocess.Popen(server_command(log_dir))
        terminate_at_exit(self.process)

    def stop(self) -> None:
        """End the server, and wait until it has."""
        if self.process.poll() is not None:
            log.warning('TensorBoard ended by itself, with exit code %d.', self.process.returncode)
            return
        self.process.terminate()
        self.process.wait()
