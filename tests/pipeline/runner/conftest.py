"""The engines that runners hand jobs to."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SLURM = Path(__file__).parent / 'slurm'


@pytest.fixture(scope='session')
def slurm(tmp_path_factory):
    """A Slurm on this machine: what its clients need in their environment."""
    if shutil.which('slurmctld', path=os.environ['PATH'] + ':/usr/sbin') is None:
        pytest.skip('needs the packages slurm-wlm and munge')
    folder = tmp_path_factory.mktemp('slurm')
    started = subprocess.run([SLURM / 'up.sh', folder], capture_output=True, text=True, timeout=60)
    assert started.returncode == 0, started.stderr
    yield {'SLURM_CONF': str(folder / 'slurm.conf'), 'SLURM_POLL_SECONDS': '0.3'}
    subprocess.run([SLURM / 'down.sh', folder], timeout=60, check=True)


@pytest.fixture(params=['inprocess', 'local', 'slurm'])
def engine(request, monkeypatch):
    """Name of a runner, whose engine runs here."""
    if request.param == 'slurm':
        request.getfixturevalue('on_slurm')
    return request.param


@pytest.fixture
def on_slurm(slurm, command_line):
    """Commands of a test see the Slurm."""
    command_line['env'].update(slurm)


@pytest.fixture
def run(engine, rastervision, command_line):
    """Runs the toy pipeline with the runner, and waits for its end."""

    def run(*args):
        return rastervision('run', engine, *command_line['toy'], '--wait', *args)

    return run


def heed_interrupts():
    """As in a terminal; a test run that was started in the background has passed on to ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def start(command_line):
    """Starts `rastervision` in another process."""

    def start(*args, stdout=subprocess.DEVNULL):
        command = [*command_line['args'], *args]
        return subprocess.Popen(
            command,
            cwd=command_line['cwd'],
            env=command_line['env'],
            stdout=stdout,
            preexec_fn=heed_interrupts,
        )

    return start


@pytest.fixture
def wait_for():
    """Waits until something is so."""

    def wait_for(condition, seconds=15):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.05)

    return wait_for
