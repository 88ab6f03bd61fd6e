"""The parts belong together: one version, installed from this checkout, light dependencies where promised."""

import importlib.metadata
import json
import runpy
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = sorted(path.parent.name for path in ROOT.glob('rastervision_*/pyproject.toml'))
VERSION = tomllib.loads((ROOT / 'pyproject.toml').read_text())['tool']['rastervision']['version']


def project(part: str) -> dict:
    return tomllib.loads((ROOT / part / 'pyproject.toml').read_text())['project']


@pytest.mark.parametrize('part', PARTS)
def test_part_has_the_one_version(part):
    assert project(part)['version'] == VERSION


@pytest.mark.parametrize('part', PARTS)
def test_parts_ask_for_each_other_in_this_version(part):
    requirements = [r for r in project(part)['dependencies'] if r.startswith('rastervision')]

    assert all(r.endswith(f'>={VERSION}') for r in requirements)


@pytest.mark.parametrize('part', PARTS)
def test_dependencies_have_lower_bounds_and_no_pins(part):
    assert all('>=' in r and '==' not in r and '<' not in r for r in project(part)['dependencies'])


@pytest.mark.parametrize(
    'part',
    [
        'rastervision_pipeline',
        'rastervision_core',
        'rastervision_pytorch_learner',
        'rastervision_pytorch_backend',
        'rastervision_aws_s3',
        'rastervision_aws_batch',
    ],
)
def test_installed_part_comes_from_this_checkout(part):
    distribution = importlib.metadata.distribution(part)
    origin = json.loads(distribution.read_text('direct_url.json') or '{}').get('url', '')

    assert origin == (ROOT / part).as_uri()
    assert distribution.version == VERSION


def test_pipeline_needs_neither_numpy_nor_torch():
    requirements = ' '.join(project('rastervision_pipeline')['dependencies'])

    assert not any(name in requirements for name in ('numpy', 'torch', 'rasterio'))


def test_meta_distribution_takes_the_parts_from_the_checkout(monkeypatch):
    asked: dict = {}
    monkeypatch.setattr('setuptools.setup', asked.update)
    monkeypatch.setattr(sys, 'argv', ['setup.py'])

    runpy.run_path(str(ROOT / 'setup.py'))

    assert asked['version'] == VERSION
    assert [r.split(' @ ')[1] for r in asked['install_requires']] == [
        (ROOT / r.split(' @ ')[0]).as_uri() for r in asked['install_requires']
    ]
