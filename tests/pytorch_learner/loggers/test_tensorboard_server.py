"""The real TensorBoard, beside training."""

import logging
import re
import sys
import time

import pytest
import requests

from rastervision.pytorch_learner.learner.reporting import ReportingPart
from rastervision.pytorch_learner.loggers.tensorboard_logger import TensorBoardServer, server_command

SECONDS_TO_START = 60  # it imports much


@pytest.fixture
def uri_of_server(capfd):
    """Waits until a server says where it is, and gives that."""

    def wait():
        text, until = '', time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until:
            text += capfd.readouterr().err
            found = re.search(r'TensorBoard .* at (http://\S+)', text)
            if found:
                return found[1]
            time.sleep(0.1)
        raise AssertionError(text)

    return wait


class Config:
    run_tensorboard = log_tensorboard = True


class Part(ReportingPart):
    is_ddp_process, cfg = False, Config()

    def __init__(self, folder):
        self.output_dir_local = str(folder)


def test_a_server_runs_beside_training_and_ends_with_it(tmp_path, uri_of_server, monkeypatch):
    monkeypatch.setenv('RASTERVISION_TENSORBOARD_HOST', '127.0.0.1')
    learner = Part(tmp_path)

    with pytest.raises(KeyError, match='training fails'), learner.served():
        uri = uri_of_server()
        assert uri.startswith('http://127.0.0.1:')
        assert '<title>TensorBoard</title>' in requests.get(uri, timeout=20).text
        raise KeyError('training fails')

    with pytest.raises(requests.ConnectionError):
        requests.get(uri, timeout=5)


def test_other_processes_of_a_training_start_no_server(tmp_path):
    learner = Part(tmp_path)
    learner.is_ddp_process, learner.ddp_rank = True, 1

    with learner.served():
        assert learner._server is None


def test_a_server_that_ended_by_itself_is_told(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sys, 'executable', '/bin/false')
    server = TensorBoardServer(str(tmp_path))
    server.process.wait()

    with caplog.at_level(logging.WARNING, 'rastervision'):
        server.stop()

    assert 'TensorBoard ended by itself, with exit code 1' in caplog.text


def test_others_see_the_server_only_if_asked(tmp_path, monkeypatch):
    assert server_command('logs')[-2:] == ['--host', 'localhost']
    monkeypatch.setenv('RASTERVISION_TENSORBOARD_HOST', '0.0.0.0')
    assert server_command('logs')[-2:] == ['--host', '0.0.0.0']
    assert server_command('logs', 'here', 7)[-4:] == ['--host', 'here', '--port', '7']
