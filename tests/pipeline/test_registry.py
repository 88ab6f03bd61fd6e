import logging
import sys

import click
import pytest

from rastervision.pipeline.errors import RegistryError
from rastervision.pipeline.registry import Registry
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner


@pytest.fixture
def registry():
    """A registry without plugins."""
    registry = Registry()
    registry.load_plugins([])
    return registry


def test_builtin_runners_and_file_systems_are_there(registry):
    assert registry.get_runner('inprocess') is InProcessRunner
    assert registry.get_file_system('/x').__name__ == 'LocalFileSystem'


def test_unknown_runner_names_the_nearest(registry):
    with pytest.raises(RegistryError, match=r"Unknown runner 'lokal'\. Did you mean 'local'"):
        registry.get_runner('lokal')


def test_unknown_type_hint_does_not_list_hundreds(registry):
    registry.add_lazy_configs('rastervision.x', {'m': {f'hint_{i:03}': 'C' for i in range(100)}})

    with pytest.raises(RegistryError) as caught:
        registry.get_config('hint_0010')

    assert len(str(caught.value)) < 100


@pytest.mark.parametrize('name', ['mine', 'local'])
def test_runner_name_can_be_taken_once(registry, name):
    registry.add_runner('mine', InProcessRunner)

    with pytest.raises(RegistryError, match=f"'{name}' is taken"):
        registry.add_runner(name, InProcessRunner)


def test_loading_twice_is_the_same_as_once(registry):
    registry.load_plugins()
    registry.load_plugins()

    assert set(registry.get_plugin_versions()) == {'rastervision.pipeline'}


def test_commands_are_objects_or_lazy_targets(registry, tmp_path, monkeypatch):
    (tmp_path / 'lazy_commands.py').write_text('import click\n@click.command()\ndef draw(): ...\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.add_plugin_command('lazy_commands:draw')
    registry.add_plugin_command(click.Command('paint'))

    assert registry.get_plugin_command_names() == ['draw', 'paint']
    assert 'lazy_commands' not in sys.modules
    assert [command.name for command in registry.get_plugin_commands()] == ['draw', 'paint']


def test_command_that_cannot_be_imported_is_left_out(registry, caplog):
    registry.add_plugin_command('no_such_module:draw')

    with caplog.at_level(logging.WARNING):
        assert registry.get_plugin_commands() == []

    assert "'draw' is left out" in caplog.text


def test_broken_plugin_is_left_out_and_named(tmp_path, monkeypatch, caplog):
    (tmp_path / 'broken_one.py').write_text('def register_plugin(registry): registry.nothing()')
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry()

    with caplog.at_level(logging.WARNING):
        registry.load_plugins(['broken_one'])

    assert 'Plugin broken_one is left out' in caplog.text
    assert registry.get_runner('local')


def test_file_systems_of_plugins_come_first(registry, tmp_path, monkeypatch):
    class Own:
        @staticmethod
        def matches_uri(uri, mode):
            return uri.startswith('own://')

    own = Registry()
    own.add_file_system(Own)
    own.load_plugins([])

    assert own.get_file_system('own://x') is Own


def test_file_system_of_a_scheme_is_imported_for_its_uris_only(tmp_path):
    own = Registry()
    own.add_file_system('not_there.own:Own', scheme='own://')
    own.load_plugins([])

    assert own.get_file_system(str(tmp_path)).__name__ == 'LocalFileSystem'
    with pytest.raises(ModuleNotFoundError, match='not_there'):
        own.get_file_system('own://x')


def test_renamed_hints_and_aliases(registry):
    registry.register_renamed_type_hints('old', 'pipeline')
    registry.set_plugin_aliases('rastervision.pipeline', ['rastervision2.pipeline'])

    assert registry.get_renamed_type_hint('old') == 'pipeline'
    assert registry.get_config('old').__name__ == 'PipelineConfig'
    assert registry.get_plugin_from_alias('rastervision2.pipeline') == 'rastervision.pipeline'
    assert registry.get_plugin('old') == 'rastervision.pipeline'


def test_settings_that_travel_are_kept_by_section(registry):
    registry.add_rv_config_schema('batch', ['queue'])

    assert registry.get_rv_config_schema()['batch'] == ['queue']


def test_tables_are_attributes_by_their_names_in_031(registry):
    registry.set_plugin_version('rastervision.x', 3)
    registry.set_plugin_aliases('rastervision.x', ['older'])
    registry.register_renamed_type_hints('old', 'pipeline')

    assert registry.plugin_versions == {'rastervision.pipeline': 0, 'rastervision.x': 3}
    assert registry.alias_to_plugin == {'older': 'rastervision.x'}
    assert registry.renamed_type_hints == {'old': 'pipeline'}
    assert registry.configs['pipeline'] is registry.get_config('pipeline')
    assert registry.type_hint_to_plugin['pipeline'] == 'rastervision.pipeline'
    assert registry.type_hint_to_lineage['pipeline'] == ['pipeline']
    assert registry.type_hint_to_upgrader['pipeline'] is None
    assert registry.runners['inprocess'] is InProcessRunner
    assert [each.__name__ for each in registry.file_systems] == ['HttpFileSystem', 'LocalFileSystem']
    assert registry.rv_config_schema == {}
    assert registry.plugin_commands == []
    with pytest.raises(AttributeError, match='nothing'):
        registry.nothing  # noqa: B018


def test_unknown_scheme_is_no_local_file(registry):
    with pytest.raises(RegistryError, match=r"'foo://a' cannot be read.*plugin"):
        registry.get_file_system('foo://a')
