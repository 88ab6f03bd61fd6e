"""What was handed to a cluster, kept with the records of the run."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from rastervision.pipeline.records import Record, RecordStore
from rastervision.pipeline.runner.plan import Job

SUBMITTED, LATEST = 'submitted', 'latest.json'


class State(StrEnum):
    """How far a job is."""

    WAITING = 'waiting'
    RUNNING = 'running'
    DONE = 'done'
    FAILED = 'failed'
    CANCELLED = 'cancelled'
    UNKNOWN = 'unknown'

    @property
    def is_active(self) -> bool:
        """Whether the job has not ended."""
        return self in (State.WAITING, State.RUNNING)


@dataclass(frozen=True)
class JobState:
    """How far a job is, and why.

    Attributes:
        state: How far it is.
        reason: Why it waits, or how it ended, in a few words; may be empty.
        code: Its exit code, if it is known; negative if a signal ended it.
    """

    state: State
    reason: str = ''
    code: int | None = None


@dataclass(frozen=True)
class Submission:
    """Jobs that were handed to a cluster.

    Attributes:
        runner: Name of the runner.
        cfg_json_uri: The saved config.
        plan: The jobs.
        ids: What the cluster calls each job.
        details: What else the runner wants to know of them later.
        time: When they were handed over.
    """

    runner: str
    cfg_json_uri: str
    plan: tuple[Job, ...]
    ids: tuple[str, ...]
    details: Mapping[str, str] = field(default_factory=dict)
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec='seconds'))

    @property
    def root_uri(self) -> str:
        """Folder of the config, which is that of the run."""
        return os.path.dirname(self.cfg_json_uri)

    def ids_of(self, command: str) -> tuple[str, ...]:
        """What the cluster calls the jobs of a command."""
        return tuple(id for job, id in zip(self.plan, self.ids, strict=False) if job.command == command)

    def ids_before(self, job: Job) -> tuple[str, ...]:
        """What the cluster calls the jobs that one waits for, those of other pipelines, too."""
        return (*(self.ids[index] for index in job.dependencies), *job.after)

    def save(self) -> None:
        """Keep it, in place of the one before."""
        RecordStore(self.root_uri).write({**asdict(self), 'details': dict(self.details)}, SUBMITTED, LATEST)

    @classmethod
    def load(cls, root_uri: str) -> Self | None:
        """The latest one of a run, or None."""
        record = RecordStore(root_uri).read(SUBMITTED, LATEST)
        return None if record is None else cls._from_record(record)

    @classmethod
    def _from_record(cls, record: Record) -> Self:
        lists = 'dependencies', 'after'
        plan = tuple(
            Job(**job | {name: tuple(job[name]) for name in lists if name in job})  # `after` is younger
            for job in record['plan']
        )
        return cls(**{**record, 'plan': plan, 'ids': tuple(record['ids'])})
