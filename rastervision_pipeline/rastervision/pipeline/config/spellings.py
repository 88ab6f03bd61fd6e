"""Older spellings of fields in Python, accepted with a warning."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import registry_

Data = dict[str, Any]
OURS = ('rastervision.', 'pydantic')

_is_saved: ContextVar[bool] = ContextVar('is_saved', default=False)


class OldSpellingWarning(FutureWarning):
    """A config uses a spelling of an earlier version, which still works.

    A `FutureWarning`, since Python hides a `DeprecationWarning` from the people who write configs.
    """


@contextmanager
def reading_saved() -> Iterator[None]:
    """Warn of nothing meanwhile: what an earlier version has saved, nobody is to write anew."""
    token = _is_saved.set(True)
    try:
        yield
    finally:
        _is_saved.reset(token)


def warn_renamed(old: str, new: str | None) -> None:
    """Tell the user, once for each place in their code, about a spelling that still works.

    Args:
        old: The spelling.
        new: What to write instead. None: nothing, it has no effect any more.
    """
    if _is_saved.get():
        return
    advice = f'Use {new}.' if new else 'It has no effect any more; leave it out.'
    text = f'{old} is an older spelling. {advice}'
    warnings.warn(text, OldSpellingWarning, stacklevel=_level_of_caller())


def accept_upgraded_fields(class_name: str, type_hint: str, values: Data, unknown: Iterable[str]) -> Data:
    """Translate fields that an upgrader knows from files, where they are given in Python.

    Of what the upgraders make of the values, only what follows from the old fields is taken.

    Args:
        class_name: Name of the config class, for the warning.
        type_hint: Its type hint.
        values: The fields as they were given; not changed.
        unknown: Names among them that are no fields.

    Returns:
        The values without the old fields, with what they mean; unknown fields that no upgrader removes stay.

    Raises:
        ConfigError: If a field that no longer exists has a value that cannot be dropped.
    """
    try:
        upgraded = _upgraded(type_hint, values)
        old = [name for name in unknown if name not in upgraded]
        rest = {name: value for name, value in values.items() if name not in old}
        before = _upgraded(type_hint, rest)
    except ConfigError:
        raise
    except Exception:  # an upgrader of a plugin may rely on what only a whole file has
        return values
    meant = {
        name: value
        for name, value in upgraded.items()
        if name != 'type_hint' and (name not in before or before[name] != value)
    }
    if old:
        spelling = f'{class_name}({", ".join(old)})'
        warn_renamed(spelling, ', '.join(meant) or None)
    return {**rest, **meant}


def _upgraded(type_hint: str, values: Data) -> Data:
    """The values, seen as those of the first version, in present spelling."""
    for hint in registry_.get_type_hint_lineage(type_hint):
        upgrade = registry_.get_upgrader(hint)
        if upgrade is not None:
            for version in range(registry_.get_plugin_version(registry_.get_plugin(hint))):
                values = upgrade(dict(values), version)
    return values


def _level_of_caller() -> int:
    """How far up the stack the code is that is not ours, for a warning given by the caller of this function."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    return level


def _is_ours(frame: FrameType) -> bool:
    """Whether code of this project or of pydantic runs in a frame.

    A config file runs under the name of a module of ours, but is not that module.
    """
    name = frame.f_globals.get('__name__', '')
    module = sys.modules.get(name)
    return name.startswith(OURS) and module is not None and module.__dict__ is frame.f_globals
