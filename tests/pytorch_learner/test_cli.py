import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests
from click.testing import CliRunner
from torch.utils.tensorboard import SummaryWriter

from rastervision.pipeline.errors import NotReadableError
from rastervision.pytorch_learner.cli import tensorboard


def test_logs_of_a_run_are_served(tmp_path):
    with SummaryWriter(str(tmp_path / 'train' / 'tb-logs')) as writer:
        writer.add_scalar('loss', 0.5, 1)
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, '-m', 'rastervision.pipeline.cli', 'tensorboard', str(tmp_path), '--port', str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until = time.monotonic() + 60
        runs = None
        while runs is None and time.monotonic() < until:
            try:
                runs = requests.get(f'http://localhost:{port}/data/runs', timeout=5).json() or None
            except requests.ConnectionError:
                time.sleep(0.3)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    assert runs == [os.path.join('train', 'tb-logs')]


def test_a_folder_without_logs_is_an_error(tmp_path):
    with pytest.raises(NotReadableError, match='has no logs'):
        CliRunner().invoke(tensorboard, [str(tmp_path)], catch_exceptions=False)
