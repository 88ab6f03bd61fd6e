"""Runs a graph of jobs as processes: starts what is ready, watches what runs, leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from subprocess import Popen

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.runner.parent import PARENT
from rastervision.pipeline.runner.plan import Job
from rastervision.pipeline.runner.progress import Progress, make_progress
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.verbosity import Verbosity

POLL_SECONDS = 0.05
GRACE_SECONDS = 5.0  # between asking a job to end and killing it
TAIL_LINES = 40

# How long a thread of torch spins while it waits for another, before it lets go of the core. By default it spins a
# hundred times longer: training with two threads then takes 30 times as long once something else runs on the two cores.
DEFAULT_ENV = {'GOMP_SPINCOUNT': '3000'}


@dataclass
class Running:
    """A job that runs.

    Attributes:
        job: The job.
        process: Its process, which leads a group of its own.
        log: Path of the file that its output goes to; None if that is passed through.
    """

    job: Job
    process: Popen[bytes]
    log: str | None


def run_jobs(plan: list[Job], command_line: Callable[[Job], list[str]], *, limit: int | None = None) -> None:
    """Run all jobs of a plan, each when those that it depends on have ended.

    What a job prints goes to a file, or with `-v` straight through. After a failure no further job starts, and those
    that run are waited for. If this is interrupted, all jobs are stopped.

    Args:
        plan: The jobs.
        command_line: Gives the program and arguments of a job.
        limit: How many run at a time. None: as many as there are cores for this process.

    Raises:
        RunError: If a job fails, with the end of what it printed.
    """
    logs = None if Verbosity.get() >= Verbosity.VERBOSE else _make_log_dir()
    running: list[Running] = []
    failed: list[Running] = []
    waiting, ended = list(plan), set[int]()
    try:
        with make_progress(plan, is_live=logs is not None) as progress:
            while running or (waiting and not failed):
                ready = [] if failed else [job for job in waiting if ended.issuperset(job.dependencies)]
                for job in ready[: (limit or core_count()) - len(running)]:
                    waiting.remove(job)
                    running.append(_start(job, command_line(job), logs))
                    progress.start(job)
                time.sleep(POLL_SECONDS)
                for item in running:
                    progress.look(item.job, item.log)
                for item in [item for item in running if item.process.poll() is not None]:
                    running.remove(item)
                    _note_end(item, ended, failed, progress)
    finally:
        stop(running)
    if failed:
        raise RunError(_failure_text(failed[0]))
    if logs is not None:
        shutil.rmtree(logs, ignore_errors=True)


def stop(running: Iterable[Running]) -> None:
    """End processes and all that they started: politely, then, after a few seconds, by force."""
    items = list(running)
    try:
        for item in items:
            _signal(item.process, signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        for item in items:
            with suppress(subprocess.TimeoutExpired):
                item.process.wait(max(0, until - time.monotonic()))
    finally:
        for item in items:
            _signal(item.process, getattr(signal, 'SIGKILL', signal.SIGTERM))
            item.process.wait()


def core_count() -> int:
    """How many cores this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _make_log_dir() -> str:
    return tempfile.mkdtemp(prefix='rastervision-logs-', dir=rv_config_.get_tmp_dir_root())


def _start(job: Job, command: list[str], logs: str | None) -> Running:
    path = None if logs is None else os.path.join(logs, f'{job.name.replace("/", "-of-").replace(" ", "-")}.log')
    with nullcontext() if path is None else open(path, 'wb') as output:
        process = Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
            env={**DEFAULT_ENV, **os.environ, PARENT: str(os.getpid()), 'PYTHONUNBUFFERED': '1'},
        )
    return Running(job, process, path)


def _note_end(item: Running, ended: set[int], failed: list[Running], progress: Progress) -> None:
    is_good = item.process.returncode == 0
    if is_good:
        ended.add(item.job.index)
    else:
        failed.append(item)
    progress.end(item.job, is_good)


def _signal(process: 'Popen[bytes]', number: int) -> None:
    """Send a signal to a process and its group, which may outlive it."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, 'killpg'):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _failure_text(item: Running) -> str:
    code = item.process.returncode
    how = f'was killed by {signal.Signals(-code).name}' if code < 0 else f'failed with exit code {code}'
    if item.log is None:
        return f'{item.job.name} {how}; see what it printed above.'
    with open(item.log, errors='replace') as file:
        tail = ''.join(file.readlines()[-TAIL_LINES:]).rstrip()
    return f'{item.job.name} {how}. All it printed is in {item.log}; the end of it:\n\n{tail}'
