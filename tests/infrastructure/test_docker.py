"""The image: its file is linted, its scripts say what they would run. It is not built here; see docs/docker.md."""

import os
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
    sources = [line.split()[1] for line in lines if line.startswith('COPY ') and '--from' not in line]

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
