"""Where each value of a resolved config comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from pydantic_core import to_jsonable_python

from rastervision.pipeline.config.base import Config, Path, path_text
from rastervision.pipeline.config.resolve import resolve

_MISSING = object()


class Origin(StrEnum):
    """Where a value comes from."""

    SET = 'set in your config'
    DEFAULT = 'default'
    DERIVED = 'follows from other fields'
    FILLED = 'filled in by update of'


@dataclass(frozen=True)
class Explanation:
    """A value of a resolved config.

    Attributes:
        path: Where it is: `dataset.train_scenes[0].id`.
        value: What it is; of a config, its class.
        origin: Where it comes from.
        filled_by: The class whose `update` filled it in, if one did.
    """

    path: str
    value: Any
    origin: Origin
    filled_by: str | None = None

    def __str__(self) -> str:
        shown = self.value.__name__ if isinstance(self.value, type) else _shown(self.value)
        return f'{self.path} = {shown}  # {self.origin}{f" {self.filled_by}" if self.filled_by else ""}'

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON: `value` of a config is None, and `config` its class."""
        is_config = isinstance(self.value, type)
        return {
            'path': self.path,
            'value': None if is_config else to_jsonable_python(self.value, fallback=str),
            'config': self.value.__name__ if is_config else None,
            'origin': self.origin.name.lower(),
            'filled_by': self.filled_by,
        }


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, Enum) else repr(value)


@dataclass(frozen=True)
class ConfigExplanation:
    """All values of a resolved config.

    Attributes:
        config: Name of its class.
        values: The values in the order of the fields, a config before what is in it.
    """

    config: str
    values: list[Explanation]

    @classmethod
    def of(cls, config: Config) -> 'ConfigExplanation':
        """Explain a config; see :func:`.explain`."""
        return cls(type(config).__name__, explain(config))

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {'config': self.config, 'values': [value.dict() for value in self.values]}

    def __str__(self) -> str:
        return '\n'.join(map(str, self.values))


def explain(config: Config) -> list[Explanation]:
    """Resolve a config, and say of each value in it whether it was set, is a default, or was filled in.

    A value that `update` has filled in is told by comparing the config with the resolved one; as `update` fills the
    fields of its own config only, the class is known as well.

    Args:
        config: The user's config; it stays as it is.

    Returns:
        The values in the order of the fields, a config before what is in it.

    Raises:
        ConfigError: If the config is not valid.
    """
    resolved = resolve(config)
    return list(_fields_of(config, resolved, (), type(resolved).__name__))


def _fields_of(given: Any, resolved: Config, path: Path, updater: str) -> Iterator[Explanation]:
    """The values in one config; `given` is what stood in its place, of any type, and `updater` fills gaps here."""
    is_same = type(given) is type(resolved)
    updater = type(resolved).__name__ if type(resolved).update is not Config.update else updater
    for name in type(resolved).model_fields:
        if name != 'type_hint':
            before = getattr(given, name) if is_same else _MISSING
            yield from _value(before, getattr(resolved, name), (*path, name), _origin_of(before, name, given), updater)


def _origin_of(value: Any, name: str, config: Any) -> Origin:
    """Where a value comes from that a field had before `update`."""
    if value is _MISSING:
        return Origin.DEFAULT
    if name in config.model_fields_set:
        return Origin.SET
    default = type(config).model_fields[name].get_default(call_default_factory=True)
    return Origin.DEFAULT if _equal(value, default) else Origin.DERIVED


def _value(before: Any, after: Any, path: Path, origin: Origin, updater: str) -> Iterator[Explanation]:
    if isinstance(after, Config):
        is_same = type(before) is type(after)
        yield _explanation(path, type(after), origin if is_same else Origin.FILLED, updater)
        yield from _fields_of(before, after, path, updater)
    elif isinstance(after, list | tuple | dict) and _has_configs(after):
        items = after.items() if isinstance(after, dict) else enumerate(after)
        for key, item in items:
            yield from _value(_item(before, key), item, (*path, key), origin, updater)
    else:
        yield _explanation(path, after, origin if _equal(before, after) else Origin.FILLED, updater)


def _explanation(path: Path, value: Any, origin: Origin, updater: str) -> Explanation:
    return Explanation(path_text(path), value, origin, updater if origin is Origin.FILLED else None)


def _has_configs(values: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> bool:
    items = list(values.values()) if isinstance(values, dict) else values
    return any(isinstance(item, Config | list | tuple | dict) for item in items)


def _item(values: Any, key: Any) -> Any:
    try:
        return values[key]
    except (KeyError, IndexError, TypeError):
        return _MISSING


def _equal(before: Any, after: Any) -> bool:
    return before is after or (type(before) is type(after) and bool(before == after))
