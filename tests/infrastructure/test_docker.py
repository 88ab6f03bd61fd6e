"""The image: its file is linted, its scripts say what they would run. It is not built here; see docs/docker.md."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / 'docker'


def call(*args, **env):
    return subprocess.run(
        [str(arg) for arg in args],
        capture_output=True,
        text=True,
        env={'PATH': os.environ['PATH'], 'HOME': '/nowhere', **env},
        timeout=60,
    )


def test_dockerfile_is_clean():
    hadolint = Path(sys.executable).parent / 'hadolint'

    result = call(hadolint, '--config', ROOT / '.hadolint.yaml', DOCKER / 'Dockerfile')

    assert (result.stdout, result.returncode) == ('', 0)


def test_dockerfile_copies_what_is_there():
    lines = (DOCKER / 'Dockerfile').read_text().splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith('COPY ') and '--from' not in line]
    sources = [source for copied in copies for source in copied]

    assert len(sources) > 5
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_requirements_are_those_of_the_parts():
    result = call(sys.executable, DOCKER / 'requirements.py', 'pipeline', 'aws_s3')

    names = result.stdout.splitlines()
    assert any(name.startswith('boto3>=') for name in names)
    assert not any(name.startswith(('rastervision', 'torch')) for name in names)


@pytest.mark.parametrize('script', ['build', 'run', 'ecr_publish'])
def test_scripts_say_how_they_are_used(script):
    result = call(DOCKER / script, '--help')

    assert result.returncode == 0
    assert result.stdout.startswith(f'Usage: docker/{script}')


def test_build_passes_the_device_on():
    result = call(DOCKER / 'build', '--device', 'cuda', '--base', 'b', '--no-cache', DOCKER='echo')

    assert f'--build-arg DEVICE=cuda --tag raster-vision-cuda --build-arg BASE=b --no-cache {ROOT}' in result.stdout


def test_build_knows_two_devices():
    assert 'must be cpu or cuda' in call(DOCKER / 'build', '--device', 'tpu', DOCKER='echo').stderr


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ([], ['raster-vision-cpu bash']),
        (['--gpu'], ['--gpus all', 'raster-vision-cuda bash']),
        (['--tensorboard'], ['--publish 127.0.0.1:6006:6006', '--env RASTERVISION_TENSORBOARD_HOST=0.0.0.0']),
        (['--jupyter'], ['--publish 127.0.0.1:8888:8888', 'jupyter lab']),
        (['--debug'], ['--publish 127.0.0.1:3000:3000', 'SYS_PTRACE']),
        (['--name', 'mine'], [' mine bash']),
        (['--aws'], ['--env AWS_REGION']),
        (['--gpu', '--volume', '/a:/b', '--', '--env', 'X=1'], ['--volume /a:/b', '--env X=1']),
        (
            ['--gpu', '-v', '/a:/b', '::', 'rastervision', '--help'],
            ['-v /a:/b', 'raster-vision-cuda rastervision --help'],
        ),
    ],
)
def test_run_passes_on_what_is_asked_for(options, expected):
    result = call(DOCKER / 'run', *options, DRY_RUN='1', AWS_REGION='eu-west-1')

    assert result.returncode == 0, result.stderr
    for text in expected:
        assert text in result.stdout


def test_image_is_published_under_its_name(tmp_path):
    aws = tmp_path / 'aws'
    aws.write_text('#!/bin/sh\necho 123456789012\n')
    aws.chmod(0o755)

    result = call(
        DOCKER / 'ecr_publish', 'raster-vision-cpu', 'lab-cpu:v1',
        DRY_RUN='1', AWS_REGION='eu-west-1', PATH=f'{tmp_path}:{os.environ["PATH"]}',
    )  # fmt: skip

    target = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/lab-cpu:v1'
    assert result.stdout.split('\n')[:2] == [f'docker tag raster-vision-cpu {target} ', f'docker push {target} ']


class Definition:
    """A definition for Apptainer: its header and sections, with the values that its arguments have by default.

    Apptainer itself cannot be installed here: the definitions are read, not built.
    """

    def __init__(self, name, **arguments):
        text = (DOCKER / f'{name}.def').read_text()
        defaults = re.search(r'^%arguments\n((?: .*\n)+)', text, re.M)[1].splitlines()
        self.defaults = dict(line.strip().split('=', 1) for line in defaults)
        assert arguments.keys() <= self.defaults.keys()
        values = self.defaults | arguments
        filled = re.sub(r'\{\{\s*(\w+)\s*\}\}', lambda match: values[match[1]], text)
        header, *sections = re.split(r'^%', re.sub(r'^#.*\n', '', filled, flags=re.M), flags=re.M)
        self.header = dict(line.split(': ') for line in header.split('\n') if line)
        self.sections = {name: body for name, _, body in (section.partition('\n') for section in sections)}


DEFINITIONS = ['rastervision', 'rastervision_from_sources']


@pytest.mark.parametrize('name', DEFINITIONS)
def test_definitions_for_apptainer_run_the_same(name):
    definition, other = Definition(name), Definition(DEFINITIONS[0])

    for section in ('post', 'environment', 'runscript', 'test'):
        if section in definition.sections:
            done = subprocess.run(['sh', '-n'], input=definition.sections[section], text=True, capture_output=True)
            assert done.stderr == ''
    for section in ('environment', 'runscript', 'test', 'labels'):
        assert definition.sections[section] == other.sections[section]


def test_definitions_for_apptainer_need_no_docker_engine():
    own = Definition('rastervision', image='registry.example.org/rv:v1')

    assert own.header == {'Bootstrap': 'docker', 'From': 'registry.example.org/rv:v1'}
    assert Definition('rastervision', **{'from': 'docker-daemon'}).header['Bootstrap'] == 'docker-daemon'
    assert Definition('rastervision_from_sources').header['Bootstrap'] == 'docker'


def test_definition_of_the_sources_installs_what_the_dockerfile_does():
    arguments = Definition('rastervision_from_sources').defaults
    found = re.findall(r'^ARG (\w+)="?(.*?)"?$', (DOCKER / 'Dockerfile').read_text(), re.M)
    in_dockerfile = {name.lower(): value.removeprefix('docker.io/library/') for name, value in found}

    assert arguments == in_dockerfile | {'device': 'cuda'}


def test_definition_of_the_sources_takes_all_that_is_installed():
    definition = Definition('rastervision_from_sources')
    copied = [line.split() for line in definition.sections['files'].splitlines() if line.strip()]

    assert all((ROOT / source).exists() and target == f'/src/{source}' for source, target in copied)
    parts = definition.defaults['parts'].split()
    assert {f'rastervision_{part}' for part in parts} <= {source for source, _ in copied}


def test_parts_are_installed_from_the_sources(tmp_path):
    program = tmp_path / 'pip'
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n')
    program.chmod(0o755)
    env = {'PATH': f'{tmp_path}:{Path(sys.executable).parent}:{os.environ["PATH"]}', 'DEVICE': 'cpu'}
    env |= {'PARTS': 'pipeline pytorch_learner', 'EXTRAS': 'a>=1 b', 'TORCH_INDEX': 'http://index'}
    shutil.copytree(DOCKER, tmp_path / 'docker')
    for part in env['PARTS'].split():
        (tmp_path / f'rastervision_{part}').mkdir()
        shutil.copy(ROOT / f'rastervision_{part}' / 'pyproject.toml', tmp_path / f'rastervision_{part}')

    for what in ('requirements', 'parts'):
        subprocess.run([DOCKER / 'install', what], cwd=tmp_path, env=env, check=True)

    assert (tmp_path / 'said').read_text().splitlines() == [
        'install --no-cache-dir --index-url http://index -r torch.txt',
        'install --no-cache-dir -r requirements.txt',
        'install --no-cache-dir --no-deps ./rastervision_pipeline',
        'install --no-cache-dir --no-deps ./rastervision_pytorch_learner',
    ]
    assert (tmp_path / 'torch.txt').read_text().startswith('torch>=')
    assert (tmp_path / 'requirements.txt').read_text().endswith('\na>=1\nb\n')
