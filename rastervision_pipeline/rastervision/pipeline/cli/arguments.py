"""What `-a KEY VALUE` means to the function that makes a config."""

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

from rastervision.pipeline.errors import ConfigError, did_you_mean

BOOLS = {'true': True, 'false': False}


def convert_bool_args(args: dict[str, Any]) -> dict[str, Any]:
    """Turn the words true and false, however written, into what they say; other values stay."""
    return {key: BOOLS.get(str(value).lower(), value) for key, value in args.items()}


def cast_args(function: Callable[..., Any], runner: str | None, args: dict[str, Any]) -> dict[str, Any]:
    """Make the values of `-a` what a function's annotations ask for, and see that the function takes them.

    true and false become bools whatever the annotation. A number becomes one if the annotation has `int` or `float`,
    and `none` becomes None if it has `None`; everything else stays text.

    Args:
        function: `get_config` or `get_configs`.
        runner: What will be passed as its first argument.
        args: The values as typed.

    Raises:
        ConfigError: If the function has no such parameter, misses one, or a value is not of its type.
    """
    parameters = inspect.signature(function).parameters
    _check_names(function, parameters, args)
    hints = _hints_of(function)
    cast = {key: _cast(key, value, hints.get(key, Any)) for key, value in convert_bool_args(args).items()}
    try:
        inspect.signature(function).bind(runner, **cast)
    except TypeError as error:
        named = list(parameters)[1:]
        raise ConfigError(
            f'{function.__name__}{inspect.signature(function)}: {error}. Its first parameter is the runner; give the '
            f'others with -a NAME VALUE: {", ".join(named) or "none"}.'
        ) from error
    return cast


def _check_names(
    function: Callable[..., Any], parameters: 'types.MappingProxyType[str, inspect.Parameter]', args: dict[str, Any]
) -> None:
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    names = list(parameters)[1:]
    for key in args:
        if key not in names:
            raise ConfigError(
                f'{function.__name__} has no parameter {key!r}, given with -a{did_you_mean(key, names) or "."} '
                f'Its parameters: {", ".join(names) or "none"}.'
            )


def _hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):  # an annotation that names what is not imported
        return {}


def _cast(key: str, value: Any, hint: Any) -> Any:
    if not isinstance(value, str):
        return value
    wanted = _alternatives(hint)
    if type(None) in wanted and value.lower() == 'none':
        return None
    for number in (int, float):
        if number in wanted:
            try:
                return number(value)
            except ValueError:
                continue
    if wanted <= {int, float, bool, type(None)}:
        names = ' or '.join(sorted('none' if kind is type(None) else kind.__name__ for kind in wanted))
        raise ConfigError(f'-a {key} {value!r}: the value must be {names}.')
    return value


def _alternatives(hint: Any) -> set[Any]:
    """`int | None` -> `{int, NoneType}`."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return set().union(*(_alternatives(part) for part in typing.get_args(hint)))
    return {hint}
