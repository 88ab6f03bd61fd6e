"""Small helpers that know nothing of the rest of the framework."""

import atexit
import os
import sys
from collections.abc import Callable, Sequence
from subprocess import Popen, TimeoutExpired
from typing import Any

from rastervision.pipeline.errors import ConfigError

SECONDS_TO_END = 5.0
TRUE_WORDS = ('yes', 'y', 'true', 't', 'on', '1')
FALSE_WORDS = ('no', 'n', 'false', 'f', 'off', '0', '')


def terminate_at_exit(process: 'Popen[Any]') -> None:
    """End a child process when this one exits: politely, then by force after a few seconds.

    Args:
        process: The child. One that has ended by then is left alone.
    """

    def terminate() -> None:
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except TimeoutExpired:
            process.kill()

    atexit.register(terminate)


def grouped(lst: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Cut a sequence into contiguous groups of `size`; the last one may be shorter.

    Raises:
        ConfigError: If `size` is less than 1.
    """
    if size < 1:
        raise ConfigError(f'A group cannot have {size!r} items. Use a size of 1 or more.')
    return [lst[start : start + size] for start in range(0, len(lst), size)]


def split_into_groups(lst: Sequence[Any], num_groups: int) -> list[Sequence[Any]]:
    """Cut a sequence into at most `num_groups` contiguous groups of equal size; the last one may be shorter.

    Groups hold `ceil(len(lst) / num_groups)` items, so that there may be fewer of them than asked for.

    Raises:
        ConfigError: If `num_groups` is less than 1.
    """
    if num_groups < 1:
        raise ConfigError(f'A list cannot be split into {num_groups!r} groups. Use 1 or more.')
    return grouped(lst, max(1, -(-len(lst) // num_groups)))


def repr_with_args(obj: Any, **kwargs: Any) -> str:
    """The text `ClassName(name=value, ...)` for an object, from the arguments given."""
    return f'{type(obj).__name__}({", ".join(f"{name}={value!r}" for name, value in kwargs.items())})'


def get_env_var(key: str, default: Any | None = None, out_type: type | Callable[..., Any] | None = None) -> Any | None:
    """The value of an environment variable.

    Args:
        key: Name of the variable.
        default: What to return, as it is, if the variable is not set.
        out_type: What to convert the value with. `bool` understands words: see :func:`is_true`.

    Raises:
        ConfigError: If the value cannot be converted.
    """
    value = os.environ.get(key)
    if value is None:
        return default
    if out_type is None:
        return value
    if out_type is bool:
        return is_true(value, key)
    try:
        return out_type(value)
    except (TypeError, ValueError) as error:
        name = getattr(out_type, '__name__', repr(out_type))
        raise ConfigError(f'The environment variable {key} is {value!r}, which is not of type {name}.') from error


def is_true(word: str, setting: str = 'The setting') -> bool:
    """Whether a setting means yes: `yes`, `y`, `true`, `t`, `on` or `1`, in any case, and not the opposite or nothing.

    Args:
        word: Its value.
        setting: What it is called, for the error.

    Raises:
        ConfigError: If it means neither.
    """
    plain = word.strip().lower()
    if plain not in (*TRUE_WORDS, *FALSE_WORDS):
        raise ConfigError(
            f'{setting} is {word!r:.100}, which means neither yes nor no. Write one of {", ".join(TRUE_WORDS)}, or of '
            f'{", ".join(filter(None, FALSE_WORDS))}.'
        )
    return plain in TRUE_WORDS


def peak_memory_mb() -> int | None:
    """The most memory that this process had at once so far, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # not a Unix
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (2**20 if sys.platform == 'darwin' else 2**10))
