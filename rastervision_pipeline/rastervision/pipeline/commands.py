"""Which commands a pipeline has, and which of them to run."""

import inspect
from collections.abc import Iterable

from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pipeline.pipeline import Pipeline


def order_commands(pipeline: Pipeline, asked_for: Iterable[str]) -> list[str]:
    """The commands to run: those asked for, each once, in the pipeline's order; all if none is asked for.

    A method that the pipeline does not list but that can be called without arguments may be asked for, too; such
    methods run last.

    Raises:
        ConfigError: If the pipeline has no such command, with the nearest name.
    """
    names = list(dict.fromkeys(asked_for))
    if not names:
        return list(pipeline.commands)
    known = pipeline.all_commands
    for name in names:
        check_command(pipeline, name)
    return [name for name in known if name in names] + [name for name in names if name not in known]


def check_command(pipeline: Pipeline, name: str) -> None:
    """See that a pipeline has a command.

    Raises:
        ConfigError: If it has none, with the nearest name.
    """
    known = pipeline.all_commands
    if name not in known and not _is_unlisted_command(pipeline, name):
        raise ConfigError(
            f'{type(pipeline).__name__} has no command {name!r}{did_you_mean(name, known) or "."} '
            f'Its commands: {", ".join(known)}.'
        )


def _is_unlisted_command(pipeline: Pipeline, name: str) -> bool:
    method = None if name.startswith('_') or hasattr(Pipeline, name) else getattr(type(pipeline), name, None)
    if not inspect.isfunction(method):
        return False
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return all(p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)
