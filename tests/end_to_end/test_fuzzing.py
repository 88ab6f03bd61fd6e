"""Damaged files end in errors that name them; `scripts/fuzz` tries far more of them than this."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rastervision.pipeline.errors import DataError

SCRIPTS = Path(__file__).parents[2] / 'scripts'


def test_a_few_damaged_inputs_of_each_kind_end_well():
    command = [sys.executable, str(SCRIPTS / 'fuzz'), '--count', '280', '--seed', '0', '--seconds', '60']

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    counts = done.stdout.splitlines()[-1].split()
    assert counts[0] == 'all' and sum(map(int, counts[1:8])) == 280
    assert int(counts[2]) > 100  # they are damaged indeed


def test_the_same_numbers_give_the_same_inputs(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SCRIPTS)
    import random

    from fuzzing import mutations

    made = [mutations.change_json(b'{"a": [1, 2], "b": {"c": "d"}}', random.Random(f'0 json {i}')) for i in range(50)]
    again = [mutations.change_json(b'{"a": [1, 2], "b": {"c": "d"}}', random.Random(f'0 json {i}')) for i in range(50)]

    assert made == again
    assert len(set(made)) > 30


def behave(kind, number, folder):
    """What an input makes a worker do."""
    from fuzzing.workers import attempt

    def step():
        if kind == 'clear':
            raise DataError('odd.tif is damaged')
        if kind == 'unnamed':
            raise DataError('it is damaged')
        if kind == 'foreign':
            raise KeyError('x')
        if kind == 'memory':
            bytearray(4 << 30)
        if kind == 'hang':
            time.sleep(60)
        if kind == 'crash':
            os._exit(3)

    attempt('odd.tif', step)


@pytest.mark.parametrize('workers', [1, 3])
def test_each_way_to_end_is_told(monkeypatch, workers):
    monkeypatch.syspath_prepend(SCRIPTS)
    from fuzzing.workers import OUTCOMES, run_all

    cases = [(outcome, number) for number in range(2) for outcome in OUTCOMES]

    results = list(run_all(cases, behave, workers=workers, seconds=2, megabytes=1000))

    assert sorted(result.case for result in results) == sorted(cases)
    assert all(result.outcome == result.case[0] for result in results), results
