"""The template of a plugin: what it makes is installed, tested and run."""

import json
import os
import subprocess
import sys
import tarfile
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


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


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


def test_its_own_tests_pass(project, installed):
    result = call(sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', cwd=project, **installed)

    assert result.returncode == 0, result.stdout
    assert '5 passed' in result.stdout


def test_its_pipeline_runs_by_the_command_line(project, installed, tmp_path):
    profile = {'driver': 'GTiff', 'count': 1, 'height': 30, 'width': 20, 'dtype': 'uint8'}
    with rasterio.open(tmp_path / 'a.tif', 'w', transform=rasterio.Affine(1, 0, 9, 0, -1, 9), **profile) as dataset:
        dataset.write(np.full((1, 30, 20), 7, dtype=np.uint8))
    images, root = json.dumps([str(tmp_path / 'a.tif')]), str(tmp_path / 'out')

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
