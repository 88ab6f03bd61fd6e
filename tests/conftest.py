"""How tests are shared among processes, and kept apart."""

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest import Config
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Their tests look at one run of the quickstart, which takes a minute.
TOGETHER = 'tests/end_to_end/'
SLURM = Path(__file__).parent / 'pipeline/runner/slurm'


class BySharedWork(LoadScopeScheduling):
    """A file goes to one process, so that what its tests share is made once; some folders do as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.split('::', 1)[0]


def pytest_xdist_make_scheduler(config: Config, log: Producer) -> LoadScopeScheduling:
    """Called by xdist."""
    return BySharedWork(config, log)


@pytest.fixture(autouse=True)
def log_handlers() -> Iterator[None]:
    """Take away what a command line in a test logs by: its stream is closed when the test ends."""
    logger = logging.getLogger('rastervision')
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture(scope='session')
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Slurm on this machine: what its clients need in their environment."""
    if shutil.which('slurmctld', path=os.environ['PATH'] + ':/usr/sbin') is None:
        pytest.skip('needs the packages slurm-wlm and munge')
    folder = tmp_path_factory.mktemp('slurm')
    started = subprocess.run([SLURM / 'up.sh', folder], capture_output=True, text=True, timeout=60)
    assert started.returncode == 0, started.stderr
    yield {'SLURM_CONF': str(folder / 'slurm.conf'), 'SLURM_POLL_SECONDS': '0.3'}
    subprocess.run([SLURM / 'down.sh', folder], timeout=60, check=True)
