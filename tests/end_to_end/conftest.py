"""The quickstart, run by the command line as a user would, once for all tests."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / 'examples/quickstart.py'


@dataclass
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope='session')
def rastervision(tmp_path_factory):
    """Runs `rastervision` in another process, with further variables in its environment."""
    env = {
        **os.environ,
        'TMPDIR': str(tmp_path_factory.mktemp('tmp')),
        'PYTHONPATH': os.pathsep.join([str(ROOT / 'examples'), os.environ.get('PYTHONPATH', '')]),
    }

    def rastervision(*args: object, **variables: str) -> Done:
        command = [sys.executable, '-m', 'rastervision.pipeline.cli', *map(str, args)]
        done = subprocess.run(command, env=env | variables, capture_output=True, timeout=300)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return rastervision


@pytest.fixture(scope='session')
def town(tmp_path_factory) -> Path:
    """The images and labels of the quickstart."""
    folder = tmp_path_factory.mktemp('town')
    subprocess.run([sys.executable, str(ROOT / 'examples/town.py'), str(folder)], check=True)
    return folder


@dataclass
class Run:
    """A finished run of the quickstart with one epoch."""

    root: Path
    args: tuple[object, ...]
    done: Done


@pytest.fixture(scope='session')
def run(rastervision, town, tmp_path_factory) -> Run:
    root = tmp_path_factory.mktemp('quickstart') / 'run'
    args = ('run', 'local', QUICKSTART, '-a', 'data_uri', town, '-a', 'root_uri', root, '-a', 'num_epochs', 1)
    return Run(root, args, rastervision(*args))
