"""The graph of jobs of a run: made once, translated by each runner."""

from collections.abc import Iterable
from dataclasses import dataclass
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
    """

    index: int
    command: str
    split_ind: int
    num_splits: int
    dependencies: tuple[int, ...]

    @property
    def name(self) -> str:
        """For people: `chip`, `chip 2/3`."""
        return self.command if self.num_splits == 1 else f'{self.command} {self.split_ind + 1}/{self.num_splits}'

    @property
    def options(self) -> dict[str, int]:
        """The options of `run_command` that pick this job."""
        return {} if self.num_splits == 1 else {'num-splits': self.num_splits, 'split-ind': self.split_ind}


def make_plan(pipeline: 'Pipeline', commands: Iterable[str], num_splits: int = 1) -> list[Job]:
    """The jobs of a run. Each depends on all jobs of the command before it.

    Args:
        pipeline: Says which commands can be split.
        commands: The commands, in the order they run.
        num_splits: Into how many jobs to split those.
    """
    plan: list[Job] = []
    before: tuple[int, ...] = ()
    for command in commands:
        parts = num_splits if command in pipeline.split_commands else 1
        first = len(plan)
        plan += [Job(first + part, command, part, parts, before) for part in range(parts)]
        before = tuple(range(first, first + parts))
    return plan
