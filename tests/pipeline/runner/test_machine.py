import os

import pytest

from rastervision.pipeline.runner.machine import available_memory, memory_of, visible_gpus


@pytest.mark.parametrize(
    ('value', 'expected'), [('0,2', ['0', '2']), ('', []), ('-1', []), ('1,-1,2', ['1']), ('GPU-ab12', ['GPU-ab12'])]
)
def test_gpus_are_those_that_cuda_would_see(monkeypatch, value, expected):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', value)

    assert visible_gpus() == expected


def test_gpus_are_counted_by_nvidia_smi(monkeypatch, tmp_path):
    """Stands for the program of NVIDIA's driver, which needs a GPU."""
    program = tmp_path / 'nvidia-smi'
    program.write_text('#!/bin/sh\necho "GPU 0: X (UUID: GPU-1)"\necho "GPU 1: X (UUID: GPU-2)"\n')
    program.chmod(0o755)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)

    assert visible_gpus() == ['0', '1']


def test_memory_of_this_process_and_machine():
    assert memory_of(os.getpid()) > 5
    assert available_memory() > 5
    assert memory_of(2**22 + 1) == 0
