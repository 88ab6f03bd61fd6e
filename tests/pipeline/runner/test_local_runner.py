import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from rastervision.pipeline.execution import prepare
from rastervision.pipeline.runner.local_runner import LocalRunner, make_run_cmd_invocation
from rastervision.pipeline.runner.scheduler import environment_of


def children_of(process):
    return psutil.Process(process.pid).children(recursive=True)


def is_gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_jobs_run_as_processes(rastervision, command_line, tmp_path):
    result = rastervision('run', 'local', *command_line['toy'], 'make', 'join', '--splits', '2')

    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'out' / 'joined.txt').read_text() == 'abc'
    assert 'make 2/2: done in' in result.stdout


def test_table_at_the_end_says_time_memory_and_log_of_each_job(rastervision, command_line, tmp_path):
    result = rastervision('run', 'local', *command_line['toy'], 'make', 'join', '--splits', '2')

    log = tmp_path / '.out.manifest' / 'logs' / 'make-1-of-2.log'
    lines = [line.split() for line in result.stdout.splitlines()[-4:]]
    assert lines[0] == ['job', 'ended', 'time', 'memory', 'log']
    assert [line[0] for line in lines[1:]] == ['make', 'make', 'join']
    assert lines[1][2:] == ['done', lines[1][3], 's', lines[1][5], 'MB', str(log)]
    assert int(lines[1][5]) > 5
    assert 'Running make command split 1/2...' in log.read_text()


def test_a_limit_of_one_job_runs_them_one_by_one(rastervision, command_line, log):
    result = rastervision('run', 'local', *command_line['toy'], 'make', '--splits', '3', '-o', 'jobs', '1')

    assert result.returncode == 0, result.stderr
    assert log() == ['make a', 'make b', 'make c']


def test_error_of_the_failing_job_comes_last(rastervision, command_line):
    result = rastervision('run', 'local', *command_line['toy'], '-a', 'bad_item', 'b')

    assert result.returncode == 1
    assert 'make failed with exit code 1' in result.stderr
    assert 'ValueError: b is bad' in result.stderr[-400:]


def test_verbose_jobs_print_straight_through(rastervision, command_line):
    result = rastervision('-v', 'run', 'local', *command_line['toy'], 'make')

    assert 'Running make command...' in result.stdout


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_stopping_it_leaves_no_process(wait_for, start, command_line, tmp_path, number):
    process = start('run', 'local', *command_line['toy'], '--splits', '2', '-a', 'seconds', '60')
    wait_for(lambda: (tmp_path / 'log').exists())
    children = children_of(process)

    process.send_signal(number)

    assert process.wait(15) == 128 + number
    assert children
    assert all(is_gone(child) for child in children)


@pytest.mark.skipif(not Path('/proc').exists(), reason='needs Linux')
def test_killing_it_outright_leaves_no_process(wait_for, start, command_line, tmp_path):
    process = start('run', 'local', *command_line['toy'], '--splits', '2', '-a', 'seconds', '60')
    wait_for(lambda: (tmp_path / 'log').exists())
    children = children_of(process)

    process.kill()
    process.wait()

    assert children
    wait_for(lambda: all(is_gone(child) for child in children))


def test_run_after_a_kill_finishes_the_rest(wait_for, start, rastervision, command_line, log, tmp_path):
    noted = tmp_path / 'log'
    process = start('run', 'local', *command_line['toy'], 'make', '-a', 'seconds', '0.4')
    wait_for(lambda: noted.exists() and 'make b' in noted.read_text())
    process.kill()
    process.wait()
    log()

    result = rastervision('run', 'local', *command_line['toy'], 'make')

    assert result.returncode == 0, result.stderr
    second = log()
    assert 'make a' not in second
    assert 'make c' in second


def test_makefile_is_written_with_quoted_names(toy, tmp_path):
    root = tmp_path / "a $b 'c"
    config = prepare(toy(root_uri=str(root)))
    pipeline = config.build(str(tmp_path))

    text = LocalRunner().build_makefile_string(config.get_config_uri(), pipeline, ['make', 'join'], 2)

    assert text.startswith('.PHONY: all 0 1 2\n\nall: 0 1 2\n')
    assert '\n2: 0 1\n\t' in text
    assert '--num-splits 2 --split-ind 1' in text
    assert "a $$b '\"'\"'c" in text


@pytest.mark.skipif(shutil.which('make') is None, reason='needs make')
def test_makefile_can_be_run_with_make(rastervision, command_line, log, tmp_path):
    rastervision('run', 'local', *command_line['toy'], 'make', '--splits', '2')
    log()
    shutil.rmtree(tmp_path / '.out.manifest')

    subprocess.run(['make', '-f', str(tmp_path / 'out' / 'Makefile')], env=command_line['env'], check=True)

    assert sorted(log()) == sorted(['make a', 'make b', 'make c', 'join', 'shout'])


def test_invocation_has_the_options():
    text = make_run_cmd_invocation('/x/c.json', 'chip', {'num-splits': 2, 'split-ind': 0})

    assert text.endswith('-m rastervision.pipeline.cli run_command /x/c.json chip --num-splits 2 --split-ind 0')


def test_a_job_sees_only_the_gpus_that_it_was_given(monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0,1')

    assert environment_of(('1',))['CUDA_VISIBLE_DEVICES'] == '1'
    assert environment_of()['CUDA_VISIBLE_DEVICES'] == '0,1'
