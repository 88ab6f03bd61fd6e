import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rastervision.pipeline.cli.app import main
from rastervision.pipeline.cli.arguments import cast_args, convert_bool_args
from rastervision.pipeline.cli.config_module import get_configs
from rastervision.pipeline.cli.failures import print_error
from rastervision.pipeline.cli.plans import plan_pipelines
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.errors import ConfigError, ConfigImportError, ConfigTypeError, RegistryError
from rastervision.pipeline.execution import prepare
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner


@pytest.fixture
def module(tmp_path):
    """Writes a config file, and gives its path."""

    def write(text):
        path = tmp_path / 'config.py'
        path.write_text(f'from rastervision.pipeline.pipeline_config import PipelineConfig\n{text}\n')
        return str(path)

    return write


# ---------------------------------------------------------------- arguments
def test_true_and_false_become_bools_however_written():
    args = convert_bool_args({'a': 'TRUE', 'b': 'false', 'c': '1', 'd': 'x'})

    assert args == {'a': True, 'b': False, 'c': '1', 'd': 'x'}


def config_function(runner, text, plain: str = '', number: int = 0, share: float = 0, maybe: 'int | None' = 3): ...


@pytest.mark.parametrize(
    ('key', 'value', 'expected'),
    [
        ('text', '7', '7'),
        ('text', 'none', 'none'),
        ('plain', '7', '7'),
        ('number', '7', 7),
        ('share', '0.5', 0.5),
        ('share', '1e-3', 0.001),
        ('maybe', 'None', None),
        ('maybe', '7', 7),
        ('number', 'true', True),
    ],
)
def test_values_become_what_the_annotation_asks_for(key, value, expected):
    cast = cast_args(config_function, 'inprocess', {'text': 'x', key: value})[key]

    assert cast == expected
    assert type(cast) is type(expected)


def test_value_of_the_wrong_type_is_an_error():
    with pytest.raises(ConfigError, match="-a maybe 'many': the value must be int or none"):
        cast_args(config_function, 'inprocess', {'text': 'x', 'maybe': 'many'})


def test_unknown_argument_names_the_nearest_and_all():
    with pytest.raises(ConfigError, match=r"'numbr'.*Did you mean 'number'.*text, plain, number, share, maybe"):
        cast_args(config_function, 'inprocess', {'text': 'x', 'numbr': '1'})


def test_missing_argument_is_an_error():
    with pytest.raises(ConfigError, match="missing a required argument: 'text'"):
        cast_args(config_function, 'inprocess', {})


def test_function_with_keyword_arguments_takes_any():
    assert cast_args(lambda runner, **kwargs: None, 'inprocess', {'x': 'true'}) == {'x': True}


# ------------------------------------------------------------ config module
def test_get_configs_is_preferred_to_get_config(module):
    path = module(
        'def get_configs(runner): return [PipelineConfig(root_uri=r) for r in "ab"]\ndef get_config(runner): raise'
    )

    assert [config.root_uri for config in get_configs(path, 'inprocess')] == ['a', 'b']


def test_runner_name_comes_first(module):
    path = module('def get_config(name): return PipelineConfig(root_uri=name)')

    assert get_configs(path, 'batch')[0].root_uri == 'batch'


def test_classes_in_a_config_file_need_no_plugin(module):
    path = module(
        'from rastervision.pipeline.config import register_config\n'
        "@register_config('test_cli.in_file')\nclass Mine(PipelineConfig): pass\n"
        'def get_config(runner): return Mine(root_uri="x")'
    )

    assert get_configs(path, 'inprocess')[0].type_hint == 'test_cli.in_file'


def test_module_that_python_finds_can_be_named(tmp_path, monkeypatch):
    (tmp_path / 'my_config_module.py').write_text(
        'from rastervision.pipeline.pipeline_config import PipelineConfig\n'
        'def get_config(runner): return PipelineConfig(root_uri="x")'
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert get_configs('my_config_module', 'inprocess')[0].root_uri == 'x'


@pytest.mark.parametrize('as_list', [False, True])
def test_saved_config_can_be_given(toy, tmp_path, as_list):
    uri = prepare(toy(mark='#')).get_config_uri()
    if as_list:
        (tmp_path / 'list.json').write_text(f'[{(tmp_path / "out" / "pipeline-config.json").read_text()}]')
        uri = str(tmp_path / 'list.json')

    [config] = get_configs(uri, 'inprocess')

    assert config.mark == '#'


def test_saved_config_takes_no_arguments(toy):
    with pytest.raises(ConfigError, match=r'-a mark.*takes no arguments'):
        get_configs(prepare(toy()).get_config_uri(), 'inprocess', {'mark': '?'})


@pytest.mark.parametrize(
    ('text', 'error', 'message'),
    [
        ('x = 1', ConfigImportError, 'has no function get_config'),
        ('def get_config(runner): return {}', ConfigTypeError, 'gives a dict, which is no PipelineConfig'),
        ('raise RuntimeError("oh")', ConfigError, r'config\.py, line 2: raise Runtime.*\n  RuntimeError: oh'),
        ('def get_config(runner):\n    assert 0', ConfigError, r'config\.py, line 3: assert 0\n  AssertionError'),
        ('def get_config(runner:', ConfigError, r"config\.py, line 2: '\(' was never closed"),
        (
            'def get_config(runner): return PipelineConfig(rot_uri="x")',
            ConfigError,
            "line 2.*\n.*Did you mean 'root_uri'",
        ),
        ('from enum import StrEnumm', ConfigError, r"line 2.*\n.*Did you mean 'StrEnum'\?"),
        ('import enum\nenum.Enumm', ConfigError, r"line 3.*\n.*Did you mean 'Enum'\?"),
        ('import no_such_module', ConfigError, "line 2.*\n.*No module named 'no_such_module'"),
        ('def get_configs(runner): return []', ConfigError, r"config\.py' gives no pipelines"),
        ('import sys\nsys.exit()', ConfigError, r'config\.py: it ends the program by sys\.exit\(None\)'),
        ('def get_config(runner): raise SystemExit(3)', ConfigError, r'config\.py: it ends the program'),
        ('x = "\0"', ConfigError, r'config\.py.* null bytes'),
    ],
)
def test_fault_of_a_config_file_is_told_with_its_line(module, text, error, message):
    with pytest.raises(error, match=message):
        get_configs(module(text), 'inprocess')


@pytest.mark.parametrize('path', ['absent.py', 'no.such.module'])
def test_missing_module_is_an_import_error(path):
    with pytest.raises(ConfigImportError, match='There is no'):
        get_configs(path, 'inprocess')


# ---------------------------------------------------------------- running
def test_plan_says_what_runs_and_why_and_writes_nothing(toy, tmp_path):
    [plan] = plan_pipelines(InProcessRunner(), [toy()], ['join', 'make'], num_splits=2)

    assert [(command.name, command.jobs, command.done) for command in plan.commands] == [
        ('make', 2, False),
        ('join', 1, False),
    ]
    assert 'make  run as 2 jobs: no finished run of it is known' in str(plan)
    assert os.listdir(tmp_path) == ['tmp']


def test_plan_names_files_that_commands_to_run_would_miss(toy, tmp_path):
    config = toy(source=str(tmp_path / 'absent.tif'))
    [plan], [other] = (plan_pipelines(InProcessRunner(), [config], [name]) for name in ('make', 'join'))

    assert plan.missing == [str(tmp_path / 'absent.tif')] and "absent.tif': there is no such file" in str(plan)
    assert other.missing == []
    [made] = plan_pipelines(InProcessRunner(), [toy(source=str(tmp_path / 'out/chip.tif'))], ['make'])
    assert made.missing == []


def test_nothing_is_written_if_one_of_several_pipelines_lacks_the_command(toy, tmp_path):
    configs = [toy(), PipelineConfig(root_uri=str(tmp_path / 'other'))]

    with pytest.raises(ConfigError, match="no command 'join'"):
        run_pipelines(InProcessRunner(), configs, ['join'])

    assert not (tmp_path / 'out').exists()


def invoke(*args):
    return CliRunner().invoke(main, [*map(str, args)])


@pytest.mark.parametrize(
    ('arguments', 'error', 'message'),
    [
        (['run', 'inproces'], RegistryError, "runner 'inproces'. Did you mean 'inprocess'"),
        (['run', 'inprocess', 'shoot'], ConfigError, "no command 'shoot'. Did you mean 'shout'"),
        (['run', 'inprocess', '-a', 'marc', '?'], ConfigError, "Did you mean 'mark'"),
    ],
)
def test_unknown_names_fail_before_anything_is_written(toy, command_line, tmp_path, arguments, error, message):
    command, runner, *rest = arguments

    result = invoke('--tmpdir', tmp_path / 'tmp', command, runner, *command_line['toy'], *rest)

    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('options', [['--splits', '0'], ['--splits', 'x'], ['--unknown']])
def test_wrong_options_end_with_2(command_line, options):
    assert invoke('run', 'inprocess', *command_line['toy'], *options).exit_code == 2


def test_dry_run_writes_nothing(toy, command_line, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'run', 'inprocess', *command_line['toy'], '--dry-run')

    assert 'shout  run: no finished run of it is known' in result.output
    assert sorted(os.listdir(tmp_path)) == ['tmp']


def test_run_command_needs_the_split_if_the_runner_does_not_tell_it(toy, tmp_path):
    uri = prepare(toy()).get_config_uri()

    result = invoke('--tmpdir', tmp_path / 'tmp', 'run_command', uri, 'make', '--num-splits', 2)

    assert 'which of the 2 splits' in str(result.exception)


def test_explain_shows_where_values_come_from(toy, command_line, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'explain', *command_line['toy'], '-a', 'mark', '?')

    assert "mark = '?'  # set in your config" in result.output
    assert "items = ['a', 'b', 'c']  # default" in result.output


def test_ls_shows_pipelines_and_their_commands(toy, command_line, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'ls', *command_line['toy'])

    first, make, join, shout = result.output.splitlines()
    assert first == f'toy_plugin.toy, root_uri {tmp_path / "out"}:'
    assert (make.split(), join.split(), shout.split()) == (
        ['make', 'CPU,', 'can', 'be', 'split'],
        ['join', 'CPU'],
        ['shout', 'GPU'],
    )


# ------------------------------------------------------------- for machines
@pytest.fixture
def chatty(toy, tmp_path):
    """A config file that prints something."""
    path = tmp_path / 'chatty.py'
    path.write_text(
        'from rastervision.toy_plugin.toy import ToyConfig\n'
        f'def get_config(runner):\n    print("hello")\n    return ToyConfig(root_uri={str(tmp_path / "out")!r})\n'
    )
    return str(path)


def test_ls_gives_json(chatty, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'ls', chatty, '--json')

    [listing] = json.loads(result.stdout)
    assert result.stderr == 'hello\n'
    assert (listing['pipeline'], listing['root_uri']) == ('toy_plugin.toy', str(tmp_path / 'out'))
    assert listing['commands'][2] == {
        'name': 'shout',
        'summary': '',
        'runs': True,
        'can_be_split': False,
        'gpu': True,
    }


def test_dry_run_gives_json(chatty, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'run', 'inprocess', chatty, 'make', '-s', 3, '--dry-run', '--json')

    [plan] = json.loads(result.stdout)
    assert plan['config_uri'] == str(tmp_path / 'out' / 'pipeline-config.json')
    assert plan['commands'] == [
        {
            'name': 'make',
            'done': False,
            'reason': 'no finished run of it is known',
            'jobs': 3,
            'gpu': False,
            'remark': None,
            'made_by': None,
        }
    ]


def test_a_run_that_is_not_dry_gives_no_json(chatty, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'run', 'inprocess', chatty, '--json')

    assert result.exit_code == 2
    assert '--json needs --dry-run' in result.stderr
    assert not (tmp_path / 'out').exists()


def test_explain_gives_json(chatty, tmp_path):
    result = invoke('--tmpdir', tmp_path / 'tmp', 'explain', chatty, '--json')

    [found] = json.loads(result.stdout)
    values = {value.pop('path'): value for value in found['values']}
    assert found['config'] == 'ToyConfig'
    assert values['items'] == {'value': ['a', 'b', 'c'], 'config': None, 'origin': 'default', 'filled_by': None}
    assert values['root_uri']['origin'] == 'set'


def test_no_command_colours_what_goes_to_a_file(chatty, tmp_path):
    commands = [['--help'], ['ls', chatty], ['explain', chatty], ['run', 'inprocess', chatty, '--dry-run']]
    texts = [invoke('--tmpdir', tmp_path / 'tmp', *command).output for command in commands]

    assert all(texts)
    assert '\x1b' not in ''.join(texts)


@pytest.mark.parametrize(('setting', 'has_color'), [('', True), ('1', False)])
def test_errors_are_red_unless_the_user_wants_no_colour(monkeypatch, capsys, setting, has_color):
    monkeypatch.setenv('NO_COLOR', setting)
    monkeypatch.setattr('click.utils.should_strip_ansi', lambda stream, color: color is False)  # as on a terminal

    print_error('wrong')

    assert ('\x1b[31m' in capsys.readouterr().err) == has_color


# -------------------------------------------------------------- completion
def complete(*words):
    """What is offered for the last word."""
    from click.shell_completion import ShellComplete

    *before, incomplete = map(str, words)
    found = ShellComplete(main, {}, 'rastervision', '_RASTERVISION_COMPLETE').get_completions(before, incomplete)
    return [item.value for item in found]


def test_commands_options_and_runners_are_completed():
    assert complete('exp') == ['explain']
    assert complete('run', '--dr') == ['--dry-run']
    assert complete('run', 'in') == ['inprocess']
    assert complete('explain', 'x.py', '--runner', 'loc') == ['local']


def test_commands_of_a_pipeline_are_completed_from_its_config(toy, command_line):
    assert complete('run', 'local', *command_line['toy'], '') == ['make', 'join', 'shout']
    assert complete('run', 'local', *command_line['toy'], 'join', 'm') == ['make']


@pytest.mark.parametrize(
    'command', ['run local', 'explain', 'predict', 'info', 'report', 'tensorboard', 'init', 'jobs']
)
def test_files_are_completed(command):
    """Where a file or URI is expected, the shell is told to offer files."""
    from click.shell_completion import ShellComplete

    found = ShellComplete(main, {}, 'rastervision', '_RASTERVISION_COMPLETE').get_completions(command.split(), 'x')

    assert [item.type for item in found] == ['file']


def test_a_config_that_fails_or_prints_does_not_disturb_completion(chatty, tmp_path, capfd):
    (tmp_path / 'broken.py').write_text('1 / 0')

    assert complete('run', 'local', tmp_path / 'broken.py', '') == []
    assert complete('run', 'local', chatty, 'sh') == ['shout']
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_script_for_a_shell_names_the_program(shell):
    text = invoke('completion', shell).stdout

    assert f'_RASTERVISION_COMPLETE={shell}_complete' in text
    assert 'rastervision' in text


# ---------------------------------------------------- as a process of its own
def test_bash_completes_names(command_line):
    program = (
        'eval "$(rastervision completion bash)"; COMP_WORDS=(rastervision expl); COMP_CWORD=1; '
        '_rastervision_completion rastervision; echo "${COMPREPLY[@]}"'
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])

    result = subprocess.run(
        ['bash', '-c', program],
        env={**command_line['env'], 'PATH': path},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert result.stdout == 'explain\n', result.stderr


def test_error_is_one_paragraph_without_a_traceback(rastervision, command_line):
    result = rastervision('run', 'inprocess', *command_line['toy'], 'shoot')

    assert result.returncode == 1
    assert result.stderr.startswith("Error: Toy has no command 'shoot'")
    assert 'Traceback' not in result.stderr


def test_unexpected_error_is_called_a_bug_and_has_a_traceback_with_v(rastervision, command_line):
    brief = rastervision('run', 'inprocess', *command_line['toy'], '-a', 'bad_item', 'a')
    verbose = rastervision('-v', 'run', 'inprocess', *command_line['toy'], '-a', 'bad_item', 'a')

    assert brief.returncode == verbose.returncode == 1
    assert 'ValueError: a is bad' in brief.stderr
    assert 'looks like a bug' in brief.stderr
    assert 'Traceback' not in brief.stderr
    assert 'Traceback' in verbose.stderr


def test_broken_plugin_is_left_out_with_a_warning(rastervision, tmp_path):
    broken = tmp_path / 'plugins' / 'rastervision' / 'broken_plugin'
    broken.mkdir(parents=True)
    (broken / '__init__.py').write_text('1 / 0')

    result = rastervision('--help')

    assert result.returncode == 0
    assert 'rastervision.broken_plugin is left out' in result.stderr
    assert 'ZeroDivisionError' in result.stderr


def test_plugin_adds_runners_and_commands(rastervision, command_line, tmp_path):
    plugin = tmp_path / 'plugins' / 'rastervision' / 'own_plugin'
    plugin.mkdir(parents=True)
    (plugin / '__init__.py').write_text(
        'def register_plugin(registry):\n'
        "    registry.add_plugin_command('rastervision.own_plugin.things:draw')\n"
        "    registry.add_runner('own', 'rastervision.own_plugin.things:Own')\n"
    )
    (plugin / 'things.py').write_text(
        'import click\nfrom rastervision.pipeline.runner import Runner\n'
        '@click.command()\ndef draw():\n    """Draw it."""\n    click.echo("drawn")\n'
        'class Own(Runner):\n'
        '    def run(self, cfg_json_uri, pipeline, commands, num_splits=1, pipeline_run_name="x"):\n'
        '        print("own runs", commands, num_splits, pipeline_run_name)\n'
        '    def get_split_ind(self):\n        return 1\n'
    )

    assert rastervision('draw').stdout == 'drawn\n'
    result = rastervision('run', 'own', *command_line['toy'], 'join', 'make', '-s', 3, '--pipeline-run-name', 'r')
    assert "own runs ['make', 'join'] 3 r" in result.stdout
    uri = tmp_path / 'out' / 'pipeline-config.json'
    result = rastervision('run_command', uri, 'make', '--num-splits', 2, '--runner', 'own')
    assert 'Running make command split 2/2...' in result.stdout


def test_version_is_that_of_the_distribution(rastervision):
    from importlib.metadata import version

    assert rastervision('--version').stdout.strip().endswith(version('rastervision_pipeline'))


def test_saved_config_says_the_plugin_versions(toy):
    uri = prepare(toy()).get_config_uri()

    with open(uri) as file:
        assert json.load(file)['plugin_versions']['rastervision.pipeline'] == 0


def test_json_that_says_not_what_it_is_is_no_pipeline(tmp_path):
    (tmp_path / 'a.json').write_text('{"root_uri": "x"}')

    with pytest.raises(ConfigTypeError, match='no type_hint'):
        get_configs(str(tmp_path / 'a.json'), 'inprocess')


def test_functions_of_the_older_module_run_jobs(toy, tmp_path):
    from rastervision.pipeline.cli import _run_command, _run_pipeline, run, run_command

    _run_command(prepare(toy()).get_config_uri(), 'make')
    assert (tmp_path / 'out' / 'a.txt').read_text() == 'a'

    (tmp_path / 'out' / 'a.txt').unlink()
    _run_pipeline(toy(), InProcessRunner(), str(tmp_path), 1, ['make'])
    assert (tmp_path / 'out' / 'a.txt').read_text() == 'a'
    assert (run.name, run_command.name) == ('run', 'run_command')
