"""What only the Slurm runner does, on a Slurm of one node."""

import re
import signal
import subprocess

import psutil
import pytest

from rastervision.pipeline.runner.plan import Job
from rastervision.pipeline.runner.slurm_client import to_state
from rastervision.pipeline.runner.slurm_runner import SlurmRunner
from rastervision.pipeline.runner.slurm_script import job_script
from rastervision.pipeline.runner.submission import State, Submission

pytestmark = pytest.mark.usefixtures('on_slurm')


@pytest.fixture
def submit(rastervision, command_line):
    """Hands the toy pipeline to Slurm, and does not wait."""
    return lambda *args: rastervision('run', 'slurm', *command_line['toy'], *args)


@pytest.fixture
def jobs(rastervision, tmp_path):
    """Asks for the jobs of the run."""
    return lambda *args: rastervision('jobs', tmp_path / 'out', *args)


@pytest.fixture
def ask(command_line):
    """Calls a program of Slurm."""

    def ask(*command):
        return subprocess.run(
            command, env=command_line['env'], capture_output=True, text=True, timeout=30, check=True
        ).stdout

    return ask


def ids_of(result):
    return re.findall(r'submitted as (\d+)', result.stdout)


@pytest.mark.parametrize('stop', ['scancel', 'SIGKILL'])
def test_run_after_a_job_was_killed_finishes_the_rest(submit, jobs, ask, wait_for, log, tmp_path, running, stop):
    noted = tmp_path / 'log'
    ids = ids_of(submit('make', 'join', '--splits', '2', '-a', 'seconds', '0.8'))
    wait_for(lambda: noted.exists() and 'make b' in noted.read_text())
    if stop == 'scancel':
        ask('scancel', f'{ids[0]}_0')
    else:
        next(p for p in running() if p.info['cmdline'][-2:] == ['--split-ind', '0']).kill()
    failed = jobs('--wait')
    noted.unlink(missing_ok=True)

    result = submit('make', 'join', '--splits', '2', '--wait')

    assert failed.returncode == 1
    assert ('make 1/2 was cancelled' if stop == 'scancel' else 'make 1/2 was killed by SIGKILL') in failed.stderr
    assert 'So these did not end well, either: join.' in failed.stderr
    assert result.returncode == 0, result.stderr
    assert 'make b' not in log()
    assert (tmp_path / 'out' / 'joined.txt').read_text() == 'abc'


def test_jobs_are_listed_and_cancelled_and_not_handed_over_twice(submit, jobs):
    first = submit('-o', 'partition', 'closed', '--splits', '2')
    listed = jobs()
    second = submit()
    jobs('--cancel')
    third = jobs()

    make, *_ = ids_of(first)
    assert f'{make}_0' in listed.stdout
    assert 'waiting: PartitionDown' in listed.stdout
    assert second.returncode == 1
    assert '4 jobs of' in second.stderr
    assert third.stdout.count('cancelled') == 4


def test_reason_for_waiting_is_told_and_ctrl_c_cancels(start, command_line, wait_for, ask, tmp_path):
    out = tmp_path / 'printed'
    with open(out, 'w') as file:
        process = start('run', 'slurm', *command_line['toy'], '--wait', '-o', 'partition', 'closed', stdout=file)
        wait_for(lambda: 'make: waits: PartitionDown' in out.read_text())
        process.send_signal(signal.SIGINT)

        assert process.wait(15) == 130
    ids = re.findall(r'submitted as (\d+)', out.read_text())
    assert len(ids) == 3
    assert set(ask('squeue', '-h', '-t', 'all', '-j', ','.join(ids), '-o', '%T').split()) == {'CANCELLED'}


def test_a_job_that_fails_is_tried_again(submit, log):
    result = submit('make', '--wait', '-o', 'attempts', '2', '-a', 'bad_item', 'b')

    assert result.returncode == 1
    assert 'Attempt 1 of 2 ended with exit code 1.' in result.stderr
    assert log() == ['make a', 'make b', 'make b']


def test_settings_of_a_command_go_before_those_of_its_class(submit, ask, command_line, jobs):
    command_line['env'] |= {'SLURM_TIME': '60', 'SLURM_GPU_TIME': '120', 'SLURM_JOIN_TIME': '180'}
    ids = ids_of(submit('-o', 'partition', 'closed', '-o', 'memory', '100M', '-o', 'make_cpus', '3'))
    jobs('--cancel')

    lines = ask('squeue', '-h', '-t', 'all', '-j', ','.join(ids), '-S', 'i', '-o', '%l %m %C').splitlines()
    assert [line.split() for line in lines] == [
        ['1:00:00', '100M', '3'],
        ['3:00:00', '100M', '1'],
        ['2:00:00', '100M', '1'],
    ]


def test_what_slurm_refuses_is_told_and_nothing_is_left(submit, ask):
    result = submit('-o', 'shout_partition', 'nowhere')

    assert result.returncode == 1
    assert 'invalid partition' in result.stderr
    states = ask('squeue', '-h', '-t', 'all', '-j', ','.join(ids_of(result)), '-o', '%T').split()
    assert states[-1] == 'CANCELLED'


def test_jobs_run_in_a_container(submit, command_line, tmp_path, log):
    """Stands for Apptainer, which needs privileges that a test does not have: notes its arguments, runs the rest."""
    program = tmp_path / 'apptainer'
    program.write_text(f'#!/bin/bash\necho "$@" >>{tmp_path}/calls\nshift 4\nexec "$@"\n')
    program.chmod(0o755)
    options = {'container': '/images/rv.sif', 'container_binds': '/data,/scratch', 'python': command_line['args'][0]}
    options |= {'container_command': str(program), 'join_container_options': '--cleanenv'}

    result = submit('make', '--wait', *(text for item in options.items() for text in ('-o', *item)))

    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'calls').read_text().startswith('exec --bind /data,/scratch /images/rv.sif')
    assert log() == ['make a', 'make b', 'make c']


def test_jobs_that_slurm_has_forgotten_are_known_by_their_exit_codes(tmp_path, slurm, monkeypatch):
    monkeypatch.setenv('SLURM_CONF', slurm['SLURM_CONF'])
    plan = (Job(0, 'make', 0, 2, ()), Job(1, 'make', 1, 2, ()), Job(2, 'join', 0, 1, (0, 1)))
    submission = Submission(
        'slurm', str(tmp_path / 'c.json'), plan, ('99999_0', '99999_1', '99998'), {'folder': str(tmp_path)}
    )
    (tmp_path / 'make-0.exit').write_text('0\n')
    (tmp_path / 'make-1.exit').write_text('137\n')

    states = SlurmRunner().states(submission)

    assert [(state.state, state.code) for state in states] == [
        (State.DONE, 0),
        (State.FAILED, -9),
        (State.UNKNOWN, None),
    ]


@pytest.mark.parametrize(
    ('name', 'reason', 'expected'),
    [
        ('PENDING', 'Dependency', (State.WAITING, '')),
        ('PENDING', 'Resources', (State.WAITING, 'Resources')),
        ('COMPLETING', 'None', (State.RUNNING, '')),
        ('TIMEOUT', 'TimeLimit', (State.FAILED, 'timeout')),
        ('OUT_OF_MEMORY', 'None', (State.FAILED, 'out_of_memory')),
        ('CANCELLED', 'Dependency', (State.CANCELLED, 'a job that it depends on failed')),
    ],
)
def test_states_of_slurm(name, reason, expected):
    state = to_state(name, reason)

    assert (state.state, state.reason) == expected


def test_script_passes_a_signal_on_and_notes_the_exit_code(tmp_path, wait_for):
    script = tmp_path / 'job.sh'
    script.write_text(job_script('sleep 60', exit_path=str(tmp_path / 'it'), attempts=3))
    process = subprocess.Popen(['bash', script])
    wait_for(lambda: any(p.name() == 'sleep' for p in psutil.Process(process.pid).children()))

    process.terminate()

    assert process.wait(10) == 143
    assert (tmp_path / 'it.exit').read_text() == '143\n'
