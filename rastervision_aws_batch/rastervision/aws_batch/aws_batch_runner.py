"""Hands jobs to AWS Batch."""

import os
import re
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rastervision.aws_batch.client import describe_jobs, explained, get_client, read_log, variables_of
from rastervision.aws_batch.uris import refuse_local
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.utils import file_to_json
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.runner.cluster_runner import ClusterRunner
from rastervision.pipeline.runner.command_line import job_command_line
from rastervision.pipeline.runner.parent import PARENT
from rastervision.pipeline.runner.plan import Job, Stage
from rastervision.pipeline.runner.runner import Runner as Runner
from rastervision.pipeline.runner.submission import JobState, State, Submission
from rastervision.pipeline.rv_config import load_conf_list, rv_config_
from rastervision.pipeline.secret_references import SECRETS, references_in

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

AWS_BATCH = 'batch'
INDEX = 'AWS_BATCH_JOB_ARRAY_INDEX'
LOG_GROUP = '/aws/batch/job'
DEFAULT_ATTEMPTS = 5
MAX_ARRAY = 10_000
MAX_NAME = 128
MOST_NAMED = 5
DEBUGGER = ['-m', 'debugpy', '--listen', '0.0.0.0:6006', '--wait-for-client']
RESOURCES = {'vcpus': 'VCPU', 'memory': 'MEMORY', 'gpus': 'GPU'}

# A job is tried again if its machine is taken away, or its image could not be fetched; an error of the job would only
# come again.
RETRY_RULES = [
    {'onStatusReason': 'Host EC2*', 'action': 'RETRY'},
    {'onReason': 'CannotPullContainerError*', 'action': 'RETRY'},
    {'onReason': 'CannotPullECRContainerError*', 'action': 'RETRY'},
    {'onExitCode': '*', 'action': 'EXIT'},
    {'onReason': '*', 'action': 'EXIT'},
]
STATES = {
    'SUBMITTED': State.WAITING,
    'PENDING': State.WAITING,
    'RUNNABLE': State.WAITING,
    'STARTING': State.WAITING,
    'RUNNING': State.RUNNING,
    'SUCCEEDED': State.DONE,
    'FAILED': State.FAILED,
}
CANCELLED_REASONS = ('Dependent Job failed', 'Cancelled by rastervision')


class AWSBatchRunner(ClusterRunner):
    """Hands jobs to AWS Batch: an array job for each command that is split, each waiting for the one before.

    Commands that profit from a GPU go to the GPU's queue and job definition, others to the CPU's; a pipeline, or a
    method of it, that has attributes `job_queue` and `job_def` goes there. All files must be remote.

    Settings, section `batch` or `aws_batch`: `gpu_job_queue`, `gpu_job_def`, `cpu_job_queue`, `cpu_job_def`;
    `attempts`, how often to start a job whose machine is taken away (5); `timeout` in seconds; `vcpus`, `memory` (MB)
    and `gpus`, instead of those of the job definition; `shared_paths`, folders that jobs mount, between commas;
    `log_group` (/aws/batch/job); `pass_secrets`, whether passwords and the like in the config are passed to jobs
    as plain variables of their environment (no: the job definition has to have them).
    """

    name: ClassVar[str] = AWS_BATCH
    sections: ClassVar[tuple[str, ...]] = (AWS_BATCH, 'aws_batch')
    poll_seconds: ClassVar[float] = 10.0
    setting_names: ClassVar[tuple[str, ...]] = (
        'job_queue', 'job_def', 'attempts', 'timeout', *RESOURCES, 'shared_paths', 'log_group', 'pass_secrets',
        *ClusterRunner.setting_names,
    )  # fmt: skip

    def __init__(self) -> None:
        """Nothing is asked of AWS yet."""
        self._streams: dict[str, str] = {}

    def get_split_ind(self) -> int:
        """The index of this job in its array; 0 outside one."""
        return int(os.environ.get(INDEX, 0))

    def build_cmd(
        self,
        command: str,
        cfg_json_uri: str,
        pipeline: 'Pipeline',
        num_splits: int = 1,
        pipeline_run_name: str = 'raster-vision',
    ) -> tuple[list[str], dict[str, Any]]:
        """What to submit for a command.

        Args:
            command: The command.
            cfg_json_uri: The saved config.
            pipeline: Says whether it can be split, whether it profits from a GPU, and maybe where it runs.
            num_splits: Into how many jobs to split it.
            pipeline_run_name: Name of the run.

        Returns:
            The command line, and the other arguments of :meth:`.AWSBatchRunner.run_command`.
        """
        is_split = num_splits > 1 and command in pipeline.split_commands
        verbosity = rv_config_.get_verbosity_cli_opt()
        options = {'runner': AWS_BATCH, **({'num-splits': num_splits} if is_split else {})}
        line = job_command_line(
            cfg_json_uri, command, options, python='python', cli_options=[verbosity] if verbosity else []
        )
        method = getattr(pipeline, command, None)
        return line, {
            'job_name': job_name(pipeline_run_name, command),
            'num_array_jobs': num_splits if is_split else None,
            'use_gpu': command in pipeline.gpu_commands,
            'job_queue': getattr(method, 'job_queue', None) or getattr(pipeline, 'job_queue', None),
            'job_def': getattr(method, 'job_def', None) or getattr(pipeline, 'job_def', None),
        }

    def run_command(  # type: ignore[override]
        self,
        cmd: list[str],
        job_name: str | None = None,
        debug: bool = False,
        attempts: int = 1,
        parent_job_ids: list[str] | None = None,
        num_array_jobs: int | None = None,
        use_gpu: bool = False,
        job_queue: str | None = None,
        job_def: str | None = None,
        **kwargs: Any,
    ) -> str:
        """Submit a job that runs a command line.

        Args:
            cmd: The program and its arguments.
            job_name: Its name. None: a random one.
            debug: Run Python in a debugger (debugpy, which the image must have) that waits on port 6006.
            attempts: How often to start it, if its machine is taken away.
            parent_job_ids: Jobs that must have ended well before.
            num_array_jobs: How many jobs to make of it, if several.
            use_gpu: Take the GPU's queue and job definition.
            job_queue: Another queue.
            job_def: Another job definition.
            kwargs: More arguments for `submit_job` of boto3.

        Returns:
            The id of the job.

        Raises:
            ConfigError: If the settings name no queue or no job definition.
            RunError: If AWS refuses the job.
        """
        request: dict[str, Any] = {
            'jobName': job_name or f'raster-vision-{uuid.uuid4()}',
            'jobQueue': job_queue or self._required('job_queue', use_gpu),
            'jobDefinition': job_def or self._required('job_def', use_gpu),
            'retryStrategy': {'attempts': attempts, **({'evaluateOnExit': RETRY_RULES} if attempts > 1 else {})},
            **kwargs,
        }
        line = [cmd[0], *DEBUGGER, *cmd[1:]] if debug else cmd
        request['containerOverrides'] = {**request.get('containerOverrides', {}), 'command': line}
        if parent_job_ids:
            request['dependsOn'] = [{'jobId': id} for id in parent_job_ids]
        if num_array_jobs is not None and num_array_jobs > 1:
            request['arrayProperties'] = {'size': num_array_jobs}
        with explained(f'submit {request["jobName"]}'):
            return str(get_client('batch').submit_job(**request)['jobId'])

    # ----------------------------------------------------------------- a cluster
    def check(self, cfg_json_uri: str, pipeline: 'Pipeline', commands: list[str]) -> None:
        """See that all files are remote and that queues and job definitions are known."""
        refuse_local(cfg_json_uri, pipeline, commands, load_conf_list(self.setting('shared_paths', '')))
        for command in commands:
            _, options = self.build_cmd(command, cfg_json_uri, pipeline)
            for name in ('job_queue', 'job_def'):
                if options[name] is None:
                    self._required(name, options['use_gpu'])
        for job in self.plan(pipeline, commands):
            for name in ('attempts', 'timeout', *RESOURCES):
                self.number(name, job=job)
        if not self.is_set('pass_secrets'):
            self._check_secrets(cfg_json_uri, pipeline, commands)

    def submit(self, stage: Stage, submission: Submission, pipeline: 'Pipeline', run_name: str) -> list[str]:
        """Hand over the jobs of a command; see :meth:`.ClusterRunner.submit`."""
        if stage.num_splits > MAX_ARRAY:
            raise ConfigError(
                f'{stage.command}: {stage.num_splits} splits; an array of AWS Batch has {MAX_ARRAY} at most.'
            )
        job = stage.jobs[0]
        line, options = self.build_cmd(stage.command, submission.cfg_json_uri, pipeline, stage.num_splits, run_name)
        id = self.run_command(
            line,
            attempts=self.number('attempts', DEFAULT_ATTEMPTS, job=job) or 1,
            parent_job_ids=sorted({_base(id) for id in submission.ids_before(job)}),
            containerOverrides=self._overrides(job),
            **self._timeout(job),
            **options,
        )
        return [f'{id}:{split}' for split in range(stage.num_splits)] if stage.num_splits > 1 else [id]

    def states(self, submission: Submission) -> list[JobState]:
        """How far each job is."""
        # The state of an array is asked for too, as what depends on it goes by that.
        known = describe_jobs(list(dict.fromkeys([*map(_base, submission.ids), *submission.ids])))
        for id, job in known.items():
            stream = job.get('container', {}).get('logStreamName')
            if stream:
                self._streams[id] = stream
        return [_state(known.get(id)) for id in submission.ids]

    def cancel(self, submission: Submission) -> None:
        """Stop all jobs."""
        for id in sorted(set(map(_base, submission.ids))):
            with explained(f'cancel {id}'):
                get_client('batch').terminate_job(jobId=id, reason=CANCELLED_REASONS[1])

    def read_log(self, submission: Submission, index: int, position: Any) -> tuple[list[str], Any]:
        """Lines that a job has printed, from CloudWatch."""
        stream = self._streams.get(submission.ids[index])
        return ([], position) if stream is None else read_log(self._log_group(), stream, position)

    def log_of(self, submission: Submission, index: int) -> str:
        """A link to the log of a job in the console, or to the job while it has none."""
        id = submission.ids[index]
        stream = self._streams.get(id)
        if stream is None:
            return job_link(id)
        parts = '/log-events/'.join(part.replace('/', '$252F') for part in (self._log_group(), stream))
        return f'{_console("cloudwatch")}#logsV2:log-groups/log-group/{parts}'

    def describe(self, ids: Sequence[str]) -> str:
        """The id of a job or array, and a link to it."""
        return f'{_base(ids[0])} {job_link(_base(ids[0]))}'

    # ---------------------------------------------------------------- internals
    def _required(self, name: str, use_gpu: bool) -> str:
        key = f'{"gpu" if use_gpu else "cpu"}_{name}'
        value = self.setting(key)
        if not value:
            raise ConfigError(
                f'AWS Batch: {key} is not set. Set it in the section batch of a profile, as BATCH_{key.upper()} in the '
                f'environment, or with -o {key} NAME.'
            )
        return str(value)

    def _check_secrets(self, cfg_json_uri: str, pipeline: 'Pipeline', commands: list[str]) -> None:
        """See that jobs get the secrets that the config refers to."""
        needed = references_in(file_to_json(cfg_json_uri, DOCUMENT))
        if not needed:
            return
        for command in commands:
            _, options = self.build_cmd(command, cfg_json_uri, pipeline)
            job_def = options['job_def'] or self._required('job_def', options['use_gpu'])
            missing = [name for name in needed if name not in variables_of(job_def)]
            if missing:
                raise ConfigError(
                    f'AWS Batch: the job definition {job_def!r} does not set {", ".join(missing[:MOST_NAMED])} '
                    f'({needed[missing[0]]}). Keep the value in Secrets Manager, and name it in "secrets" of the '
                    'job definition; or let it be passed to jobs as it is, to be seen by all who may describe them: '
                    '-o pass_secrets yes.'
                )

    def _timeout(self, job: Job) -> dict[str, Any]:
        seconds = self.number('timeout', job=job)
        return {} if seconds is None else {'timeout': {'attemptDurationSeconds': seconds}}

    def _overrides(self, job: Job) -> dict[str, Any]:
        """What differs from the job definition: settings that the job must know, and resources."""
        schema = registry_.get_rv_config_schema()
        others = {section: keys for section, keys in schema.items() if section not in self.sections}
        variables = {name: value for name, value in rv_config_.get_job_variables(others).items() if name != PARENT}
        if self.is_set('pass_secrets'):
            variables |= rv_config_.get_section_variables(SECRETS)
        environment = [{'name': name, 'value': value} for name, value in sorted(variables.items())]
        given = {kind: self.number(name, job=job) for name, kind in RESOURCES.items()}
        resources = [{'type': kind, 'value': str(value)} for kind, value in given.items() if value is not None]
        overrides: dict[str, Any] = {'environment': environment} if environment else {}
        return overrides | ({'resourceRequirements': resources} if resources else {})

    def _log_group(self) -> str:
        return str(self.setting('log_group', LOG_GROUP))


def job_name(run_name: str, command: str) -> str:
    """A name for a job that no other has, of characters that AWS Batch takes."""
    clean = re.sub(r'[^A-Za-z0-9_-]', '-', f'{run_name}-{command}').lstrip('-_') or command
    end = f'-{uuid.uuid4()}'
    return clean[: MAX_NAME - len(end)] + end


def job_link(id: str) -> str:
    """A link to a job in the console."""
    return f'{_console("batch")}#jobs/detail/{id}'


def _console(service: str) -> str:
    region = get_client('batch').meta.region_name
    return f'https://{region}.console.aws.amazon.com/{service}/home?region={region}'


def _base(id: str) -> str:
    """`<uuid>:3` -> `<uuid>`."""
    return id.partition(':')[0]


def _state(job: dict[str, Any] | None) -> JobState:
    if job is None:
        return JobState(State.UNKNOWN, 'AWS Batch does not know it')
    state = STATES[job['status']]
    reason = job.get('statusReason') or ''
    if state is State.WAITING:
        return JobState(state, reason or ('no machine yet' if job['status'] == 'RUNNABLE' else ''))
    if state is not State.FAILED:
        return JobState(state)
    if reason.startswith(CANCELLED_REASONS):
        return JobState(State.CANCELLED, reason)
    container = job.get('container', {})
    return JobState(state, container.get('reason') or reason, container.get('exitCode'))
