"""What only the AWS Batch runner does, on a server of moto that really runs the jobs.

What is submitted is looked at as it leaves the client, since moto forgets some of it.
"""

import json
import os
import signal
from functools import partial

import boto3
import pytest

from rastervision.aws_batch.aws_batch_runner import RETRY_RULES, AWSBatchRunner, job_name
from rastervision.aws_batch.client import get_client
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.errors import ConfigError, RunError
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.secret_references import refer_to_secrets


@pytest.fixture
def sent(on_aws_batch, command_line, monkeypatch):
    """What is submitted by this process, newest last."""
    for name, value in command_line['env'].items():
        if name.startswith(('AWS_', 'BATCH_')):
            monkeypatch.setenv(name, value)
    requests = []

    def note(request, **kwargs):
        if request.url.endswith('/submitjob'):
            requests.append(json.loads(request.body))

    get_client.cache_clear()
    get_client('batch').meta.events.register('before-send.batch', note)
    yield requests
    get_client.cache_clear()


@pytest.fixture
def submit(toy, sent):
    """Submits the toy pipeline from this process."""

    def submit(options=None, commands=(), **kwargs):
        runner = AWSBatchRunner()
        runner.configure(options or {})
        run_pipelines(runner, [toy()], commands, **kwargs)
        return sent

    return submit


def test_each_command_is_a_job_or_array_that_waits_for_the_one_before(submit, capsys):
    make, join, shout = submit(num_splits=3, pipeline_run_name='my run')

    ids = [line.split()[3] for line in capsys.readouterr().out.splitlines() if 'submitted as' in line]
    assert [request['jobName'][:11] for request in (make, join, shout)] == ['my-run-make', 'my-run-join', 'my-run-shou']
    assert make['arrayProperties'] == {'size': 3}
    assert 'arrayProperties' not in join
    assert [request.get('dependsOn') for request in (make, join, shout)] == [
        None,
        [{'jobId': ids[0]}],
        [{'jobId': ids[1]}],
    ]
    assert [request['jobQueue'] for request in (make, join, shout)] == ['cpu-queue', 'cpu-queue', 'gpu-queue']
    assert [request['jobDefinition'] for request in (make, join, shout)] == ['cpu-def', 'cpu-def', 'gpu-def']


def test_command_line_is_that_of_0_31(submit, tmp_path):
    make, join, _ = submit(num_splits=3)

    uri = str(tmp_path / 'out' / 'pipeline-config.json')
    program = ['python', '-m', 'rastervision.pipeline.cli', 'run_command', uri]
    assert make['containerOverrides']['command'] == [*program, 'make', '--runner', 'batch', '--num-splits', '3']
    assert join['containerOverrides']['command'] == [*program, 'join', '--runner', 'batch']


def test_only_lost_machines_are_retried(submit):
    assert submit(commands=['make'])[0]['retryStrategy'] == {'attempts': 5, 'evaluateOnExit': RETRY_RULES}
    assert RETRY_RULES[0] == {'onStatusReason': 'Host EC2*', 'action': 'RETRY'}
    assert {rule['action'] for rule in RETRY_RULES[-2:]} == {'EXIT'}


def test_resources_timeout_and_attempts_can_be_set_for_a_command_or_class(submit):
    options = {'cpu_vcpus': '2', 'make_vcpus': '8', 'memory': '4000', 'gpu_gpus': '1', 'timeout': '90', 'attempts': '1'}

    make, join, shout = submit(options)

    assert make['containerOverrides']['resourceRequirements'] == [
        {'type': 'VCPU', 'value': '8'},
        {'type': 'MEMORY', 'value': '4000'},
    ]
    assert join['containerOverrides']['resourceRequirements'][0] == {'type': 'VCPU', 'value': '2'}
    assert {'type': 'GPU', 'value': '1'} in shout['containerOverrides']['resourceRequirements']
    assert make['timeout'] == {'attemptDurationSeconds': 90}
    assert make['retryStrategy'] == {'attempts': 1}


def test_settings_of_the_profile_and_verbosity_travel(submit, tmp_path, monkeypatch):
    profile = tmp_path / 'profile.ini'
    profile.write_text('[rastervision]\npredict_num_workers = 3\n[other]\nkey = secret\n')
    monkeypatch.setenv('RV_CONFIG', str(profile))
    monkeypatch.setenv('RASTERVISION_USE_DDP', 'no')
    rv_config_.set_everett_config()
    rv_config_.set_verbosity(2)
    try:
        make = submit(commands=['make'])[0]
    finally:
        rv_config_.set_verbosity(1)

    assert make['containerOverrides']['environment'] == [
        {'name': 'RASTERVISION_PREDICT_NUM_WORKERS', 'value': '3'},
        {'name': 'RASTERVISION_USE_DDP', 'value': 'no'},
    ]
    assert make['containerOverrides']['command'][3] == '-v'


URI = 'https://ann:s3cr3t@host/a.tif'


def test_passwords_have_to_be_in_the_job_definition_or_passed_by_the_users_word(submit, sent, toy, monkeypatch):
    monkeypatch.setattr('os.environ', dict(os.environ))
    runner, [name] = AWSBatchRunner(), refer_to_secrets(URI)[1]

    with pytest.raises(
        ConfigError, match=rf"job definition 'cpu-def' does not set {name} \(user and password of 'https://\*\*\*@host"
    ):
        run_pipelines(runner, [toy(source=URI)], ['make'])
    assert sent == []

    properties = {'image': 'rv', 'vcpus': 1, 'memory': 512, 'command': []}
    variable = {'environment': [{'name': name, 'value': 's3cr3t'}]}
    definition = {'jobDefinitionName': 'with-secret', 'type': 'container'}
    get_client('batch').register_job_definition(**definition, containerProperties={**properties, **variable})
    runner.configure({'cpu_job_def': 'with-secret'})
    run_pipelines(runner, [toy(source=URI)], ['make'])
    runner.configure({'pass_secrets': 'yes'})
    run_pipelines(runner, [toy(source=URI, root_uri=toy().root_uri + '2')], ['make'])

    assert 's3cr3t' not in json.dumps(sent[0])
    assert {'name': name, 'value': 'ann:s3cr3t'} in sent[1]['containerOverrides']['environment']


def test_local_files_are_refused_and_named_before_anything_is_submitted(submit, sent, tmp_path):
    with pytest.raises(ConfigError) as error:
        submit({'shared_paths': '/mnt'})

    assert sent == []
    assert f'root_uri: {str(tmp_path / "out")!r}' in str(error.value)
    assert f'the config: {str(tmp_path / "out" / "pipeline-config.json")!r}' in str(error.value)


def test_missing_queue_is_named(submit, sent, monkeypatch):
    monkeypatch.delenv('BATCH_GPU_JOB_QUEUE')

    with pytest.raises(ConfigError, match=r'gpu_job_queue is not set.*BATCH_GPU_JOB_QUEUE'):
        submit()
    assert sent == []


def test_section_may_be_called_aws_batch(submit, monkeypatch):
    monkeypatch.delenv('BATCH_CPU_JOB_QUEUE')
    monkeypatch.setenv('AWS_BATCH_CPU_JOB_QUEUE', 'gpu-queue')

    assert submit(commands=['make'])[0]['jobQueue'] == 'gpu-queue'


@pytest.mark.usefixtures('sent')
def test_refused_job_cancels_those_before(submit, wait_for):
    with pytest.raises(RunError, match='Job queue nowhere does not exist'):
        submit({'gpu_job_queue': 'nowhere'})

    batch = get_client('batch')
    failed = partial(batch.list_jobs, jobQueue='cpu-queue', jobStatus='FAILED')
    wait_for(lambda: 'Cancelled by rastervision' in [job.get('statusReason') for job in failed()['jobSummaryList']])


def test_a_single_command_can_be_submitted(sent):
    AWSBatchRunner().run_command(['python', '-V'], use_gpu=True, debug=True, parent_job_ids=['a'], num_array_jobs=2)

    assert sent[0]['jobQueue'] == 'gpu-queue'
    assert sent[0]['dependsOn'] == [{'jobId': 'a'}]
    assert sent[0]['arrayProperties'] == {'size': 2}
    assert sent[0]['containerOverrides']['command'][-1] == '-V'
    assert 'debugpy' in sent[0]['containerOverrides']['command']


def test_names_of_jobs_are_such_as_aws_takes():
    name = job_name('größe/' + 'x' * 200, 'chip')

    assert len(name) == 128
    assert name.startswith('gr--e-xxx')


def test_index_comes_from_the_environment(monkeypatch):
    assert AWSBatchRunner().get_split_ind() == 0

    monkeypatch.setenv('AWS_BATCH_JOB_ARRAY_INDEX', '4')

    assert AWSBatchRunner().get_split_ind() == 4


@pytest.mark.usefixtures('on_aws_batch')
def test_jobs_are_listed_followed_and_cancelled_on_ctrl_c(rastervision, start, command_line, wait_for, tmp_path):
    listed = rastervision('run', 'batch', *command_line['toy'], '--splits', '2')
    shown = rastervision('jobs', tmp_path / 'out', '--wait')
    process = start('run', 'batch', *command_line['toy'], '--wait', '--rerun', '-a', 'seconds', '30')
    wait_for(lambda: (tmp_path / 'log').read_text().count('make a') == 2)
    process.send_signal(signal.SIGINT)

    assert process.wait(15) == 130
    wait_for(lambda: 'cancelled: Cancelled by' in rastervision('jobs', tmp_path / 'out').stdout)
    assert 'console.aws.amazon.com/batch' in listed.stdout
    assert shown.returncode == 0, shown.stderr
    assert 'make 2/2' in shown.stdout
    assert 'cloudwatch' in shown.stdout


@pytest.mark.usefixtures('sent')
def test_run_on_s3_gives_the_bytes_of_a_local_one_and_resumes(rastervision, command_line, tmp_path, log):
    s3 = boto3.client('s3')
    s3.create_bucket(Bucket='runs')
    del command_line['env']['BATCH_SHARED_PATHS']
    on_s3 = ('run', 'aws_batch', *command_line['toy'], '-a', 'root_uri', 's3://runs/one', '--wait', '--splits', '3')
    rastervision('run', 'inprocess', *command_line['toy'])
    log()

    bad = rastervision(*on_s3, '-a', 'bad_item', 'c')
    assert sorted(log()) == ['make a', 'make b', 'make c']
    good = rastervision(*on_s3)

    assert 'ValueError: c is bad' in bad.stderr
    assert good.returncode == 0, good.stderr
    assert log() == ['make c', 'join', 'shout']
    keys = [item['Key'] for item in s3.list_objects_v2(Bucket='runs', Prefix='one/')['Contents']]
    found = {key: s3.get_object(Bucket='runs', Key=key)['Body'].read() for key in keys if key.endswith('.txt')}
    assert found == {f'one/{path.name}': path.read_bytes() for path in (tmp_path / 'out').glob('*.txt')}
