"""The graph of jobs of a run: made once, translated by each runner."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
        run: Place of its pipeline among those that run together.
        label: What tells that pipeline from the others; empty if there are none.
        after: What a cluster calls the jobs of other pipelines that must end before it starts.
    """

    index: int
    command: str
    split_ind: int
    num_splits: int
    dependencies: tuple[int, ...]
    uses_gpu: bool = False
    run: int = 0
    label: str = ''
    after: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """Which part of its pipeline it is: `chip`, `chip 2/3`."""
        return self.command if self.num_splits == 1 else f'{self.command} {self.split_ind + 1}/{self.num_splits}'

    @property
    def name(self) -> str:
        """For people: `chip`, `chip 2/3`; of several pipelines `lr-0.01: chip 2/3`."""
        return f'{self.label}: {self.part}' if self.label else self.part

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
    def name(self) -> str:
        """For people: `chip`; of several pipelines `lr-0.01: chip`."""
        return f'{self.jobs[0].label}: {self.command}' if self.jobs[0].label else self.command

    @property
    def num_splits(self) -> int:
        """How many jobs it has."""
        return len(self.jobs)

    @property
    def uses_gpu(self) -> bool:
        """Whether its jobs profit from a GPU."""
        return self.jobs[0].uses_gpu


@dataclass(frozen=True)
class PipelineRun:
    """Commands of a pipeline that run together with those of others.

    Attributes:
        cfg_json_uri: The saved config.
        pipeline: The pipeline, built from it.
        commands: The commands, in the order they run.
        label: What tells it from the others; empty if there are none.
        shared: Those of the commands whose result another pipeline makes for this one, too -> its place.
    """

    cfg_json_uri: str
    pipeline: 'Pipeline'
    commands: tuple[str, ...]
    label: str = ''
    shared: Mapping[str, int] = field(default_factory=dict)

    @property
    def root_uri(self) -> str:
        """Folder of the config, which is that of the run."""
        return os.path.dirname(self.cfg_json_uri)

    @property
    def own_commands(self) -> list[str]:
        """The commands that it runs itself."""
        return [command for command in self.commands if command not in self.shared]


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


def join_plans(runs: Sequence[PipelineRun], plans: Sequence[Iterable[Job]]) -> list[Job]:
    """One plan of the jobs of several pipelines, each of which runs beside the others as far as it can.

    Args:
        runs: The pipelines. One that makes something for others comes before them.
        plans: The plan of each one's own commands.
    """
    joint: list[Job] = []
    places: dict[tuple[int, str], tuple[int, ...]] = {}
    for run, (pipeline_run, plan) in enumerate(zip(runs, plans, strict=True)):
        jobs = {command: list(group) for command, group in groupby(plan, key=lambda job: job.command)}
        before: tuple[int, ...] = ()
        for command in pipeline_run.commands:
            if command in pipeline_run.shared:
                before += places[pipeline_run.shared[command], command]
                continue
            first = len(joint)
            joint += [
                replace(job, index=first + part, dependencies=before, run=run, label=pipeline_run.label)
                for part, job in enumerate(jobs[command])
            ]
            before = places[run, command] = tuple(range(first, len(joint)))
    return joint


def make_stages(plan: Iterable[Job]) -> list[Stage]:
    """The same jobs, put together by command, in order."""
    groups = groupby(plan, key=lambda job: (job.command, job.dependencies))
    return [Stage(index, tuple(jobs)) for index, (_, jobs) in enumerate(groups)]
