"""Runs jobs as processes of this machine, as many at a time as it has room for."""

import os
import shlex
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rastervision.pipeline import lazy
from rastervision.pipeline.file_system.utils import is_local, str_to_file
from rastervision.pipeline.records import RecordStore
from rastervision.pipeline.runner.command_line import job_command_line
from rastervision.pipeline.runner.machine import core_count, visible_gpus
from rastervision.pipeline.runner.plan import Job, PipelineRun
from rastervision.pipeline.runner.resources import Resources
from rastervision.pipeline.runner.scheduler import Scheduler
from rastervision.pipeline.runner.side_by_side_runner import SideBySideRunner
from rastervision.pipeline.rv_config import load_conf_list, rv_config_
from rastervision.pipeline.verbosity import Verbosity

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

lazy.also_give(
    __name__,
    'rastervision.pipeline.file_system.utils: download_if_needed',
    'rastervision.pipeline.utils: terminate_at_exit',
)

LOCAL = 'local'
MAKEFILE = 'Makefile'
LOGS = 'logs'


class LocalRunner(SideBySideRunner):
    """Runs jobs as processes of this machine, as many at a time as it has room for.

    A job starts when all jobs that it depends on have ended; see :class:`.Resources` for how cores, GPUs and memory
    are shared. Beside the config it leaves a Makefile of all jobs of the pipeline, for those who want to run them with
    make; it does not use that itself.

    Settings: `jobs`, how many may run at a time (default: the number of cores); `gpus`, names of the GPUs to use,
    between commas (default: all that are visible); `memory`, in MB, for all jobs together (default: what is free).
    """

    sections: ClassVar[tuple[str, ...]] = (LOCAL,)
    setting_names: ClassVar[tuple[str, ...]] = ('jobs', 'gpus', 'memory')

    def run_together(
        self, runs: Sequence[PipelineRun], num_splits: int = 1, pipeline_run_name: str = 'raster-vision'
    ) -> None:
        """Run the jobs of pipelines side by side; see :meth:`.SideBySideRunner.run_together`.

        After a failure no further job starts, and those that run are waited for. On Ctrl-C all are stopped.

        Raises:
            RunError: If a job fails, with the end of what it printed.
        """
        for run in runs:
            commands = list(run.pipeline.commands)
            makefile = self.build_makefile_string(run.cfg_json_uri, run.pipeline, commands, num_splits)
            str_to_file(makefile, os.path.join(run.root_uri, MAKEFILE))
        plan = self.joint_plan(runs, num_splits)
        roots = [run.root_uri for run in runs]
        logs = None if Verbosity.get() >= Verbosity.VERBOSE else [_make_log_dir(root) for root in roots]
        resources = self._resources(roots, plan)
        Scheduler(
            plan, lambda job: job_command_line(runs[job.run].cfg_json_uri, job.command, job.options), resources, logs
        ).run()
        for root, folder in zip(roots, logs or (), strict=bool(logs)):
            if not is_local(root):
                shutil.rmtree(folder, ignore_errors=True)

    def build_makefile_string(
        self, cfg_json_uri: str, pipeline: 'Pipeline', commands: list[str], num_splits: int = 1
    ) -> str:
        """A Makefile of the jobs; `make -j -f Makefile` runs them."""
        plan = self.plan(pipeline, commands, num_splits)
        targets = ' '.join(str(job.index) for job in plan)
        return f'.PHONY: all {targets}\n\nall: {targets}\n\n' + ''.join(_entry(cfg_json_uri, job) for job in plan)

    def _resources(self, root_uris: Sequence[str], plan: list[Job]) -> Resources:
        given = self.setting('gpus')
        gpus: list[str] = []
        if any(job.uses_gpu for job in plan):
            gpus = visible_gpus() if given is None else load_conf_list(given)
        stores = [RecordStore(uri) for uri in root_uris]
        peaks = {
            command: max(
                (job.get('peak_memory_mb') or 0 for store in stores for _, job in store.jobs(command)), default=0
            )
            for command in {job.command for job in plan}
        }
        return Resources(self.number('jobs') or core_count(), tuple(gpus), self.number('memory'), peaks)


def make_run_cmd_invocation(cfg_json_uri: str, command: str, opts: dict[str, Any] | None = None) -> str:
    """The command line of a job, quoted for a shell.

    Args:
        cfg_json_uri: The saved config.
        command: The command.
        opts: Options of `run_command`, without dashes: `{'num-splits': 2, 'split-ind': 0}`.
    """
    return shlex.join(job_command_line(cfg_json_uri, command, opts))


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


def _make_log_dir(root_uri: str) -> str:
    """A folder for logs beside the records of the run; for a remote run one that is removed if all ends well."""
    if not is_local(root_uri):
        return rv_config_.make_tmp_dir()
    path = os.path.join(RecordStore(root_uri).uri, LOGS)
    os.makedirs(path, exist_ok=True)
    return path
