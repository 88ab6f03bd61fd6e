"""Runs jobs as processes of this machine, as many at a time as it has cores."""

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.file_system.utils import str_to_file
from rastervision.pipeline.runner.plan import Job, make_plan
from rastervision.pipeline.runner.runner import Runner
from rastervision.pipeline.runner.scheduler import run_jobs
from rastervision.pipeline.rv_config import rv_config_

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

LOCAL = 'local'
MAKEFILE = 'Makefile'


class LocalRunner(Runner):
    """Runs jobs as processes of this machine, as many at a time as it has cores.

    A job starts when all jobs that it depends on have ended. Beside the config it leaves a Makefile of all jobs of the
    pipeline, for those who want to run them with make; it does not use that itself.
    """

    def run(
        self,
        cfg_json_uri: str,
        pipeline: 'Pipeline',
        commands: list[str],
        num_splits: int = 1,
        pipeline_run_name: str = 'raster-vision',
    ) -> None:
        """Run the jobs; see :meth:`.Runner.run`.

        After a failure no further job starts, and those that run are waited for. On Ctrl-C all are stopped.

        Raises:
            RunError: If a job fails, with the end of what it printed.
        """
        makefile = self.build_makefile_string(cfg_json_uri, pipeline, list(pipeline.commands), num_splits)
        str_to_file(makefile, os.path.join(os.path.dirname(cfg_json_uri), MAKEFILE))
        plan = make_plan(pipeline, commands, num_splits)
        run_jobs(plan, lambda job: _command_line(cfg_json_uri, job.command, job.options))

    def build_makefile_string(
        self, cfg_json_uri: str, pipeline: 'Pipeline', commands: list[str], num_splits: int = 1
    ) -> str:
        """A Makefile of the jobs; `make -j -f Makefile` runs them."""
        plan = make_plan(pipeline, commands, num_splits)
        targets = ' '.join(str(job.index) for job in plan)
        return f'.PHONY: all {targets}\n\nall: {targets}\n\n' + ''.join(_entry(cfg_json_uri, job) for job in plan)


def make_run_cmd_invocation(cfg_json_uri: str, command: str, opts: dict[str, Any] | None = None) -> str:
    """The command line of a job, quoted for a shell.

    Args:
        cfg_json_uri: The saved config.
        command: The command.
        opts: Options of `run_command`, without dashes: `{'num-splits': 2, 'split-ind': 0}`.
    """
    return shlex.join(_command_line(cfg_json_uri, command, opts))


def make_makefile_entry_for_cmd(
    curr_command_ind: int,
    prev_command_inds: list[int],
    cfg_json_uri: str,
    command: str,
    opts: dict[str, Any] | None = None,
) -> str:
    """The rule of a job in a Makefile.

    Args:
        curr_command_ind: Its target.
        prev_command_inds: Targets of the jobs that it depends on.
        cfg_json_uri: The saved config.
        command: The command.
        opts: See :func:`.make_run_cmd_invocation`.
    """
    before = ''.join(f' {index}' for index in prev_command_inds)
    recipe = make_run_cmd_invocation(cfg_json_uri, command, opts).replace('$', '$$')
    return f'{curr_command_ind}:{before}\n\t{recipe}\n\n'


def _entry(cfg_json_uri: str, job: Job) -> str:
    return make_makefile_entry_for_cmd(job.index, list(job.dependencies), cfg_json_uri, job.command, job.options)


def _command_line(cfg_json_uri: str, command: str, opts: dict[str, Any] | None = None) -> list[str]:
    program = [sys.executable, '-m', 'rastervision.pipeline.cli', *rv_config_.get_cli_options()]
    options = [text for name, value in (opts or {}).items() for text in (f'--{name}', str(value))]
    return [*program, 'run_command', cfg_json_uri, command, *options]
