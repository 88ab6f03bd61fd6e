"""The template of a plugin: what it makes is installed, tested and run."""

import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from rastervision.core.init.command import init

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def call(*args, cwd=None, **env):
    command = [str(arg) for arg in args]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, env={**os.environ, **env})


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp('template')
    made = call(
        BIN / 'cookiecutter', ROOT / 'cookiecutter_template', '--no-input', '--output-dir', folder,
        'project_name=Roof Finder', 'author=Somebody', HOME=str(folder),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder / 'rastervision_roof_finder'


@pytest.fixture
def image(tmp_path):
    profile = {'driver': 'GTiff', 'count': 1, 'height': 30, 'width': 20, 'dtype': 'uint8'}
    with rasterio.open(tmp_path / 'a.tif', 'w', transform=rasterio.Affine(1, 0, 9, 0, -1, 9), **profile) as dataset:
        dataset.write(np.full((1, 30, 20), 7, dtype=np.uint8))
    return str(tmp_path / 'a.tif')


def contents(folder):
    """Path -> bytes, and whether it is a program."""
    files = (path for path in folder.rglob('*') if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK)) for path in files}


def test_rastervision_init_makes_the_same(project, tmp_path):
    folder = tmp_path / 'rastervision-roof_finder'

    result = CliRunner().invoke(init, [str(folder), '--author', 'Somebody'], catch_exceptions=False)

    assert f'cd {folder}' in result.output
    assert contents(folder) == contents(project)


def test_packages_hold_the_template(tmp_path):
    made = call(
        sys.executable, '-m', 'hatchling', 'build', '-d', tmp_path, '-t', 'wheel', '-t', 'sdist',
        cwd=ROOT / 'rastervision_core',
    )  # fmt: skip
    assert made.returncode == 0, made.stderr

    with zipfile.ZipFile(next(tmp_path.glob('*.whl'))) as wheel, tarfile.open(next(tmp_path.glob('*.gz'))) as sdist:
        for names in (wheel.namelist(), sdist.getnames()):
            held = {name.split('/init/template/')[1] for name in names if '/init/template/' in name}
            assert held == set(contents(ROOT / 'cookiecutter_template'))
        programs = {info.filename.split('/')[-1] for info in wheel.infolist() if info.external_attr >> 16 & 0o111}
        assert programs == {'build', 'run', 'console', 'debug'}


@pytest.fixture(scope='module')
def installed(project):
    target = project.parent / 'installed'
    result = call(
        sys.executable, '-m', 'pip', 'install', '--no-deps', '--no-build-isolation', '--target', target, project
    )
    assert result.returncode == 0, result.stderr
    return {'PYTHONPATH': os.pathsep.join([str(target), os.environ.get('PYTHONPATH', '')])}


def test_what_is_made_is_clean_and_formatted(project):
    assert call(BIN / 'ruff', 'check', '--no-cache', project).stdout == 'All checks passed!\n'
    assert call(BIN / 'ruff', 'format', '--no-cache', '--check', project).returncode == 0
    assert call(BIN / 'hadolint', project / 'Dockerfile').stdout == ''


SCRIPTS = ['docker/build', 'docker/run', 'docker/console', 'scripts/debug']


@pytest.mark.parametrize('script', SCRIPTS)
def test_its_scripts_are_programs_that_bash_understands(project, script):
    assert os.access(project / script, os.X_OK)
    assert call('bash', '-n', project / script).stderr == ''
    assert script in (project / 'README.md').read_text()


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        (
            ['docker/build'],
            'docker build --build-arg BASE=raster-vision-cpu:latest --tag rastervision-roof-finder {root}',
        ),
        (['docker/build', '--no-cache'], '--tag rastervision-roof-finder --no-cache {root}'),
        (['docker/run', 'rastervision', 'ls'], ' rastervision-roof-finder rastervision ls'),
        (['docker/run'], '--volume {root}:/src:ro --env PYTHONPATH=/src --volume {cwd}:/work --workdir /work'),
        (['docker/run', '--gpu', '--debug', 'x'], '--gpus all --publish 127.0.0.1:3000:3000 --cap-add SYS_PTRACE'),
        (['docker/console', '--gpu'], ' rastervision-roof-finder bash'),
    ],
)
def test_its_scripts_for_containers_run_what_they_say(project, line, expected, tmp_path):
    """They say what they would run. There is no Docker here, so images and containers are not tested."""
    result = call(project / line[0], *line[1:], cwd=tmp_path, DRY_RUN='1')

    assert result.returncode == 0, result.stderr
    assert expected.format(root=project, cwd=tmp_path) in result.stdout
    sources = [
        line.split()[1] for line in (project / 'Dockerfile').read_text().splitlines() if line.startswith('COPY ')
    ]
    assert all((project / source).exists() for source in sources)


def test_its_script_for_debuggers_runs_when_one_attaches(project, installed, image, tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    env = {'DEBUG_PORT': str(port), 'PYTHON': sys.executable, 'TMPDIR': str(tmp_path), **installed}
    args = [
        'examples/brightness.py',
        'measure',
        '-a',
        'uris',
        json.dumps([image]),
        '-a',
        'root_uri',
        str(tmp_path / 'out'),
    ]
    process = subprocess.Popen([project / 'scripts' / 'debug', *args], cwd=project, env={**os.environ, **env})
    try:
        with connected(port, process) as connection:
            for command in ('initialize', 'attach', 'configurationDone'):
                body = json.dumps({'seq': 1, 'type': 'request', 'command': command, 'arguments': {'adapterID': 'x'}})
                connection.sendall(f'Content-Length: {len(body)}\r\n\r\n{body}'.encode())
            said = b''
            while b'"event": "terminated"' not in said:
                part = connection.recv(1 << 16)
                assert part
                said += part
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()

    assert (tmp_path / 'out' / 'pipeline-config.json').exists()


def connected(port, process):
    """A connection to a debugger that another process starts."""
    until = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(('127.0.0.1', port), timeout=60)
        except ConnectionRefusedError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)


def test_its_launches_start_what_is_there(project, installed, image, tmp_path):
    launch, *attach = json.loads((project / '.vscode' / 'launch.json').read_text())['configurations']
    args = [
        {json.dumps(['image.tif']): json.dumps([image]), 'output': str(tmp_path / 'out')}.get(a, a)
        for a in launch['args']
    ]

    result = call(sys.executable, '-m', launch['module'], *args, cwd=project, TMPDIR=str(tmp_path), **installed)

    assert result.returncode == 0, result.stdout + result.stderr
    port = re.search('DEBUG_PORT:-([0-9]+)', (project / 'scripts' / 'debug').read_text())[1]
    assert [str(each['connect']['port']) for each in attach] == [port, port]
    assert f'127.0.0.1:{port}:{port}' in (project / 'docker' / 'run').read_text()


def test_its_own_tests_pass(project, installed):
    result = call(sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', cwd=project, **installed)

    assert result.returncode == 0, result.stdout
    assert '5 passed' in result.stdout


def test_its_pipeline_runs_by_the_command_line(project, installed, image, tmp_path):
    images, root = json.dumps([image]), str(tmp_path / 'out')

    result = call(
        sys.executable, '-m', 'rastervision.pipeline.cli', 'run', 'local', project / 'examples' / 'brightness.py',
        '-a', 'uris', images, '-a', 'root_uri', root, cwd=tmp_path, TMPDIR=str(tmp_path), **installed,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text())['mean'] == 7


def test_name_that_cannot_be_imported_is_refused(tmp_path):
    result = call(
        BIN / 'cookiecutter', ROOT / 'cookiecutter_template', '--no-input', '--output-dir', tmp_path, 'package=core',
        HOME=str(tmp_path),
    )  # fmt: skip

    assert result.returncode != 0
    assert 'cannot be the name of the package' in result.stdout + result.stderr
    assert list(tmp_path.glob('rastervision_*')) == []
