"""How errors are shown on the command line: one red paragraph, no traceback unless asked for."""

import os
import traceback

import click

from rastervision.pipeline.errors import RasterVisionError
from rastervision.pipeline.plain_text import echo, plain
from rastervision.pipeline.verbosity import Verbosity


def print_error(msg: str) -> None:
    """Print a message to stderr, in red if that is a terminal and the environment has no `NO_COLOR`."""
    click.echo(click.style(plain(msg), fg='red'), err=True, color=False if os.environ.get('NO_COLOR') else None)


def report(error: Exception) -> None:
    """Show an error that ended the program; with `-v`, where it comes from.

    Args:
        error: One of ours says all that is needed; any other is taken for a bug.
    """
    with_traceback = Verbosity.get() >= Verbosity.VERBOSE
    if with_traceback:
        echo(''.join(traceback.format_exception(error)), err=True)
    print_error(f'Error: {error}' if isinstance(error, RasterVisionError) else _bug_text(error, with_traceback))


def _bug_text(error: Exception, with_traceback: bool) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f'\n  in {frames[-1].filename}, line {frames[-1].lineno}' if frames else ''
    advice = '' if with_traceback else ' To see the traceback, run it again with -v: rastervision -v ...'
    return f'{type(error).__name__}: {error}{where}\nThis looks like a bug, here or in a plugin.{advice}'
