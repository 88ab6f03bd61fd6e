"""Makes a plugin project from the template, which cookiecutter can use too.

In a checkout, `template` is a link to `cookiecutter_template`; in an installed package, a copy of it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import jinja2

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.publish import publish_dir

TEMPLATE = Path(__file__).with_name('template')
SETTINGS, HOOK = 'cookiecutter.json', 'hooks/pre_gen_project.py'
PROMPTS = '__prompts__'
Values = Mapping[str, str]


def prompts() -> dict[str, str]:
    """What each value of the template means, to ask for it."""
    return dict(json.loads(_file(SETTINGS))[PROMPTS])


def complete(given: Values) -> dict[str, str]:
    """All values of the template.

    Args:
        given: Some of them. The others follow from these, or have their defaults.
    """
    values: dict[str, str] = {}
    for name, default in json.loads(_file(SETTINGS)).items():
        if name != PROMPTS:
            values[name] = given[name] if name in given else _render(default, values)
    return values


def make_project(folder: str, values: Values) -> None:
    """Write a project; all of it, or nothing.

    Args:
        folder: The project's folder, which must not exist yet.
        values: All values of the template.

    Raises:
        ConfigError: If there is something at `folder`, or a value cannot be used.
    """
    check_free(folder)
    _check_values(values)
    (source,) = (path for path in TEMPLATE.iterdir() if path.name.startswith('{{'))
    with publish_dir(folder) as target:
        for path in sorted(source.rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                made = Path(target, _render(str(path.relative_to(source)), values))
                made.parent.mkdir(parents=True, exist_ok=True)
                made.write_text(_render(path.read_text(encoding='utf-8'), values), encoding='utf-8')
                shutil.copymode(path, made)


def check_free(folder: str) -> None:
    """See that there is nothing at a path yet.

    Raises:
        ConfigError: If there is.
    """
    if os.path.lexists(folder):
        raise ConfigError(f'{folder!r} is there already. Name a folder that does not exist yet.')


def _check_values(values: Values) -> None:
    """Let the hook of the template, a program, say whether it takes the values."""
    program = _render(_file(HOOK), values)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(done.stderr.strip())


def _file(name: str) -> str:
    path = TEMPLATE / name
    if not path.is_file():
        raise ConfigError(f'The template is missing ({str(path)!r}). Install rastervision_core anew.')
    return path.read_text(encoding='utf-8')


def _render(text: str, values: Values) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(text).render(cookiecutter=values)
