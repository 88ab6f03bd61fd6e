"""Hands jobs to Slurm."""

import os
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.utils import is_local
from rastervision.pipeline.plain_text import echo
from rastervision.pipeline.runner import slurm_client as slurm
from rastervision.pipeline.runner.cluster_runner import ClusterRunner
from rastervision.pipeline.runner.command_line import job_command_line
from rastervision.pipeline.runner.plan import Job, Stage
from rastervision.pipeline.runner.scheduler import DEFAULT_ENV
from rastervision.pipeline.runner.slurm_script import job_script
from rastervision.pipeline.runner.submission import JobState, State, Submission
from rastervision.pipeline.rv_config import load_conf_list

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

SLURM = 'slurm'
LOGS = 'logs'
MAX_FIRST_READ = 8192

# Our settings -> options of sbatch.
SBATCH_OPTIONS = {
    'partition': '--partition',
    'account': '--account',
    'qos': '--qos',
    'time': '--time',
    'memory': '--mem',
    'cpus': '--cpus-per-task',
    'gres': '--gres',
    'constraint': '--constraint',
}


class SlurmRunner(ClusterRunner):
    """Hands jobs to Slurm with sbatch: an array for each command, which waits until all of the one before are done.

    Run it where sbatch can be run. The folder of the checkout or environment, the config, and what it names must be
    seen by the nodes under the same paths, or be remote. Logs lie in `logs/` in the run's folder.

    Settings, section `slurm`: `partition`, `account`, `qos`, `time`, `memory`, `cpus`, `gres`, `constraint` are passed
    to sbatch; `sbatch_options`: more options for it; `attempts`: how often to try a job that fails (1); `setup`: lines
    of shell to run first, such as `module load cuda`; `container`: an image to run jobs in, `container_binds`: folders
    to show in it, between commas, `container_command` (apptainer), `container_options`; `python`: the interpreter;
    `log_dir`: a folder for logs, needed only if the run's folder is remote and the present one is not shared.
    """

    name: ClassVar[str] = SLURM
    sections: ClassVar[tuple[str, ...]] = (SLURM,)
    poll_seconds: ClassVar[float] = 2.0
    setting_names: ClassVar[tuple[str, ...]] = (
        *SBATCH_OPTIONS, 'sbatch_options', 'attempts', 'setup', 'container', 'container_binds', 'container_command',
        'container_options', 'python', 'log_dir', *ClusterRunner.setting_names,
    )  # fmt: skip

    def get_split_ind(self) -> int | None:
        """The index of this task in its array."""
        index = os.environ.get('SLURM_ARRAY_TASK_ID')
        return None if index is None else int(index)

    def check(self, cfg_json_uri: str, pipeline: 'Pipeline', commands: list[str]) -> None:
        """See that there is a Slurm, and that the settings that are numbers are some."""
        slurm.check_installed()
        for name in ('attempts', 'cpus'):
            self.number(name)

    def begin(self, root_uri: str) -> dict[str, str]:
        """Make the folder for scripts, logs and exit codes."""
        stamp = datetime.now().strftime('%Y%m%d-%H%M%S-%f')
        folder = self.setting('log_dir') or (os.path.join(to_path(root_uri), LOGS) if is_local(root_uri) else LOGS)
        path = os.path.abspath(os.path.join(folder, f'{SLURM}-{stamp}'))
        os.makedirs(path)
        echo(f'Scripts and logs: {path}')
        return {'folder': path}

    def submit(self, stage: Stage, submission: Submission, pipeline: 'Pipeline', run_name: str) -> list[str]:
        """Hand over the jobs of a command; see :meth:`.ClusterRunner.submit`."""
        folder = submission.details['folder']
        job = stage.jobs[0]
        script = Path(folder, f'{stage.command}.sh')
        script.write_text(
            job_script(
                self._command_line(stage, submission.cfg_json_uri),
                exit_path=os.path.join(folder, stage.command),
                attempts=self.number('attempts', 1, job=job) or 1,
                setup=self.setting('setup', '', job=job),
            )
        )
        is_array = stage.num_splits > 1
        log = os.path.join(folder, f'{stage.command}-%a.log' if is_array else f'{stage.command}.log')
        options = ['--job-name', f'{run_name}-{stage.command}', '--output', log, '--open-mode=append', '--requeue']
        options += [f'--array=0-{stage.num_splits - 1}'] if is_array else []
        before = {_base(id) for id in submission.ids_before(job)}
        options += [f'--dependency=afterok:{":".join(sorted(before))}', '--kill-on-invalid-dep=yes'] if before else []
        id = slurm.submit([*options, *self._sbatch_options(job), str(script)], environment=DEFAULT_ENV)
        return [f'{id}_{split}' for split in range(stage.num_splits)] if is_array else [id]

    def states(self, submission: Submission) -> list[JobState]:
        """How far each job is, by the scheduler; of jobs that it has forgotten, by what they left behind."""
        known = slurm.query(sorted({_base(id) for id in submission.ids}))
        return [self._state(submission, job.index, known) for job in submission.plan[: len(submission.ids)]]

    def cancel(self, submission: Submission) -> None:
        """Stop all jobs."""
        slurm.cancel(sorted({_base(id) for id in submission.ids}))

    def read_log(self, submission: Submission, index: int, position: Any) -> tuple[list[str], Any]:
        """Whole lines of a job's log, from a position in bytes on."""
        try:
            with open(self.log_of(submission, index), 'rb') as file:
                size = file.seek(0, os.SEEK_END)
                start = file.seek(max(0, size - MAX_FIRST_READ) if position is None else position)
                text = file.read()
        except OSError:  # not there yet, as file systems of clusters are slow to show new files
            return [], position
        whole = text[: max(text.rfind(b'\n'), text.rfind(b'\r')) + 1]
        lines = whole.decode(errors='replace').replace('\r', '\n').split('\n')
        return [line for line in lines if line.strip()], start + len(whole)

    def log_of(self, submission: Submission, index: int) -> str:
        """Path of a job's log."""
        return f'{_stem(submission, index)}.log'

    # ---------------------------------------------------------------- internals
    def _command_line(self, stage: Stage, cfg_json_uri: str) -> str:
        """The command line of a task, for a shell in which `$split` is its index."""
        container = self.setting('container', job=stage.jobs[0])
        python = self.setting('python', 'python', job=stage.jobs[0]) if container else self.setting('python')
        given = {} if python is None else {'python': python}
        parts = ['--num-splits', str(stage.num_splits)] if stage.num_splits > 1 else []
        line = shlex.join(
            [*self._container_prefix(stage.jobs[0]), *job_command_line(cfg_json_uri, stage.command, **given), *parts]
        )
        return f'{line} --split-ind "$split"' if stage.num_splits > 1 else line

    def _container_prefix(self, job: Job) -> list[str]:
        image = self.setting('container', job=job)
        if image is None:
            return []
        binds = load_conf_list(self.setting('container_binds', '', job=job))
        prefix = [self.setting('container_command', 'apptainer', job=job), 'exec']
        prefix += ['--nv'] if job.uses_gpu else []
        prefix += ['--bind', ','.join(binds)] if binds else []
        return [*prefix, *shlex.split(self.setting('container_options', '', job=job)), image]

    def _sbatch_options(self, job: Job) -> list[str]:
        given = {option: self.setting(name, job=job) for name, option in SBATCH_OPTIONS.items()}
        options = [f'{option}={value}' for option, value in given.items() if value is not None]
        try:
            return options + shlex.split(self.setting('sbatch_options', '', job=job))
        except ValueError as error:
            raise ConfigError(f'The setting sbatch_options of slurm cannot be read: {error}.') from error

    def _state(self, submission: Submission, index: int, known: dict[str, JobState]) -> JobState:
        state = known.get(submission.ids[index])
        if state is not None and state.state.is_active:
            return state
        code = _exit_code(submission, index)
        if state is None:
            state = slurm.look_up(submission.ids[index])
        if state is None:
            if code is None:
                return JobState(State.UNKNOWN, 'Slurm does not know it, and it left no exit code')
            return JobState(State.DONE if code == 0 else State.FAILED, '', code)
        return JobState(state.state, state.reason, state.code if code is None else code)


def _base(id: str) -> str:
    """`12_3` -> `12`."""
    return id.partition('_')[0]


def _stem(submission: Submission, index: int) -> str:
    """Path of what belongs to a job, without an extension."""
    job = submission.plan[index]
    name = job.command if job.num_splits == 1 else f'{job.command}-{job.split_ind}'
    return os.path.join(submission.details['folder'], name)


def _exit_code(submission: Submission, index: int) -> int | None:
    """What the script of a job noted at its end; negative if a signal ended it."""
    try:
        code = int(Path(f'{_stem(submission, index)}.exit').read_text())
    except (OSError, ValueError):
        return None
    return 128 - code if code > 128 else code
