"""Follows jobs on a cluster until all have ended."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.manifest import job_name
from rastervision.pipeline.plain_text import echo
from rastervision.pipeline.records import RecordStore
from rastervision.pipeline.runner.plan import Job
from rastervision.pipeline.runner.progress import Progress, make_progress
from rastervision.pipeline.runner.submission import JobState, State, Submission
from rastervision.pipeline.runner.summary import TAIL_LINES, Ended, describe_end, summarize, table
from rastervision.pipeline.verbosity import Verbosity

if TYPE_CHECKING:
    from rastervision.pipeline.runner.cluster_runner import ClusterRunner


class Watch:
    """What is known of jobs on a cluster, and told as it changes."""

    def __init__(self, runner: 'ClusterRunner', submission: Submission, progress: Progress) -> None:
        """Nothing is asked yet."""
        self.runner, self.submission, self.progress = runner, submission, progress
        self.states = [JobState(State.WAITING) for _ in submission.plan]
        self.started: dict[int, float] = {}
        self.seconds: dict[int, float] = {}
        self._positions: dict[int, Any] = {}
        self.tails = [deque[str](maxlen=TAIL_LINES) for _ in submission.plan]

    def update(self) -> bool:
        """Ask the cluster, and tell what is new; whether jobs are left that have not ended."""
        states = self.runner.states(self.submission)
        for job, before, now in zip(self.submission.plan, self.states, states, strict=True):
            self._tell(job, before, now)
        self.states = states
        return any(state.state.is_active for state in states)

    def ended(self) -> list[Ended]:
        """The jobs that ran."""
        store = RecordStore(self.submission.root_uri)
        found = []
        for job, state in zip(self.submission.plan, self.states, strict=True):
            if job.index in self.seconds:
                record = store.read(job.command, job_name(job.split_ind, job.num_splits)) or {}
                peak = (record.get('peak_memory_mb') or 0) if state.state is State.DONE else 0
                code = 0 if state.state is State.DONE else state.code or 1
                log = self.runner.log_of(self.submission, job.index)
                found.append(Ended(job, code, self.seconds[job.index], peak, log))
        return found

    def _tell(self, job: Job, before: JobState, now: JobState) -> None:
        if now.state is State.WAITING and now.reason and now.reason != before.reason:
            self.progress.show(f'{job.name}: waits: {now.reason}')
        has_run = now.state in (State.RUNNING, State.DONE, State.FAILED)
        if has_run and job.index not in self.started:
            self.started[job.index] = time.monotonic()
            self.progress.start(job)
        if job.index in self.started and job.index not in self.seconds:
            self._follow_log(job)
            if not now.state.is_active:
                self.seconds[job.index] = time.monotonic() - self.started[job.index]
                self.progress.end(job, now.state is State.DONE)

    def _follow_log(self, job: Job) -> None:
        lines, position = self.runner.read_log(self.submission, job.index, self._positions.get(job.index))
        self._positions[job.index] = position
        self.tails[job.index].extend(lines)
        if Verbosity.get() >= Verbosity.VERBOSE:
            for line in lines:
                self.progress.show(f'{job.name} | {line}')
        elif self.tails[job.index]:
            self.progress.look(job, self.tails[job.index][-1])


def watch(runner: 'ClusterRunner', submissions: Sequence[Submission]) -> None:
    """Follow jobs until all have ended. If this is interrupted they are cancelled.

    Raises:
        RunError: If a job fails or is cancelled, with the end of what it printed.
    """
    seconds = float(runner.setting('poll_seconds', runner.poll_seconds))
    is_live = Verbosity.get() < Verbosity.VERBOSE
    jobs = [job for submission in submissions for job in submission.plan]
    try:
        with make_progress(jobs, is_live=is_live) as progress:
            following = [Watch(runner, submission, progress) for submission in submissions]
            while sum(each.update() for each in following):
                time.sleep(seconds)
    except (KeyboardInterrupt, SystemExit):
        echo('Cancelling the jobs...', err=True)
        for submission in submissions:
            runner.cancel(submission)
        raise
    for each in following:
        echo(summarize(each.ended()))
    texts = [text for text in map(_failure_text, following) if text is not None]
    if texts:
        raise RunError('\n\n'.join(texts))


def show_states(runner: 'ClusterRunner', submission: Submission) -> str:
    """A table of jobs: what the cluster calls each, how far it is, where its log is."""
    rows = []
    for job, id, state in zip(submission.plan, submission.ids, runner.states(submission), strict=True):
        log = runner.log_of(submission, job.index)
        rows.append((job.name, id, f'{state.state}: {state.reason}' if state.reason else str(state.state), log))
    return table(('job', 'id', 'state', 'log'), rows)


def _failure_text(following: Watch) -> str | None:
    """Why the run failed; None if it did not."""
    plan, states = following.submission.plan, following.states
    bad = [job for job in plan if states[job.index].state is not State.DONE]
    if not bad:
        return None
    order = {State.FAILED: 0, State.UNKNOWN: 1}
    first = min(bad, key=lambda job: (order.get(states[job.index].state, 2), job.index))
    others = _names(job for job in bad if job is not first)
    rest = f' So these did not end well, either: {others}.' if others else ''
    tail = '\n'.join(following.tails[first.index])
    log = following.runner.log_of(following.submission, first.index)
    end = f' The end of what it printed:\n\n{tail}' if tail else ''
    return f'{first.name} {_how(states[first.index])}.{rest} Its log: {log}.{end}'


def _how(state: JobState) -> str:
    text = {State.CANCELLED: 'was cancelled', State.UNKNOWN: 'is lost'}.get(state.state)
    if text is None:
        text = describe_end(state.code) if state.code else 'failed'
    return f'{text} ({state.reason})' if state.reason else text


def _names(jobs: Iterable[Job]) -> str:
    return ', '.join(job.name for job in jobs)
