"""What runs the jobs of a pipeline."""

import subprocess
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, RunError, did_you_mean
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.runner.plan import Job, PipelineRun, join_plans, make_plan
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.utils import is_true

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

lazy.also_give(__name__, 'rastervision.pipeline.pipeline: Pipeline')

SPLITS = 'splits'


class Runner:
    """Base of all runners.

    A runner gets commands that are known to exist, in the order they must run, and turns them into jobs, each
    `rastervision run_command <config> <command>`; see :meth:`.Runner.plan`.

    A runner may have settings. Each is the first of: `rastervision run -o NAME VALUE`, and a key of that name in the
    sections of settings that the runner reads (in the environment `SECTION_NAME`). One for a command, `train_time`, or
    for a class of commands, `gpu_time` and `cpu_time`, goes before the plain one.

    Attributes:
        sections: Sections with the runner's settings.
        setting_names: Names of its settings.
        waits: Whether `run` always returns only when the jobs have ended.
        options: What the command line set.
    """

    sections: ClassVar[tuple[str, ...]] = ()
    setting_names: ClassVar[tuple[str, ...]] = ()
    waits: ClassVar[bool] = True
    options: Mapping[str, str] = MappingProxyType({})

    def run(
        self,
        cfg_json_uri: str,
        pipeline: 'Pipeline',
        commands: list[str],
        num_splits: int = 1,
        pipeline_run_name: str = 'raster-vision',
    ) -> None:
        """Run commands of a pipeline, or hand them to what will.

        Args:
            cfg_json_uri: The saved config.
            pipeline: The pipeline, built from it.
            commands: The commands, in the order they run.
            num_splits: Into how many jobs to split a command that can be split.
            pipeline_run_name: Name of this run, where the runner shows one.
        """
        raise TypeError(f'{type(self).__name__} is no runner: it has no method run.')

    def run_all(
        self, runs: Sequence[PipelineRun], num_splits: int = 1, pipeline_run_name: str = 'raster-vision'
    ) -> None:
        """Run commands of several pipelines, or hand them to what will.

        By default one pipeline runs after the other. A runner whose `run` returns while jobs still run must do it in
        another way if pipelines are to share what they make, as a :class:`.ClusterRunner` does.

        Args:
            runs: The pipelines and their commands. One that makes something for others comes before them.
            num_splits: Into how many jobs to split a command that can be split.
            pipeline_run_name: Name of this run, where the runner shows one.

        Raises:
            RunError: If a pipeline could not start, because what another one makes for it is not there yet.
        """
        early: list[str] = []
        for run in runs:
            awaited = [name for name, maker in run.shared.items() if run.own_commands and not _has_run(runs[maker])]
            if awaited:
                early.append(
                    f'{run.label}, which needs {" and ".join(awaited)} of {runs[run.shared[awaited[0]]].label}'
                )
            elif run.own_commands:
                self.run(
                    run.cfg_json_uri,
                    run.pipeline,
                    run.own_commands,
                    num_splits=num_splits,
                    pipeline_run_name=pipeline_run_name,
                )
        if early:
            raise RunError(
                f'{type(self).__name__} has returned before its jobs had ended. Not started: {"; ".join(early)}. When '
                'those jobs have ended, the same command starts the rest. Pipelines with folders of their own need not '
                'wait.'
            )

    def run_command(self, cmd: list[str]) -> None:
        """Run one command line as a process of this machine, and wait for it.

        Args:
            cmd: The program and its arguments.

        Raises:
            RunError: If it does not end well.
        """
        code = subprocess.run(cmd, check=False).returncode
        if code:
            raise RunError(f'{" ".join(cmd)!r} ended with exit code {code}.')

    def get_split_ind(self) -> int | None:
        """Which split this process is to run, if the runner's surroundings say so."""
        return None

    # ----------------------------------------------------------------- settings
    def configure(self, options: Mapping[str, str]) -> None:
        """Take settings from the command line.

        Args:
            options: Values by name.

        Raises:
            ConfigError: If the runner has no such setting, with the nearest name.
        """
        known = (*self.setting_names, SPLITS)
        for name in options:
            if name not in self.setting_names and not any(name.endswith(f'_{key}') for key in known):
                raise ConfigError(
                    f'-o {name}: {type(self).__name__} has no such setting{did_you_mean(name, known) or "."} '
                    f'It has: {", ".join(known)}; each may be for a command or a class of them, such as '
                    f'predict_{known[0]}, gpu_{known[0]}.'
                )
        self.options = dict(options)

    def setting(self, name: str, default: Any = None, *, job: Job | None = None) -> Any:
        """A setting as text, or the default.

        Args:
            name: Its name.
            default: What to return if nothing sets it.
            job: Ask what holds for this job: `<command>_<name>`, `gpu_<name>` or `cpu_<name>` go first.
        """
        names = [name] if job is None else [f'{job.command}_{name}', f'{"gpu" if job.uses_gpu else "cpu"}_{name}', name]
        for candidate in names:
            if candidate in self.options:
                return self.options[candidate]
            for section in self.sections:
                value = rv_config_.get_namespace_option(section, candidate)
                if value is not None:
                    return value
        return default

    def number(self, name: str, default: int | None = None, *, job: Job | None = None) -> int | None:
        """A setting that is a whole number, at least 1; see :meth:`.setting`.

        Raises:
            ConfigError: If it is something else.
        """
        value = self.setting(name, job=job)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = 0
        if number < 1:
            raise ConfigError(f'The setting {name!r} of {type(self).__name__} is {value!r}; it must be 1 or more.')
        return number

    def is_set(self, name: str) -> bool:
        """Whether a setting means yes, if it is set at all.

        Raises:
            ConfigError: If it means neither yes nor no.
        """
        return is_true(str(self.setting(name, '')), f'The setting {name!r} of {type(self).__name__}')

    def plan(self, pipeline: 'Pipeline', commands: list[str], num_splits: int = 1) -> list[Job]:
        """The jobs of a run, as :func:`.make_plan` makes them.

        The settings `<command>_splits`, `gpu_splits` and `cpu_splits` go before `num_splits`.
        """
        splits = {}
        for command in commands:
            names = f'{command}_{SPLITS}', f'{"gpu" if command in pipeline.gpu_commands else "cpu"}_{SPLITS}'
            splits[command] = self.number(names[0]) or self.number(names[1]) or num_splits
        return make_plan(pipeline, commands, splits)

    def joint_plan(self, runs: Sequence[PipelineRun], num_splits: int = 1) -> list[Job]:
        """The jobs of several pipelines, each with its settings; see :func:`.join_plans`."""
        return join_plans(runs, [self.plan(run.pipeline, run.own_commands, num_splits) for run in runs])


def _has_run(run: PipelineRun) -> bool:
    """Whether anything that a pipeline was to run has ended well; not only the first, which may leave no record."""
    manifest = Manifest(run.pipeline)
    return any(status.done for status in manifest.statuses(run.own_commands).values())
