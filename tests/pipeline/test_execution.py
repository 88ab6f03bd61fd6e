import json
import os

import pytest

from rastervision.pipeline.config.build import build_config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, NotReadableError
from rastervision.pipeline.execution import load_pipeline_config, prepare, run_command
from rastervision.pipeline.file_system.utils import file_to_json, json_to_file
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.rv_config import rv_config_


@register_config('test_execution.filled', plugin='rastervision.pipeline')
class FilledConfig(PipelineConfig):
    name: str | None = None

    def update(self):
        super().update()
        self.name = self.name or 'filled in'

    def validate_config(self):
        if self.name == 'bad':
            raise ConfigError('name: bad')


@register_config('test_execution.loose', plugin='rastervision.pipeline')
class LooseConfig(PipelineConfig):
    share: float = 1  # a default that pydantic does not turn into a float


def test_prepare_saves_the_resolved_config_and_leaves_the_given_one(tmp_path):
    config = FilledConfig(root_uri=str(tmp_path / 'new' / 'folder'))

    resolved = prepare(config)

    assert config.name is None
    saved = json.loads((tmp_path / 'new' / 'folder' / 'pipeline-config.json').read_text())
    assert saved['name'] == resolved.name == 'filled in'
    assert 'rastervision.pipeline' in saved['plugin_versions']


def test_config_that_is_not_valid_is_not_saved(tmp_path):
    with pytest.raises(ConfigError, match='name: bad'):
        prepare(FilledConfig(root_uri=str(tmp_path), name='bad'))

    assert os.listdir(tmp_path) == []


def test_missing_root_is_an_error():
    with pytest.raises(ConfigError, match='root_uri is None'):
        prepare(FilledConfig())


def test_command_runs_in_a_temporary_folder_that_goes_away(toy, tmp_path):
    uri = prepare(toy()).get_config_uri()

    run_command(uri, 'make')

    assert (tmp_path / 'out' / 'a.txt').read_text() == 'a'
    assert [name for name in os.listdir(tmp_path / 'tmp') if name != 'cache'] == []


def test_running_says_what_runs(toy, capsys):
    uri = prepare(toy()).get_config_uri()

    run_command(uri, 'make', 1, 3)
    run_command(uri, 'make')

    assert capsys.readouterr().out == 'Running make command split 2/3...\nRunning make command...\n'


@pytest.mark.parametrize(
    ('command', 'split_ind', 'num_splits', 'message'),
    [
        ('mak', None, None, "no command 'mak'. Did you mean 'make'"),
        ('make', None, 2, 'which of the 2 splits'),
        ('make', 2, 2, 'no split 2 of 2'),
        ('make', 0, 0, 'num_splits is 0'),
        ('join', 0, 2, "'join' cannot be split into 2.*: make"),
    ],
)
def test_job_that_cannot_be_says_why(toy, command, split_ind, num_splits, message):
    uri = prepare(toy()).get_config_uri()

    with pytest.raises(ConfigError, match=message):
        run_command(uri, command, split_ind, num_splits)


def test_missing_config_file_is_an_error(tmp_path):
    with pytest.raises(NotReadableError, match=r'none\.json'):
        run_command(str(tmp_path / 'none.json'), 'make')


def test_config_of_a_plugin_that_is_not_installed_says_so(tmp_path):
    (tmp_path / 'c.json').write_text('{"type_hint": "nobody.knows"}')

    with pytest.raises(ConfigError, match=r"'nobody\.knows'.*installed plugins"):
        run_command(str(tmp_path / 'c.json'), 'make')


def test_resolved_config_is_the_same_before_and_after_it_is_saved(tmp_path):
    """Else a command that is done would look changed to the next run."""
    config = LooseConfig(root_uri=str(tmp_path))

    prepared = prepare(config)

    reloaded = load_pipeline_config(prepared.get_config_uri())
    assert json.dumps(prepared.dict()['share']) == json.dumps(reloaded.dict()['share']) == '1.0'


def test_settings_that_plugins_record_come_to_the_jobs_by_rv_config(toy, monkeypatch):
    monkeypatch.setitem(registry_._rv_config_schema, 'toy', ['colour'])
    path = prepare(toy()).get_config_uri()
    saved = file_to_json(path)
    json_to_file({**saved, 'rv_config': {'toy_colour': 'red', 'toy_shape': 'round'}}, path)

    load_pipeline_config(path)

    assert rv_config_.get_namespace_option('toy', 'colour') == 'red'
    assert rv_config_.get_namespace_option('toy', 'shape') is None
    rv_config_.set_everett_config()


def test_a_config_keeps_the_versions_that_wrote_it():
    config = build_config({'type_hint': 'test_execution.filled', 'plugin_versions': {'rastervision.pipeline': 0}})

    assert config.plugin_versions == {'rastervision.pipeline': 0}
