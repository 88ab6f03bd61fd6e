"""What would run and why."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rastervision.pipeline.cli.checks import look_ahead
from rastervision.pipeline.cli.running import look_back, share_work, unfinished
from rastervision.pipeline.cli.sharing import check_apart, name_pipelines
from rastervision.pipeline.commands import order_commands
from rastervision.pipeline.execution import resolve_pipeline
from rastervision.pipeline.file_system.utils import get_tmp_dir
from rastervision.pipeline.manifest import Manifest, Status
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.problems import Problem
from rastervision.pipeline.runner.runner import Runner


@dataclass(frozen=True)
class CommandPlan:
    """What would become of a command.

    Attributes:
        name: The command.
        done: Whether it is done, and so would not run.
        reason: Why it would run, or since when it is done.
        jobs: Of how many jobs it consists, in this pipeline.
        gpu: Whether it profits from a GPU.
        remark: What the user should know about it, if anything.
        made_by: The pipeline that runs it for this one, too, if there is one.
    """

    name: str
    done: bool
    reason: str
    jobs: int
    gpu: bool
    remark: str | None = None
    made_by: str | None = None

    @property
    def action(self) -> str:
        """What happens, in a word or a few."""
        if self.made_by is not None:
            return f'shared with {self.made_by}, which runs it'
        return 'done' if self.done else 'run' if self.jobs == 1 else f'run as {self.jobs} jobs'


@dataclass(frozen=True)
class PipelinePlan:
    """What would become of the commands of a pipeline.

    Attributes:
        config_uri: Where its config is saved when it runs.
        commands: The commands, in the order they run.
        missing: Local files that those that run would read, and that are not there.
        problems: What is known to be wrong otherwise, or looks so.
    """

    config_uri: str
    commands: list[CommandPlan]
    missing: list[str]
    problems: list[Problem]

    @property
    def fails(self) -> bool:
        """Whether the run would fail."""
        return bool(self.missing) or any(problem.is_error for problem in self.problems)

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        width = max((len(command.name) for command in self.commands), default=0)
        lines = [f'  {command.name:<{width}}  {command.action}: {command.reason}' for command in self.commands]
        lines += [f'  NOTE: {command.name} {command.remark}' for command in self.commands if command.remark]
        lines += [f'  MISSING: {uri!r}: there is no such file.' for uri in self.missing]
        lines += [f'  {problem}' for problem in self.problems]
        return '\n'.join([f'{self.config_uri}:', *lines])


def plan_pipelines(
    runner: Runner,
    configs: Iterable[PipelineConfig],
    commands: Sequence[str],
    *,
    num_splits: int = 1,
    rerun: bool = False,
    keep: Sequence[str] = (),
) -> list[PipelinePlan]:
    """What `run_pipelines` would do with the same arguments. Nothing is written.

    Raises:
        ConfigError: If a config is not valid, or a pipeline has no such command.
    """
    with get_tmp_dir() as tmp_dir:
        pipelines = [resolve_pipeline(config).build(tmp_dir) for config in configs]
        orders = [order_commands(pipeline, commands) for pipeline in pipelines]
        manifests = [Manifest(pipeline) for pipeline in pipelines]
        labels = name_pipelines(manifests)
        check_apart(manifests, orders, labels)
        statuses = [
            look_back(manifest, names, keep, rerun=rerun) for manifest, names in zip(manifests, orders, strict=True)
        ]
        sharing = share_work(manifests, statuses)
        found = []
        for manifest, each, shared in zip(manifests, statuses, sharing, strict=True):
            makers = {name: labels[maker] for name, maker in shared.items()}
            plans = [
                _plan_command(
                    runner, manifest.pipeline, name, status, num_splits=num_splits, rerun=rerun, maker=makers.get(name)
                )
                for name, status in each.items()
            ]
            own = [name for name in unfinished(each) if name not in makers]
            ahead = look_ahead(manifest, own, each, manifests)
            found.append(PipelinePlan(manifest.pipeline.config.get_config_uri(), plans, *ahead))
        return found


def _plan_command(
    runner: Runner,
    pipeline: Pipeline,
    name: str,
    status: Status,
    *,
    num_splits: int,
    rerun: bool,
    maker: str | None,
) -> CommandPlan:
    """What would become of a command, which another pipeline may run for this one."""
    jobs = runner.plan(pipeline, [name], num_splits)
    uses_gpu = any(job.uses_gpu for job in jobs)
    if maker is not None:
        return CommandPlan(name, status.done, status.reason, 0, uses_gpu, made_by=maker)
    remark = None if status.done or rerun else pipeline.remark_on(name)
    return CommandPlan(name, status.done, status.reason, len(jobs), uses_gpu, remark)
