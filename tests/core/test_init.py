import pytest
from click.testing import CliRunner

from rastervision.core.init import command
from rastervision.core.init.project_template import complete
from rastervision.pipeline.errors import ConfigError


def init(*args, **options):
    return CliRunner().invoke(command.init, [*map(str, args)], **options)


def test_other_names_follow_from_the_folder(tmp_path):
    result = init(tmp_path / 'rastervision_roof-finder')

    assert result.exit_code == 0, result.output
    assert (tmp_path / 'rastervision_roof-finder' / 'rastervision' / 'roof_finder' / 'brightness.py').exists()


def test_names_can_be_given():
    values = complete({'project_name': 'Roof Finder', 'package': 'roofs'})

    assert (values['distribution'], values['class_prefix']) == ('rastervision_roofs', 'Roofs')


def test_on_a_terminal_what_is_not_given_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(command, '_is_terminal', lambda: True)

    result = init(tmp_path / 'x', '--author', 'Ann', input='Roof Finder\n\n')

    assert 'Name of the plugin, in words [X]:' in result.output
    assert 'What it does, in a sentence [A plugin of Raster Vision.]:' in result.output
    assert 'Who made it' not in result.output
    assert (tmp_path / 'x' / 'README.md').read_text().startswith('# Roof Finder\n')


def test_nothing_is_asked_if_so_wished(tmp_path, monkeypatch):
    monkeypatch.setattr(command, '_is_terminal', lambda: True)

    assert init(tmp_path / 'x', '-y').exit_code == 0


def test_what_is_there_stays_and_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(command, '_is_terminal', lambda: True)
    (tmp_path / 'mine').write_text('mine')

    result = init(tmp_path / 'mine')

    assert isinstance(result.exception, ConfigError)
    assert 'is there already' in str(result.exception)
    assert result.output == ''
    assert (tmp_path / 'mine').read_text() == 'mine'


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--package', 'core'], "'core' cannot be the name of the package"),
        (['--package', 'class'], "'class' cannot be the name of the package"),
        (['--name', '3 Roofs'], "'3_roofs' cannot be the name of the package"),
        (['--description', 'Finds "roofs".'], 'without double quotes'),
    ],
)
def test_what_would_not_work_is_refused(tmp_path, options, message):
    result = init(tmp_path / 'x', *options)

    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)
    assert list(tmp_path.iterdir()) == []
