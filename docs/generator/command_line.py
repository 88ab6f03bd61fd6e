"""The reference of the command line, from its commands."""

from collections.abc import Iterator
from pathlib import Path

import click

from generator.rst import code, heading, plain, table, write_if_changed
from rastervision.pipeline.cli.app import main


def write(folder: Path) -> None:
    """Write the page."""
    context = click.Context(main, info_name='rastervision')
    parts = [heading('Command line'), 'Options of all commands come before the name of the command.\n']
    parts.append(options(main, context))
    for name, command in commands(main, context):
        inner = click.Context(command, info_name=f'rastervision {name}', parent=None)
        parts += [heading(name, 1), f'.. code-block:: text\n\n   {usage(command, inner)}\n']
        parts += [plain(paragraph) + '\n' for paragraph in help_text(command).split('\n\n')]
        parts.append(options(command, inner))
    write_if_changed(folder / 'command_line.rst', '\n'.join(parts))


def commands(group: click.Group, context: click.Context, before: str = '') -> Iterator[tuple[str, click.Command]]:
    """The commands of a group, and those inside them, each with what is typed for it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield before + name, command
            if isinstance(command, click.Group):
                yield from commands(command, context, f'{before}{name} ')


def usage(command: click.Command, context: click.Context) -> str:
    """The line that shows how to call a command."""
    return ' '.join(command.get_usage(context).removeprefix('Usage: ').split())


def help_text(command: click.Command) -> str:
    """The help of a command, paragraphs with a blank line between them."""
    return (command.help or '').replace('\b', '').strip()


def options(command: click.Command, context: click.Context) -> str:
    """A table of the options of a command."""
    records = [record for option in command.get_params(context) if (record := option.get_help_record(context))]
    return table(('option', 'meaning'), [(code(name), plain(meaning)) for name, meaning in records], '35 65')
