"""What a shell completes: names of runners, and of the commands of a pipeline."""

import os
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = 'rastervision'
SHELLS = ('bash', 'zsh', 'fish')


def completion_script(shell: str) -> str:
    """The program that a shell runs to complete `rastervision`.

    Args:
        shell: One of `SHELLS`.
    """
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f'The installed version of click knows no shell {shell!r}.')
    return complete(click.Command(PROGRAM), {}, PROGRAM, f'_{PROGRAM.upper()}_COMPLETE').source()


def complete_runner(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of runners that begin so."""
    from rastervision.pipeline.registry import registry_

    return [name for name in registry_.get_runner_names() if name.startswith(incomplete)]


def complete_command(ctx: click.Context, param: click.Parameter, incomplete: str) -> 'list[CompletionItem]':
    """The commands of the pipelines in the config that is named before, which begin so.

    The config is made for it, with the arguments that are typed already. If that fails, or prints something, nothing
    is shown: there is no room for it in the middle of a command line.
    """
    from click.shell_completion import CompletionItem

    from rastervision.pipeline.cli.config_module import get_configs
    from rastervision.pipeline.cli.listing import list_pipelines

    typed = ctx.params
    with open(os.devnull, 'w', encoding='utf-8') as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            listings = list_pipelines(get_configs(typed['cfg_module'], typed['runner'], dict(typed.get('args') or ())))
        except Exception:
            return []
    commands = {command.name: command for listing in listings for command in listing.commands}
    chosen = typed.get('commands') or ()
    return [
        CompletionItem(name, help=command.summary)
        for name, command in commands.items()
        if name.startswith(incomplete) and name not in chosen
    ]
