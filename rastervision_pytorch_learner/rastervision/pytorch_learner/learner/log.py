"""Logs of training: a CSV file, TensorBoard, the machine."""

import csv
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import psutil
import torch
from torch.utils.tensorboard import SummaryWriter

from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.utils import terminate_at_exit

log = logging.getLogger(__name__)


def write_log(csv_path: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write metrics, one row for each epoch. Atomic.

    Args:
        csv_path: Local path.
        rows: The metrics. The keys of the first are the columns; what later rows have beyond is left out.
    """
    if not rows:
        return
    with publish_file(csv_path) as tmp_path, open(tmp_path, 'w', newline='') as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), extrasaction='ignore')
        writer.writeheader()
        writer.writerows(rows)


def read_log(csv_path: str) -> list[dict[str, Any]]:
    """Read what `write_log` wrote; values are text. Empty if there is no file."""
    if not os.path.isfile(csv_path):
        return []
    with open(csv_path, newline='') as file:
        return list(csv.DictReader(file))


def log_metrics_to_csv(csv_path: str, metrics: dict[str, Any]) -> None:
    """Add a row of metrics to a CSV file, which is made if need be."""
    write_log(csv_path, [*read_log(csv_path), metrics])


def log_system_details() -> None:
    """Log what machine this is and what of it can be used."""
    memory = psutil.virtual_memory()
    log.info('Platform: %s, Python %s', platform.platform(), sys.version.split()[0])
    log.info('PyTorch %s, CUDA %s', torch.__version__, torch.version.cuda)
    log.info('CPUs: %s, memory: %.1f GB, %.1f GB free', os.cpu_count(), memory.total / 1e9, memory.available / 1e9)
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        log.info('GPU %d: %s, %.1f GB', index, properties.name, properties.total_memory / 1e9)


class TensorBoard:
    """Writes metrics for TensorBoard and runs its server.

    Args:
        log_dir: Folder for its files.
        first_epoch: What earlier runs wrote of this epoch and later ones is not shown.
    """

    def __init__(self, log_dir: str, first_epoch: int = 0) -> None:
        self.log_dir = log_dir
        self.writer = SummaryWriter(log_dir=log_dir, purge_step=first_epoch or None)
        self.process: subprocess.Popen[bytes] | None = None

    def add(self, epoch: int, metrics: dict[str, Any]) -> None:
        """Write the numeric metrics of an epoch."""
        for name, value in metrics.items():
            if isinstance(value, int | float) and name != 'epoch':
                self.writer.add_scalar(name, value, epoch)
        self.writer.flush()

    def run(self) -> None:
        """Run a server, until this process ends."""
        log.info('Starting tensorboard: http://localhost:6006/')
        self.process = subprocess.Popen([sys.executable, '-m', 'tensorboard.main', '--logdir', self.log_dir])
        terminate_at_exit(self.process)

    def stop(self) -> None:
        """Close the files and end the server."""
        self.writer.close()
        if self.process is not None:
            self.process.terminate()
            self.process = None
