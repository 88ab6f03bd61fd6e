import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = [ROOT / f'rastervision_pipeline_example_plugin{number}' for number in (1, 2)]


@pytest.fixture
def command_line(command_line):
    command_line['env']['PYTHONPATH'] = os.pathsep.join(map(str, PLUGINS))
    return command_line


@pytest.mark.parametrize(
    ('module', 'runner', 'options', 'message'),
    [
        ('pipeline_example_plugin1.config1', 'inprocess', [], 'hello alice!'),
        ('pipeline_example_plugin1.config2', 'local', ['-s', '2'], 'good day alice!'),
        ('pipeline_example_plugin2.config3', 'inprocess', ['-a', 'level', '2'], 'hello alice!!'),
    ],
)
def test_examples_run(rastervision, tmp_path, module, runner, options, message):
    result = rastervision('run', runner, f'rastervision.{module}', '-a', 'root_uri', tmp_path / 'm', *options)

    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'm' / 'alice.txt').read_text() == message


def test_saved_config_of_an_example_can_be_run(rastervision, tmp_path):
    rastervision('run', 'inprocess', 'rastervision.pipeline_example_plugin2.config3', '-a', 'root_uri', tmp_path / 'm')

    result = rastervision('run', 'inprocess', tmp_path / 'm' / 'pipeline-config.json')

    assert 'save_messages is done already' in result.stdout
    assert 'hello bob!!!' in result.stdout
