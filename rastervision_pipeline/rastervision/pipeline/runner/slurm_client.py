"""Calls the programs of Slurm, and reads what they say."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.runner.submission import JobState, State

TIMEOUT_SECONDS = 60
TRIES = 5  # a controller that is busy or restarts is asked again
SECONDS_BETWEEN_TRIES = 2.0

STATES = {
    'PENDING': State.WAITING,
    'CONFIGURING': State.WAITING,
    'REQUEUED': State.WAITING,
    'REQUEUE_FED': State.WAITING,
    'REQUEUE_HOLD': State.WAITING,
    'RESV_DEL_HOLD': State.WAITING,
    'SPECIAL_EXIT': State.WAITING,
    'RUNNING': State.RUNNING,
    'COMPLETING': State.RUNNING,
    'RESIZING': State.RUNNING,
    'SIGNALING': State.RUNNING,
    'STAGE_OUT': State.RUNNING,
    'STOPPED': State.RUNNING,
    'SUSPENDED': State.RUNNING,
    'COMPLETED': State.DONE,
    'CANCELLED': State.CANCELLED,
}
QUIET_REASONS = ('None', 'Dependency', '(null)', '')  # that a job waits for the one before it needs no word
FAILED, ENDED_WELL = 'FAILED', 'COMPLETED'


def check_installed() -> None:
    """See that jobs can be submitted from here.

    Raises:
        RunError: If not.
    """
    if shutil.which('sbatch') is None:
        raise RunError('There is no program sbatch here. Run this where Slurm is installed, such as on a login node.')


def submit(arguments: Sequence[str], *, environment: Mapping[str, str]) -> str:
    """Call sbatch.

    Args:
        arguments: Its arguments.
        environment: Variables for the job, unless they are set here already.

    Returns:
        The id of the job.

    Raises:
        RunError: If Slurm refuses the job, with what it says.
    """
    done = _call(['sbatch', '--parsable', *arguments], env={**environment, **os.environ})
    if done.returncode:
        raise RunError(f'Slurm refuses a job: {done.stderr.strip()} (sbatch {" ".join(arguments)})')
    return done.stdout.strip().partition(';')[0]


def query(ids: Sequence[str]) -> dict[str, JobState]:
    """States of jobs that Slurm has not forgotten yet, by id; of arrays, of each element.

    Raises:
        RunError: If Slurm does not answer, tried several times.
    """
    if not ids:
        return {}
    for attempt in range(TRIES):
        done = _call(['squeue', '-h', '-r', '-t', 'all', '-j', ','.join(ids), '-o', '%i|%T|%r'])
        if done.returncode == 0:
            rows = [line.strip().split('|') for line in done.stdout.splitlines() if line.count('|') == 2]
            return {id: to_state(state, reason) for id, state, reason in rows}
        if 'Invalid job id' in done.stderr:
            return {}
        time.sleep(SECONDS_BETWEEN_TRIES * (attempt + 1 < TRIES))
    raise RunError(f'Slurm does not answer: squeue: {done.stderr.strip()}')


def look_up(id: str) -> JobState | None:
    """State of a job that the controller has forgotten, by accounting, where a cluster has that."""
    if shutil.which('sacct') is None:
        return None
    done = _call(['sacct', '-n', '-P', '-X', '-j', id, '-o', 'State,ExitCode'])
    lines = [line for line in done.stdout.splitlines() if '|' in line] if done.returncode == 0 else []
    if not lines:
        return None
    state, _, code = lines[0].partition('|')
    found = to_state(state.split()[0], '')
    return JobState(found.state, found.reason, _to_code(code))


def cancel(ids: Sequence[str]) -> None:
    """Stop jobs; those that have ended stay as they are."""
    if ids:
        _call(['scancel', *ids])


def to_state(name: str, reason: str) -> JobState:
    """What a state of Slurm means.

    Args:
        name: Its long name, such as `PENDING`.
        reason: Why a job is in it, as Slurm calls it.
    """
    state = STATES.get(name, State.FAILED)
    if state is State.FAILED and name != FAILED:
        return JobState(state, name.lower())
    if state is State.WAITING:
        return JobState(state, '' if reason in QUIET_REASONS else reason)
    return JobState(state, 'a job that it depends on failed' if reason == 'Dependency' else '')


def _to_code(text: str) -> int | None:
    """`1:0` -> 1; `0:9`, ended by a signal -> -9."""
    code, _, number = text.partition(':')
    try:
        return -int(number) if number and int(number) else int(code)
    except ValueError:
        return None


def _call(command: list[str], env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, env=env, check=False)
    except FileNotFoundError as error:
        raise RunError(f'There is no program {command[0]} here. Is Slurm installed?') from error
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, '', f'no answer in {TIMEOUT_SECONDS} s')
