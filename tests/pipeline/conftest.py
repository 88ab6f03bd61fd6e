"""A toy pipeline in a plugin of its own, run here or by the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rastervision.pipeline.registry import registry_
from rastervision.pipeline.rv_config import rv_config_

TOY_DIR = Path(__file__).parent / 'toy'


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Makes a config of the toy pipeline, with its root and its log in the temporary folder."""
    monkeypatch.syspath_prepend(str(TOY_DIR))
    from rastervision.toy_plugin.toy import ToyConfig

    # The registry may have looked for plugins before the toy was there.
    registry_.load_plugins()
    registry_.set_plugin_version('rastervision.toy_plugin', 0)
    rv_config_.set_tmp_dir_root(str(tmp_path / 'tmp'))
    yield lambda **fields: ToyConfig(**{'root_uri': str(tmp_path / 'out'), 'log': str(tmp_path / 'log'), **fields})
    rv_config_.set_tmp_dir_root()


@pytest.fixture
def log(tmp_path):
    """Takes what the toy pipeline has noted since it was asked last."""

    def take():
        path = tmp_path / 'log'
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    return take


@pytest.fixture
def command_line(tmp_path):
    """The environment and program to run `rastervision` in another process, where the toy plugin is installed."""
    env = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([str(TOY_DIR), str(tmp_path / 'plugins'), os.environ.get('PYTHONPATH', '')]),
        'TMPDIR': str(tmp_path / 'tmp'),
        'HOME': str(tmp_path),
    }
    return {
        'args': [sys.executable, '-m', 'rastervision.pipeline.cli'],
        'cwd': str(tmp_path),
        'env': env,
        'toy': [
            str(TOY_DIR / 'toy_config.py'),
            '-a',
            'root_uri',
            str(tmp_path / 'out'),
            '-a',
            'log',
            str(tmp_path / 'log'),
        ],
    }


@pytest.fixture
def rastervision(command_line):
    """Runs `rastervision` in another process, to its end."""

    def run(*args):
        command = [*command_line['args'], *map(str, args)]
        return subprocess.run(
            command, cwd=command_line['cwd'], env=command_line['env'], capture_output=True, text=True, timeout=60
        )

    return run
