"""Runs the pipelines of a config module."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from rastervision.pipeline.cli.checks import refuse_problems
from rastervision.pipeline.cli.sharing import check_apart, name_pipelines, share
from rastervision.pipeline.commands import check_command, order_commands
from rastervision.pipeline.config.files import save_pipeline_config
from rastervision.pipeline.errors import ConfigError, RunError
from rastervision.pipeline.execution import resolve_pipeline
from rastervision.pipeline.file_system.utils import get_tmp_dir
from rastervision.pipeline.manifest import Manifest, Status
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.plain_text import echo
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.runner.cluster_runner import ClusterRunner
from rastervision.pipeline.runner.plan import PipelineRun
from rastervision.pipeline.runner.runner import Runner
from rastervision.pipeline.runner.submission import Submission
from rastervision.pipeline.runner.watch import show_states, watch


def run_pipeline(
    cfg: PipelineConfig,
    runner: Runner,
    tmp_dir: str | None = None,
    splits: int = 1,
    commands: Sequence[str] | None = None,
    *,
    pipeline_run_name: str = 'raster-vision',
) -> None:
    """Run commands of one pipeline; see :func:`run_pipelines`.

    Args:
        cfg: The pipeline's config.
        runner: Runs the jobs.
        tmp_dir: Not used; older callers pass a folder for scratch files.
        splits: Into how many jobs to split a command that can be split.
        commands: The commands, in any order. None: all.
        pipeline_run_name: Passed to the runner.
    """
    run_pipelines(runner, [cfg], commands or (), num_splits=splits, pipeline_run_name=pipeline_run_name)


def run_pipelines(
    runner: Runner,
    configs: Iterable[PipelineConfig],
    commands: Sequence[str],
    *,
    num_splits: int = 1,
    pipeline_run_name: str = 'raster-vision',
    rerun: bool = False,
    keep: Sequence[str] = (),
) -> None:
    """Run commands of pipelines, side by side if the runner can. Nothing is written before all have been checked.

    What several pipelines would make alike in the same folder, such as chips, is made once.

    Args:
        runner: Runs the jobs.
        configs: The pipelines' configs.
        commands: The commands, in any order; none: all.
        num_splits: Into how many jobs to split a command that can be split.
        pipeline_run_name: Passed to the runner.
        rerun: Run commands again that are done.
        keep: Commands that count as done with what an earlier run of them has left.

    Raises:
        ConfigError: If a config is not valid, a pipeline has no such command, one has nothing to keep, what it reads
            is known to be missing or not to fit, or one would write over what another makes.
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
        for manifest, found, shared in zip(manifests, statuses, sharing, strict=True):
            refuse_problems(manifest, [name for name in unfinished(found) if name not in shared], found, manifests)
        runs = []
        for manifest, found, shared, label in zip(manifests, statuses, sharing, labels, strict=True):
            uri = manifest.pipeline.config.get_config_uri()
            save_pipeline_config(manifest.pipeline.config, uri)
            if label:
                echo(f'{label}:')
            pending = _pending(manifest, found, rerun, keep, shared)
            for name, maker in shared.items():
                echo(f'{name} is shared: {labels[maker]} runs it.')
            runs.append(PipelineRun(uri, manifest.pipeline, tuple(pending), label, shared))
        if any(run.own_commands for run in runs):
            runner.run_all(runs, num_splits, pipeline_run_name)


def show_jobs(root_uri: str, *, wait: bool = False, cancel: bool = False) -> None:
    """Show the jobs that were last handed to a cluster for a run.

    Args:
        root_uri: Folder of the run.
        wait: Follow them until all have ended.
        cancel: Cancel those that have not ended.

    Raises:
        RunError: If there are none, or, with `wait`, if one fails.
    """
    submission = Submission.load(root_uri)
    if submission is None:
        raise RunError(f'No jobs of {root_uri!r} were handed to a cluster. Give the folder that root_uri names.')
    runner = registry_.get_runner(submission.runner)()
    if not isinstance(runner, ClusterRunner):
        raise RunError(f'The runner {submission.runner!r} hands no jobs to a cluster.')
    if cancel:
        runner.cancel(submission)
    if wait:
        watch(runner, [submission])
    else:
        echo(show_states(runner, submission))


def look_back(
    manifest: Manifest, commands: Sequence[str], keep: Sequence[str], *, rerun: bool = False
) -> dict[str, Status]:
    """Which of the commands of a pipeline are done, or count as done. Nothing is written.

    Args:
        manifest: That of the pipeline.
        commands: The commands, in the order they run.
        keep: Those that count as done with what an earlier run of them has left.
        rerun: Whether all are to run again.

    Raises:
        ConfigError: If what is to be kept is no command of this run, or runs again, or no finished run of it is known.
    """
    for name in keep:
        check_command(manifest.pipeline, name)
        if name not in commands:
            raise ConfigError(f'{name!r} is to be kept, but does not run. Leave out --keep {name}.')
        if rerun:
            raise ConfigError(f'{name!r} is to be kept, and to run again. Leave out --keep or --rerun.')
    if rerun:
        return {name: Status(False, 'asked for') for name in commands}
    return manifest.statuses(commands, keep)


def share_work(manifests: Sequence[Manifest], statuses: Sequence[Mapping[str, Status]]) -> list[dict[str, int]]:
    """Which of the commands that are not done are run by one pipeline for others; see :func:`.share`.

    Raises:
        ConfigError: If one would write over what a run that has no part in this has made.
    """
    sharing = share(manifests, [unfinished(each) for each in statuses])
    for manifest, each, shared in zip(manifests, statuses, sharing, strict=True):
        for name in unfinished(each):
            if name not in shared:
                manifest.refuse_others(name)
    return sharing


def unfinished(statuses: Mapping[str, Status]) -> list[str]:
    """Those of the commands that are not done."""
    return [name for name, status in statuses.items() if not status.done]


def _pending(
    manifest: Manifest, found: Mapping[str, Status], rerun: bool, keep: Sequence[str], shared: Collection[str]
) -> list[str]:
    """The commands that are not done; says which are. Where asked to, all are made undone first.

    Those that are shared are left to the pipeline that runs them.
    """
    commands = list(found)
    echo(f'Stages to run: {commands}')
    if rerun:
        manifest.forget([name for name in commands if name not in shared])
        return commands
    kept = {name: status for name, status in found.items() if name in keep}
    for name in kept:
        manifest.keep(name)
    # What is kept counts from now on for those behind it.
    statuses = {**(manifest.statuses(commands) if kept else found), **kept}
    for name, status in statuses.items():
        if name in kept:
            echo(f'{name} is {status.reason}. (--keep)')
        elif status.done:
            echo(f'{name} is done already: {status.reason}. (--rerun runs it again.)')
    pending = unfinished(statuses)
    for name in [name for name in pending if name not in shared]:
        remark = manifest.pipeline.remark_on(name)
        if remark is not None:
            echo(f'Note: {name} {remark}')
    return pending
