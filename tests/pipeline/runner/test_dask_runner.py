"""What only the Dask runner does."""

import signal

import pytest

distributed = pytest.importorskip('distributed')


@pytest.fixture
def address(command_line, monkeypatch):
    """Of a cluster that exists already, in this process, with one worker that has a GPU to give."""
    for name in ('PYTHONPATH', 'TMPDIR', 'HOME'):
        monkeypatch.setenv(name, command_line['env'][name])
    options = {'processes': False, 'protocol': 'tcp://', 'host': '127.0.0.1', 'dashboard_address': None}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=4, resources={'GPU': 1}, **options) as cluster:
        yield cluster.scheduler_address


def test_jobs_run_on_a_cluster_that_exists(rastervision, command_line, address, log):
    result = rastervision('run', 'dask', *command_line['toy'], '--splits', '2', '-o', 'address', address)

    assert result.returncode == 0, result.stderr
    assert log()[-2:] == ['join', 'shout']
    assert 'make 1/2: done in' in result.stdout


def test_a_job_that_fails_is_tried_again(rastervision, command_line, address, log):
    options = ('-a', 'bad_item', 'a', '-o', 'attempts', '2', '-o', 'address', address)
    result = rastervision('run', 'dask', *command_line['toy'], 'make', 'join', *options)

    assert result.returncode == 1
    assert 'ValueError: a is bad' in result.stderr
    assert log() == ['make a', 'make a']


def test_ctrl_c_stops_the_jobs_on_the_cluster(start, command_line, address, wait_for, tmp_path, running):
    process = start('run', 'dask', *command_line['toy'], '-a', 'seconds', '60', '-o', 'address', address)
    wait_for(lambda: (tmp_path / 'log').exists())

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    wait_for(lambda: running() == [])


def test_a_cluster_that_is_not_there_is_an_error(rastervision, command_line):
    command_line['env']['DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT'] = '1s'
    result = rastervision('run', 'dask', *command_line['toy'], '-o', 'address', 'tcp://127.0.0.1:9')

    assert result.returncode == 1
    assert "There is no Dask scheduler at 'tcp://127.0.0.1:9'" in result.stderr
