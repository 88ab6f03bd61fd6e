"""Runs a graph of jobs as processes: starts what is ready, watches what runs, leaves nothing behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from subprocess import Popen

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.runner.machine import GPU_VARIABLE, MB, memory_of
from rastervision.pipeline.runner.parent import PARENT
from rastervision.pipeline.runner.plan import Job
from rastervision.pipeline.runner.progress import Progress, last_line, make_progress
from rastervision.pipeline.runner.resources import Resources, Share
from rastervision.pipeline.runner.summary import Ended, describe_end, describe_failure, summarize

POLL_SECONDS = 0.05
SECONDS_BETWEEN_SAMPLES = 0.5  # of memory
GRACE_SECONDS = 5.0  # between asking a job to end and killing it

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
        share: What it was given.
        started: When, on the monotonic clock.
    """

    job: Job
    process: Popen[bytes]
    log: str | None
    share: Share
    started: float


class Scheduler:
    """Runs all jobs of a plan, each when those that it depends on have ended and there is room for it.

    What a job prints goes to a file, or straight through. After a failure no further job starts, and those that run
    are waited for. If this is interrupted, all jobs are stopped.
    """

    def __init__(
        self,
        plan: list[Job],
        command_line: Callable[[Job], list[str]],
        resources: Resources,
        log_dirs: Sequence[str] | None,
    ) -> None:
        """Nothing is started yet.

        Args:
            plan: The jobs.
            command_line: Gives the program and arguments of a job.
            resources: What they may use together.
            log_dirs: Folder for the output of each pipeline's jobs. None: it is passed through.
        """
        self.plan, self.command_line, self.resources, self.log_dirs = plan, command_line, resources, log_dirs
        self.running: list[Running] = []
        self.ended: list[Ended] = []
        self._sampled = 0.0

    def run(self) -> None:
        """Run the jobs, to their end; then print a table of them.

        Raises:
            RunError: If a job fails, with the end of what it printed.
        """
        try:
            with make_progress(self.plan, is_live=self.log_dirs is not None) as progress:
                while self._start_ready(progress) or self.running:
                    time.sleep(POLL_SECONDS)
                    self._look(progress)
        finally:
            stop(self.running)
        progress.show(summarize(self.ended))
        failed = [item for item in self.ended if item.code]
        if failed:
            raise RunError(describe_failure(failed[0].job.name, describe_end(failed[0].code), failed[0].log))

    def _start_ready(self, progress: Progress) -> bool:
        """Start what can start; whether anything did."""
        started = {item.job.index for item in self.running} | {item.job.index for item in self.ended}
        good = {item.job.index for item in self.ended if not item.code}
        if len(good) < len(self.ended):
            return False
        ready = [job for job in self.plan if job.index not in started and good.issuperset(job.dependencies)]
        count = len(self.running)
        for job in ready:
            share = self.resources.share_for(job, [item.share for item in self.running])
            if share is None:
                break
            logs = None if self.log_dirs is None else self.log_dirs[job.run]
            self.running.append(_start(share, self.command_line(job), logs))
            progress.start(job)
        return len(self.running) > count

    def _look(self, progress: Progress) -> None:
        is_sampling = time.monotonic() - self._sampled > SECONDS_BETWEEN_SAMPLES
        for item in list(self.running):
            if item.log is not None:
                progress.look(item.job, partial(last_line, item.log))
            if is_sampling:
                item.share.note_memory(memory_of(item.process.pid))
            if has_ended(item):
                self.running.remove(item)
                self.resources.note_end(item.share)
                seconds = time.monotonic() - item.started
                self.ended.append(Ended(item.job, item.process.returncode, seconds, item.share.peak, item.log))
                progress.end(item.job, item.process.returncode == 0)
        if is_sampling:
            self._sampled = time.monotonic()


def has_ended(item: Running) -> bool:
    """Whether a job has ended; its peak of memory is then known for sure, on systems that tell."""
    if item.process.returncode is None and hasattr(os, 'wait4'):
        pid, status, usage = os.wait4(item.process.pid, os.WNOHANG)
        if pid:
            item.process.returncode = os.waitstatus_to_exitcode(status)
            unit = 1 if os.uname().sysname == 'Darwin' else 1024
            item.share.note_memory(usage.ru_maxrss * unit // MB)
    return item.process.poll() is not None


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


def log_name(job: Job) -> str:
    """File name of a job's log."""
    return f'{job.part.replace("/", "-of-").replace(" ", "-")}.log'


def environment_of(gpus: tuple[str, ...] = ()) -> Mapping[str, str]:
    """The environment of a job's process, which may use some GPUs; none named: whatever it finds."""
    shown = {GPU_VARIABLE: ','.join(gpus)} if gpus else {}
    return {**DEFAULT_ENV, **os.environ, **shown, PARENT: str(os.getpid()), 'PYTHONUNBUFFERED': '1'}


def _start(share: Share, command: list[str], logs: str | None) -> Running:
    path = None if logs is None else os.path.join(logs, log_name(share.job))
    with nullcontext() if path is None else open(path, 'wb') as output:
        process = Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
            env=environment_of(share.gpus),
        )
    return Running(share.job, process, path, share, time.monotonic())


def _signal(process: 'Popen[bytes]', number: int) -> None:
    """Send a signal to a process and its group, which may outlive it."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, 'killpg'):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
