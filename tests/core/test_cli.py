import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from rastervision.core.cli import OptionEatAll, predict, predict_scene


@pytest.fixture
def parse():
    """A function that gives what a command with an eager option gets."""

    def run(*args):
        got = {}

        @click.command()
        @click.argument('name')
        @click.option('--many', '-m', cls=OptionEatAll)
        @click.option('--flag', is_flag=True)
        def command(**kwargs):
            got.update(kwargs)

        result = CliRunner().invoke(command, args, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return got

    return run


def test_an_eager_option_takes_all_values_up_to_the_next_option(parse):
    assert parse('x', '--many', '2', '1', '0', '--flag') == {'name': 'x', 'many': ('2', '1', '0'), 'flag': True}
    assert parse('x', '-m', '2', '1')['many'] == ('2', '1')


def test_an_eager_option_may_be_left_out(parse):
    assert parse('x')['many'] is None


def test_channels_must_be_numbers():
    result = CliRunner().invoke(predict, ['bundle.zip', 'image.tif', 'out.json', '--channel-order', '2', 'red'])
    assert result.exit_code == 2
    assert "'2 red'" in result.output


@pytest.mark.parametrize(
    ('command', 'options'),
    [
        (
            predict,
            [
                '--update-stats',
                '--channel-order',
                '--scene-group',
                '--trust',
                '--tta',
                '--stride',
                '--blend',
                '--export-config',
            ],
        ),
        (predict_scene, ['--predict_options_uri', '--trust']),
    ],
)
def test_help_names_the_options(command, options):
    output = CliRunner().invoke(command, ['--help']).output
    assert all(option in output for option in options)


def test_importing_the_commands_costs_little():
    code = (
        'import sys, rastervision.core.cli; '
        'print([m for m in ("numpy", "rasterio", "shapely", "torch") if m in sys.modules])'
    )
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout == '[]\n'
