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
