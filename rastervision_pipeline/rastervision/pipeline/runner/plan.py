"""The graph of jobs of a run: made once, translated by each runner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline


@dataclass(frozen=True)
class Job:
    """One process of a run.

    Attributes:
        index: Its place in the plan.
        command: The command it runs.
        split_ind: Which part of the command.
        num_splits: Of how many parts.
        dependencies: Places of the jobs that must end before it starts.
        uses_gpu: Whether it profits from a GPU.
    """

    index: int
    command: str
    split_ind: int
    num_splits: int
    dependencies: tuple[int, ...]
    uses_gpu: bool = False

    @property
    def name(self) -> str:
        """For people: `chip`, `chip 2/3`."""
        return self.command if self.num_splits == 1 else f'{self.command} {self.split_ind + 1}/{self.num_splits}'

    @property
    def options(self) -> dict[str, int]:
        """The options of `run_command` that pick this job."""
        return {} if self.num_splits == 1 else {'num-splits': self.num_splits, 'split-ind': self.split_ind}


@dataclass(frozen=True)
class Stage:
    """All jobs of one command: what a cluster runs as one array.

    Attributes:
        index: Its place among the stages. It depends on the one before it, if there is one.
        jobs: Its jobs, in the order of their splits.
    """

    index: int
    jobs: tuple[Job, ...]

    @property
    def command(self) -> str:
        """The command it runs."""
        return self.jobs[0].command

    @property
    def num_splits(self) -> int:
        """How many jobs it has."""
        return len(self.jobs)

    @property
    def uses_gpu(self) -> bool:
        """Whether its jobs profit from a GPU."""
        return self.jobs[0].uses_gpu


def make_plan(pipeline: 'Pipeline', commands: Iterable[str], num_splits: int | Mapping[str, int] = 1) -> list[Job]:
    """The jobs of a run. Each depends on all jobs of the command before it.

    Args:
        pipeline: Says which commands can be split, and which profit from a GPU.
        commands: The commands, in the order they run.
        num_splits: Into how many jobs to split those that can be split; a number for all, or for each command.
    """
    plan: list[Job] = []
    before: tuple[int, ...] = ()
    for command in commands:
        wanted = num_splits if isinstance(num_splits, int) else num_splits[command]
        parts = wanted if command in pipeline.split_commands else 1
        first = len(plan)
        uses_gpu = command in pipeline.gpu_commands
        plan += [Job(first + part, command, part, parts, before, uses_gpu) for part in range(parts)]
        before = tuple(range(first, first + parts))
    return plan


def make_stages(plan: Iterable[Job]) -> list[Stage]:
    """The same jobs, put together by command, in order."""
    groups = groupby(plan, key=lambda job: (job.command, job.dependencies))
    return [Stage(index, tuple(jobs)) for index, (_, jobs) in enumerate(groups)]
