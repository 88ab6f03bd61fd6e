"""The commands `run`, `run_command`, `ls`, `explain`, `jobs` and `completion`.

What they need is imported inside, so that `rastervision --help` stays quick.
"""

import sys
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

import click

from rastervision.pipeline.cli.clean import clean
from rastervision.pipeline.cli.completion import SHELLS, complete_command, complete_runner, completion_script
from rastervision.pipeline.errors import about
from rastervision.pipeline.plain_text import echo, echo_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from typing import Any

CFG_MODULE = click.argument('cfg_module', type=click.Path())
RUNNER = click.option(
    '--runner',
    default='inprocess',
    show_default=True,
    shell_complete=complete_runner,
    help='Runner name that get_config is given.',
)
AS_JSON = click.option('--json', 'as_json', is_flag=True, help='Print JSON, and nothing else, to stdout.')
ARG = click.option(
    '--arg', '-a', 'args', type=(str, str), multiple=True, metavar='KEY VALUE', help='Argument for get_config.'
)


@click.command('run')
@click.argument('runner', shell_complete=complete_runner)
@CFG_MODULE
@click.argument('commands', nargs=-1, shell_complete=complete_command)
@ARG
@click.option(
    '--splits', '-s', type=click.IntRange(min=1), default=1, show_default=True, help='Jobs per splittable command.'
)
@click.option('--pipeline-run-name', default='raster-vision', show_default=True, help='Name of the run.')
@click.option(
    '--option',
    '-o',
    'options',
    type=(str, str),
    multiple=True,
    metavar='NAME VALUE',
    help='Setting of the runner, such as gpu_splits 2.',
)
@click.option('--wait', is_flag=True, help='Wait for the jobs to end, also if they are handed to a cluster.')
@click.option('--dry-run', is_flag=True, help='Show what would run, why, and what is wrong; write nothing.')
@click.option('--json', 'as_json', is_flag=True, help='With --dry-run: print JSON, and nothing else, to stdout.')
@click.option('--rerun', is_flag=True, help='Run finished commands again, too.')
@click.option(
    '--test-mode',
    is_flag=True,
    help='Do all of it with few windows of one scene and two short epochs, in <root_uri>/test_mode, to see whether it '
    'works.',
)
@click.option(
    '--keep',
    multiple=True,
    metavar='COMMAND',
    help='Take what an earlier run of this command has left, whatever changed since. May be repeated.',
)
def run(
    runner: str,
    cfg_module: str,
    commands: tuple[str, ...],
    args: tuple[tuple[str, str], ...],
    splits: int,
    pipeline_run_name: str,
    options: tuple[tuple[str, str], ...],
    wait: bool,
    dry_run: bool,
    as_json: bool,
    rerun: bool,
    test_mode: bool,
    keep: tuple[str, ...],
) -> None:
    """Run COMMANDS, or all, of the pipelines in CFG_MODULE.

    RUNNER is inprocess, local, slurm, or one that a plugin adds. CFG_MODULE is a Python file or module with a function
    get_config, or a saved pipeline-config.json. A command that is finished already is left out.
    """
    from rastervision.pipeline.cli.config_module import get_configs
    from rastervision.pipeline.cli.plans import plan_pipelines
    from rastervision.pipeline.cli.running import run_pipelines
    from rastervision.pipeline.registry import registry_

    if as_json and not dry_run:
        raise click.UsageError('--json needs --dry-run: only the plan can be printed as JSON.')
    with _apart(as_json):
        configs = get_configs(cfg_module, runner, dict(args))
        if test_mode:
            configs = [config.for_test_mode() for config in configs]
        chosen = registry_.get_runner(runner)()
        chosen.configure(dict(options) | ({'wait': 'true'} if wait and not chosen.waits else {}))
        if dry_run:
            with _naming(cfg_module):
                plans = plan_pipelines(chosen, configs, commands, num_splits=splits, rerun=rerun, keep=keep)
    if dry_run:
        _show(plans, as_json=as_json)
        if any(plan.fails for plan in plans):
            raise SystemExit(1)
        return
    run_pipelines(
        chosen, configs, commands, num_splits=splits, pipeline_run_name=pipeline_run_name, rerun=rerun, keep=keep
    )


@click.command('run_command')
@click.argument('cfg_json_uri', type=click.Path())
@click.argument('command')
@click.option('--split-ind', type=int, help='Which split to run, from 0.')
@click.option('--num-splits', type=int, help='How many splits there are.')
@click.option(
    '--runner',
    default='inprocess',
    show_default=True,
    shell_complete=complete_runner,
    help='Runner that started this; tells the split.',
)
def run_command(cfg_json_uri: str, command: str, split_ind: int | None, num_splits: int | None, runner: str) -> None:
    """Run COMMAND of the saved config CFG_JSON_URI; how runners start a job."""
    from rastervision.pipeline import execution
    from rastervision.pipeline.registry import registry_
    from rastervision.pipeline.runner.parent import follow_parent

    follow_parent()
    if num_splits is not None and split_ind is None:
        split_ind = registry_.get_runner(runner)().get_split_ind()
    execution.run_command(cfg_json_uri, command, split_ind, num_splits)


@click.command('ls')
@CFG_MODULE
@ARG
@RUNNER
@AS_JSON
def ls(cfg_module: str, args: tuple[tuple[str, str], ...], runner: str, as_json: bool) -> None:
    """Show which pipelines CFG_MODULE has, and their commands."""
    from rastervision.pipeline.cli.config_module import get_configs
    from rastervision.pipeline.cli.listing import list_pipelines

    with _apart(as_json), _naming(cfg_module):
        listings = list_pipelines(get_configs(cfg_module, runner, dict(args)))
    _show(listings, as_json=as_json)


@click.command('explain')
@CFG_MODULE
@ARG
@RUNNER
@AS_JSON
def explain(cfg_module: str, args: tuple[tuple[str, str], ...], runner: str, as_json: bool) -> None:
    """Show the resolved config of CFG_MODULE, and where each value comes from."""
    from rastervision.pipeline.cli.config_module import get_configs
    from rastervision.pipeline.config.explain import ConfigExplanation

    with _apart(as_json), _naming(cfg_module):
        found = [ConfigExplanation.of(config) for config in get_configs(cfg_module, runner, dict(args))]
    _show(found, as_json=as_json)


@click.command('jobs')
@click.argument('root_uri', type=click.Path())
@click.option('--wait', is_flag=True, help='Follow them until all have ended.')
@click.option('--cancel', is_flag=True, help='Cancel those that have not ended.')
def jobs(root_uri: str, wait: bool, cancel: bool) -> None:
    """Show the jobs that were last handed to a cluster for the run at ROOT_URI."""
    from rastervision.pipeline.cli.running import show_jobs

    show_jobs(root_uri, wait=wait, cancel=cancel)


@click.command('completion')
@click.argument('shell', type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options, runners and files.

    \b
    bash: add to ~/.bashrc:   eval "$(rastervision completion bash)"
    zsh:  add to ~/.zshrc:    eval "$(rastervision completion zsh)"
    fish: rastervision completion fish > ~/.config/fish/completions/rastervision.fish
    """
    echo(completion_script(shell))


COMMANDS = (run, run_command, ls, explain, jobs, clean, completion)


def _naming(cfg_module: str) -> 'AbstractContextManager[None]':
    """A context in which errors name the file of a finished config."""
    return about(cfg_module) if cfg_module.endswith('.json') else nullcontext()


def _apart(as_json: bool) -> 'AbstractContextManager[Any]':
    """Inside, what a user's module prints goes to stderr if stdout is to hold nothing but JSON."""
    return redirect_stdout(sys.stderr) if as_json else nullcontext()


def _show(found: 'Sequence[Any]', *, as_json: bool) -> None:
    """Print things that have a text and a dict each."""
    if as_json:
        echo_json([item.dict() for item in found])
    else:
        echo('\n'.join(map(str, found)))
