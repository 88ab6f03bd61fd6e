"""The command init."""

import os
import re
import shlex
import sys

import click

from rastervision.pipeline.plain_text import echo

ASKED_FOR = ('project_name', 'description', 'author')  # the others follow from these


@click.command('init', short_help='Make a plugin project to start from.')
@click.argument('folder', type=click.Path())
@click.option('--name', 'project_name', help='Name of the plugin, in words. Default: from the name of the folder.')
@click.option('--description', help='What it does, in a sentence.')
@click.option('--author', help='Who made it.')
@click.option('--package', help='Name of its package, rastervision.PACKAGE. Default: from the name.')
@click.option('--distribution', help='Name that pip knows it by. Default: rastervision_PACKAGE.')
@click.option('--class-prefix', help='What the names of its classes begin with. Default: from the package.')
@click.option('--yes', '-y', 'ask_nothing', is_flag=True, help='Take defaults for what is not given; ask nothing.')
def init(folder: str, ask_nothing: bool, **options: str | None) -> None:
    """Make a plugin project in FOLDER: a pipeline that works, its config, an example, tests, a Dockerfile.

    On a terminal, what is not given is asked for. Replace what is there by your own.
    """
    from rastervision.core.init.project_template import check_free, complete, make_project

    check_free(folder)
    given = {name: value for name, value in options.items() if value is not None}
    defaults = {'project_name': _words(folder), **given}
    values = defaults if ask_nothing or not _is_terminal() else _ask(defaults, given)
    make_project(folder, complete(values))
    echo(f"{folder} is made. Next:\n  cd {shlex.quote(folder)}\n  pip install -e '.[dev]'\n  pytest")


def _ask(defaults: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Ask for what is not given."""
    from rastervision.core.init.project_template import complete, prompts

    answers = dict(defaults)
    for name in ASKED_FOR:
        if name not in given:
            default = complete(answers)[name]
            answers[name] = click.prompt(prompts()[name], default=default, show_default=bool(default))
    return answers


def _words(folder: str) -> str:
    """`work/rastervision_roof_finder` -> `Roof Finder`."""
    name = re.sub('^rastervision[-_]', '', os.path.basename(os.path.abspath(folder)))
    return ' '.join(word.capitalize() for word in re.split(r'[-_ ]+', name) if word)


def _is_terminal() -> bool:
    return sys.stdin.isatty()
