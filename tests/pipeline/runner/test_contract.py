"""What all runners do alike."""

import pytest

FILES = {'a.txt': b'a', 'b.txt': b'b', 'c.txt': b'c', 'joined.txt': b'abc', 'shouted.txt': b'abc!'}


@pytest.fixture
def outputs(tmp_path):
    """Reads what the pipeline has written."""
    return lambda: {path.name: path.read_bytes() for path in (tmp_path / 'out').glob('*.txt')}


@pytest.mark.parametrize('splits', [1, 2, 7])
def test_commands_run_in_order_each_part_once_with_the_same_bytes(run, outputs, log, splits):
    result = run('--splits', splits)

    assert result.returncode == 0, result.stderr
    noted = log()
    assert sorted(noted[:3]) == ['make a', 'make b', 'make c']
    assert noted[3:] == ['join', 'shout']
    assert outputs() == FILES


def test_failure_stops_what_depends_on_it_and_is_told(run, log):
    result = run('--splits', '3', '-a', 'bad_item', 'b')

    assert result.returncode == 1
    assert 'ValueError: b is bad' in result.stderr
    assert not {'join', 'shout'} & set(log())


def test_run_after_a_failure_runs_only_what_is_missing(run, outputs, log):
    run('--splits', '3', '-a', 'bad_item', 'c')
    log()

    result = run('--splits', '3')

    assert result.returncode == 0, result.stderr
    assert log() == ['make c', 'join', 'shout']
    assert outputs() == FILES


def test_what_is_done_is_not_run_again(run, log):
    run('make')
    log()

    result = run('make', 'join')

    assert result.returncode == 0, result.stderr
    assert log() == ['join']


def test_settings_that_a_runner_does_not_have_are_refused(run):
    result = run('-o', 'colour', 'red')

    assert result.returncode == 1
    assert 'has no such setting' in result.stderr
