"""Decides whether there is room for one more job on this machine."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rastervision.pipeline.runner.machine import available_memory
from rastervision.pipeline.runner.plan import Job


@dataclass
class Share:
    """What a running job has been given, and takes.

    Attributes:
        job: The job.
        gpus: Names of the GPUs that it may use.
        memory: The memory that it holds now, in MB.
        peak: The most that it held at once so far, in MB.
    """

    job: Job
    gpus: tuple[str, ...] = ()
    memory: int = 0
    peak: int = 0

    def note_memory(self, memory: int) -> None:
        """Keep what it holds now."""
        self.memory = memory
        self.peak = max(self.peak, memory)


@dataclass
class Resources:
    """What the jobs of a run may use together.

    A job takes one of `max_jobs` slots. One that profits from a GPU takes a GPU if it is one of several splits, else
    all, as training knows how to use them; without GPUs it runs like any other. What a command will hold is taken to be
    what a job of it held at most before, in this run or an earlier one.

    Attributes:
        max_jobs: How many jobs may run at a time.
        gpus: Names of the GPUs.
        memory: Memory for all jobs together, in MB. None: what the machine has to spare.
        peaks: Command -> the most that a job of it held, in MB.
    """

    max_jobs: int
    gpus: tuple[str, ...] = ()
    memory: int | None = None
    peaks: dict[str, int] = field(default_factory=dict)

    def share_for(self, job: Job, running: Iterable[Share]) -> Share | None:
        """What a job gets if it starts beside those that run; None if there is no room yet.

        A job alone always has room.
        """
        others = list(running)
        if not others:
            return Share(job, self._gpus_for(job))
        taken = {gpu for share in others for gpu in share.gpus}
        wanted = len(self._gpus_for(job))
        free = tuple(gpu for gpu in self.gpus if gpu not in taken)
        if len(others) >= self.max_jobs or len(free) < wanted or not self._has_memory(job, others):
            return None
        return Share(job, free[:wanted])

    def note_end(self, share: Share) -> None:
        """Learn from a job that has ended."""
        self.peaks[share.job.command] = max(share.peak, self.peaks.get(share.job.command, 0))

    def _gpus_for(self, job: Job) -> tuple[str, ...]:
        if not job.uses_gpu:
            return ()
        return self.gpus if job.num_splits == 1 else self.gpus[:1]

    def _has_memory(self, job: Job, others: list[Share]) -> bool:
        free = available_memory() if self.memory is None else self.memory - sum(share.memory for share in others)
        to_come = sum(max(0, self._need(share.job, others) - share.memory) for share in others)
        return free - to_come >= self._need(job, others)

    def _need(self, job: Job, others: list[Share]) -> int:
        alike = [share.peak for share in others if share.job.command == job.command]
        return max([self.peaks.get(job.command, 0), *alike])
