"""The templates: linted, and made for the runner that uses what they make. Nothing is deployed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rastervision.pipeline.registry import registry_

FOLDER = Path(__file__).parents[2] / 'cloudformation'
TEMPLATES = sorted(FOLDER.glob('*.yml'))


def load(name):
    from cfnlint.decode import cfn_yaml

    return cfn_yaml.load(str(FOLDER / name))


def camel(setting):
    return ''.join(word.capitalize() for word in setting.split('_'))


def test_templates_are_clean():
    result = subprocess.run(
        [Path(sys.executable).parent / 'cfn-lint', *TEMPLATES], capture_output=True, text=True, timeout=120
    )

    assert len(TEMPLATES) == 2
    assert (result.stdout, result.returncode) == ('', 0)


def test_outputs_are_the_settings_of_the_runner():
    settings = registry_.get_rv_config_schema()['aws_batch']

    outputs = load('template.yml')['Outputs']

    assert {camel(setting) for setting in settings} <= set(outputs)
    for setting in settings:
        assert setting in outputs[camel(setting)]['Description']


def test_job_definitions_of_a_namespace_take_the_place_of_those_of_the_stack():
    whole, part = load('template.yml'), load('job_def_template.yml')

    for name in ('CpuJobDef', 'GpuJobDef'):
        ours, theirs = (dict(template['Resources'][name]['Properties']) for template in (part, whole))
        for different in ('JobDefinitionName',):
            ours.pop(different), theirs.pop(different)
        ours, theirs = ({**found['ContainerProperties'], **found} for found in (ours, theirs))
        for different in ('Image', 'JobRoleArn', 'ContainerProperties'):
            ours.pop(different), theirs.pop(different)
        assert ours == theirs
        assert name in part['Outputs']


def test_retries_are_for_machines_that_are_taken_away():
    strategy = load('template.yml')['Resources']['GpuJobDef']['Properties']['RetryStrategy']

    assert [(item['Action'], item.get('OnStatusReason')) for item in strategy['EvaluateOnExit']] == [
        ('RETRY', 'Host EC2*'),
        ('EXIT', None),
    ]


@pytest.mark.parametrize('kind', ['Cpu', 'Gpu'])
def test_queue_falls_back_to_instances_on_demand(kind):
    resources = load('template.yml')['Resources']

    order = resources[f'{kind}JobQueue']['Properties']['ComputeEnvironmentOrder']
    types = [
        resources[item['ComputeEnvironment']['Ref']]['Properties']['ComputeResources']['Type']
        for item in sorted(order, key=lambda item: item['Order'])
    ]

    assert types == ['SPOT', 'EC2']


def test_jobs_may_touch_only_the_buckets_that_are_named():
    text = (FOLDER / 'template.yml').read_text()

    assert not re.search(r"Action: ['\"]?(s3:)?\*|Resource: ['\"]?\*", text)


def test_image_runs_as_the_user_it_has():
    user = re.search(r'^USER (\S+)', (FOLDER.parent / 'docker' / 'Dockerfile').read_text(), re.MULTILINE)[1]

    assert load('template.yml')['Resources']['GpuJobDef']['Properties']['ContainerProperties']['User'] == user


def test_metadata_of_an_instance_needs_a_token_and_does_not_reach_containers():
    data = load('template.yml')['Resources']['LaunchTemplate']['Properties']['LaunchTemplateData']

    assert data['MetadataOptions'] == {
        'HttpEndpoint': 'enabled',
        'HttpTokens': 'required',
        'HttpPutResponseHopLimit': 1,
    }


@pytest.mark.parametrize('kind', ['Cpu', 'Gpu'])
def test_jobs_have_credentials_and_region_without_the_metadata_of_the_instance(kind):
    for name in ('template.yml', 'job_def_template.yml'):
        properties = load(name)['Resources'][f'{kind}JobDef']['Properties']['ContainerProperties']

        assert 'JobRoleArn' in properties
        assert properties['Environment'] == [{'Name': 'AWS_REGION', 'Value': {'Ref': 'AWS::Region'}}]


@pytest.mark.parametrize('kind', ['Cpu', 'Gpu'])
def test_image_can_be_named_by_its_digest(kind):
    template = load('template.yml')
    condition, with_digest, with_tag = template['Resources'][f'{kind}JobDef']['Properties']['ContainerProperties'][
        'Image'
    ]['Fn::If']

    assert template['Conditions'][condition] == {'Fn::Not': [{'Fn::Equals': [{'Ref': f'{kind}ImageDigest'}, '']}]}
    assert with_digest == {'Fn::Sub': f'${{{kind}Repository.RepositoryUri}}@${{{kind}ImageDigest}}'}
    assert with_tag == {'Fn::Sub': f'${{{kind}Repository.RepositoryUri}}:${{{kind}ImageTag}}'}
    pattern = template['Parameters'][f'{kind}ImageDigest']['AllowedPattern']
    assert [bool(re.fullmatch(pattern, text)) for text in ('', f'sha256:{"0a" * 32}', 'latest', 'sha256:0')] == [
        True, True, False, False,
    ]  # fmt: skip
