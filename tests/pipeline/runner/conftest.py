"""The engines that runners hand jobs to."""

import logging
import os
import signal
import subprocess
import tempfile
import time

import psutil
import pytest


@pytest.fixture(params=['inprocess', 'local', 'slurm', 'aws_batch', 'dask'])
def engine(request, monkeypatch):
    """Name of a runner, whose engine runs here."""
    if request.param in ('slurm', 'aws_batch'):
        request.getfixturevalue(f'on_{request.param}')
    return request.param


@pytest.fixture(scope='session')
def aws_batch():
    """AWS Batch by moto's server, over real HTTP, as there is no Amazon here; jobs run as processes of this machine.

    Gives what its clients need in their environment. moto would run jobs in Docker, or not at all.
    """
    import boto3
    from moto.batch import models
    from moto.server import ThreadedMotoServer

    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.Job, 'run', run_batch_job)
        server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        variables = {
            'AWS_ENDPOINT_URL': f'http://{host}:{port}',
            'AWS_ACCESS_KEY_ID': 'key',
            'AWS_SECRET_ACCESS_KEY': 'secret',
            'AWS_DEFAULT_REGION': 'us-east-1',
            'AWS_EC2_METADATA_DISABLED': 'true',
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        make_batch(boto3.client('batch'), boto3.client('iam'))
        yield variables
        server.stop()


def make_batch(batch, iam):
    """A queue and a job definition for each class of commands."""
    role = iam.create_role(RoleName='batch', AssumeRolePolicyDocument='{}')['Role']['Arn']
    batch.create_compute_environment(computeEnvironmentName='here', type='UNMANAGED', state='ENABLED', serviceRole=role)
    for kind in ('cpu', 'gpu'):
        order = [{'order': 1, 'computeEnvironment': 'here'}]
        batch.create_job_queue(jobQueueName=f'{kind}-queue', state='ENABLED', priority=1, computeEnvironmentOrder=order)
        properties = {'image': 'rv', 'vcpus': 1, 'memory': 512, 'command': []}
        batch.register_job_definition(jobDefinitionName=f'{kind}-def', type='container', containerProperties=properties)


def run_batch_job(job):
    """Run a job of moto, which is a thread, in its environment; then tell the array that it belongs to."""
    from moto.batch.models import JobStatus, datetime

    if job.depends_on and not job._wait_for_dependencies():
        job.job_stopped_reason = 'Dependent Job failed'
        note_end_in_array(job)
        return
    env = {item['name']: item['value'] for item in job._get_container_property('environment', [])}
    if 'index' in (job.array_properties or {}):
        env['AWS_BATCH_JOB_ARRAY_INDEX'] = str(job.array_properties['index'])
    job.status, job.job_started_at = JobStatus.RUNNING, datetime.now()
    command = job._add_parameters_to_command(job._get_container_property('command', []))
    with tempfile.TemporaryFile('w+') as file:
        process = subprocess.Popen(command, env={**IMAGE, **env}, stdout=file, stderr=subprocess.STDOUT)
        while process.poll() is None:
            time.sleep(0.05)
            if job.stop:
                process.kill()
        file.seek(0)
        printed = file.read()
    job.log_stream_name = job._stream_name
    now = int(time.time() * 1000)
    job._log_backend.ensure_log_group(job._log_group)
    job._log_backend.ensure_log_stream(job._log_group, job.log_stream_name)
    events = [{'timestamp': now, 'message': line} for line in printed.splitlines() if line]
    job._log_backend.put_log_events(job._log_group, job.log_stream_name, events)
    job._mark_stopped(success=process.returncode == 0)
    note_end_in_array(job)


def note_end_in_array(job):
    """An array fails when all of its jobs have ended and one has failed; moto leaves that out."""
    from moto.batch.models import JobStatus

    parent = job.all_jobs[job.job_id.partition(':')[0]]
    if parent is not job and parent._child_jobs and all(child.job_stopped for child in parent._child_jobs):
        is_good = all(child.status == JobStatus.SUCCEEDED for child in parent._child_jobs)
        parent._mark_stopped(success=is_good)


IMAGE: dict[str, str] = {}  # the environment of jobs, as an image gives it


@pytest.fixture
def on_aws_batch(aws_batch, command_line, tmp_path):
    """Commands of a test see AWS Batch; its jobs see what an image would give them, and no more."""
    IMAGE.clear()
    path = os.pathsep.join([os.path.dirname(command_line['args'][0]), os.environ['PATH']])
    IMAGE.update(command_line['env'], **aws_batch, PATH=path)
    queues = {
        f'BATCH_{kind}_JOB_{what}': f'{kind}-{what}'.lower() for kind in ('CPU', 'GPU') for what in ('DEF', 'QUEUE')
    }
    command_line['env'].update(aws_batch, BATCH_POLL_SECONDS='0.3', BATCH_SHARED_PATHS=str(tmp_path), **queues)


@pytest.fixture
def on_slurm(slurm, command_line):
    """Commands of a test see the Slurm."""
    command_line['env'].update(slurm)


@pytest.fixture
def run(engine, rastervision, command_line):
    """Runs the toy pipeline with the runner, and waits for its end."""

    def run(*args):
        return rastervision('run', engine, *command_line['toy'], '--wait', *args)

    return run


def heed_interrupts():
    """As in a terminal; a test run that was started in the background has passed on to ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def start(command_line):
    """Starts `rastervision` in another process."""

    def start(*args, stdout=subprocess.DEVNULL):
        command = [*command_line['args'], *args]
        return subprocess.Popen(
            command,
            cwd=command_line['cwd'],
            env=command_line['env'],
            stdout=stdout,
            preexec_fn=heed_interrupts,
        )

    return start


@pytest.fixture
def wait_for():
    """Waits until something is so."""

    def wait_for(condition, seconds=15):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.05)

    return wait_for


@pytest.fixture
def running(tmp_path):
    """Finds the processes of this machine that run a job of the toy pipeline."""

    def running():
        return [p for p in psutil.process_iter(['cmdline']) if f'{tmp_path}/out' in ' '.join(p.info['cmdline'] or ())]

    return running
