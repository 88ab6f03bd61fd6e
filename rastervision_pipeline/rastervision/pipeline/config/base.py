"""The base of all configs: typed, polymorphic, light to import."""

import inspect
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, ClassVar, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, model_validator
from pydantic_core import PydanticCustomError

from rastervision.pipeline.config.spellings import accept_upgraded_fields, reading_saved
from rastervision.pipeline.config.upgrade import upgrade_config
from rastervision.pipeline.errors import (
    WRONG_DATA,
    ConfigError,
    ConfigTypeError,
    RasterVisionError,
    about,
    did_you_mean,
)
from rastervision.pipeline.registry import registry_

Path = tuple[str | int, ...]
Data = dict[str, Any]  # inside the class, the name dict is taken by a method


def added_field(default: Any, description: str, **kwargs: Any) -> Any:
    """A field that Raster Vision 0.31 does not know.

    It is left out of JSON while it has its default, so that a file that does not use it stays readable there.

    Args:
        default: The default; it must be immutable.
        description: What the field means.
        kwargs: Passed to pydantic's `Field`.
    """
    return Field(default, description=description, exclude_if=lambda value: value == default, **kwargs)


class Config(BaseModel):
    """Base of all configs.

    A config is a tree of typed fields that can be written to JSON and read back. Where a field is declared with a
    base class, a value of any registered subclass is accepted, in Python or as a dict with `type_hint`.

    Subclasses may extend `update` to fill unset fields from their surroundings (and call `super().update(...)`,
    which visits the configs inside), `validate_config` to check what needs a filled-in config, and `build` to make
    what is configured. Validators and `update` change `self` only and do no I/O.
    """

    model_config = ConfigDict(extra='forbid', validate_assignment=True)

    _registered_hint: ClassVar[str | None] = None

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise _as_config_error(error, type(self).__name__) from error

    # pydantic then builds nested configs without coming through __init__, so that errors keep their full path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            raise _as_config_error(error, type(self).__name__) from error

    @model_validator(mode='wrap')
    @classmethod
    def _build_by_hint(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        """Build the class that `type_hint` names, from present or older spellings."""
        if not isinstance(value, dict):
            return cast(Self, handler(value))
        target = _class_for(cls, value.get('type_hint'))
        if target is not cls:
            return cast(Self, target.model_validate(value))
        values = _accept_upgraded(cls, cls.accept_old_spellings(dict(value)))
        if cls.__dict__.get('_registered_hint') is not None:
            values['type_hint'] = cls._registered_hint
        _refuse_unknown(cls, values)
        return cast(Self, handler(values))

    @classmethod
    def accept_old_spellings(cls, values: Data) -> Data:
        """Translate field names and values of earlier versions; called with the raw values before validation.

        Subclasses that have older spellings extend this with a function of their package's `compat` module. Fields
        that one of the class's upgraders removes or renames are understood without that.
        """
        return values

    # ----------------------------------------------------------------- protocol
    def children(self) -> Iterator[tuple[Path, 'Config']]:
        """The configs inside this one, each with its path from here: through fields, lists, tuples, dicts."""
        for name in type(self).model_fields:
            yield from _configs_in((name,), getattr(self, name))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Fill unset fields from the surroundings, here and in the configs inside.

        Idempotent. The base version visits the configs inside and hands each the context it accepts.

        Args:
            args: Not used; older subclasses pass the context by position.
            kwargs: The context: `pipeline`, `scene`, ... as far as it is known.
        """
        for _, child in self.children():
            child.update(**_accepted(child, kwargs))

    def validate_config(self) -> None:
        """Check what can only be checked when the whole tree is filled in.

        Raises:
            ConfigError: If something is wrong.
        """

    def recursive_validate_config(self) -> None:
        """Call `validate_config` here and in all configs inside.

        Raises:
            ConfigError: The first error, with the path of the config it is about.
        """
        self._validate_tree(())

    def build(self, *args: Any, **kwargs: Any) -> Any:
        """Make what is configured. The only place that imports it."""
        raise ConfigError(f'{type(self).__name__} is a base class and cannot be built. Use one of its subclasses.')

    def revalidate(self) -> None:
        """Validate all fields again, as when the config was made.

        Raises:
            ConfigError: If a field is not valid.
        """
        self.from_dict({**self.dict(with_rv_metadata=False), 'plugin_versions': None})

    def validate_list(self, field: str, valid_options: list[str]) -> None:
        """Check that a list field has only certain values.

        Raises:
            ConfigError: Naming the values that are not among them.
        """
        wrong = [value for value in getattr(self, field) if value not in valid_options]
        if wrong:
            near = did_you_mean(str(wrong[0]), map(str, valid_options))
            raise ConfigError(
                f'{field}: {wrong!r} not valid. Choose from {", ".join(map(str, valid_options))}{near or "."}'
            )

    # ------------------------------------------------------------ serialisation
    def copy(self) -> Self:  # type: ignore[override]
        """A deep copy."""
        return self.model_copy(deep=True)

    def dict(self, with_rv_metadata: bool = False, **kwargs: Any) -> Data:
        """All fields as plain data.

        Args:
            with_rv_metadata: Add the versions of all plugins, which upgrading needs, as `plugin_versions`.
            kwargs: Passed to pydantic's `model_dump`.
        """
        data = self.model_dump(**{'serialize_as_any': True, **kwargs})
        if with_rv_metadata:
            data['plugin_versions'] = registry_.get_plugin_versions()
        return data

    def json(self, **kwargs: Any) -> str:
        """All fields as JSON."""
        return self.model_dump_json(**{'serialize_as_any': True, **kwargs})

    def to_file(self, uri: str, with_rv_metadata: bool = True) -> None:
        """Write this config as JSON.

        Args:
            uri: Where to.
            with_rv_metadata: See `dict`.
        """
        from rastervision.pipeline.file_system.utils import json_to_file

        json_to_file(self.dict(with_rv_metadata=with_rv_metadata, mode='json'), uri)

    @classmethod
    def deserialize(cls, inp: 'str | Data | Config') -> Self:
        """Make a config from a URI of a JSON file, a dict, or a config (which is returned as it is)."""
        if isinstance(inp, Config):
            return cast(Self, inp)
        return cls.from_file(inp) if isinstance(inp, str) else cls.from_dict(inp)

    @classmethod
    def from_file(cls, uri: str) -> Self:
        """Read a config from a JSON file, of any earlier version."""
        from rastervision.pipeline.config.files import read_config_data

        with about(uri):
            return cls.from_dict(read_config_data(uri))

    @classmethod
    def from_dict(cls, cfg_dict: Data) -> Self:
        """Make a config from a dict; with `plugin_versions` in it, it is brought up to date first."""
        if not isinstance(cfg_dict, dict):
            raise ConfigTypeError(f'{cls.__name__}: a {type(cfg_dict).__name__} is no config, which is an object.')
        try:
            return cls._from_dict(dict(cfg_dict))
        except ValidationError as error:
            raise _as_config_error(error, cls.__name__) from error
        except PydanticCustomError as error:
            raise ConfigError(f'{cls.__name__}: {error}') from error
        except RasterVisionError:
            raise
        except WRONG_DATA as error:  # of code for earlier versions, which takes the file for what it says it is
            raise ConfigError(
                f'{cls.__name__}: cannot be made of {cfg_dict!r:.200} ({type(error).__name__}: {error!s:.200}). Is a '
                'value of another type than it should be?'
            ) from error

    @classmethod
    def _from_dict(cls, cfg_dict: Data) -> Self:
        is_saved = cfg_dict.get('plugin_versions') is not None
        if is_saved:
            cfg_dict = cast(Data, upgrade_config(cfg_dict))
        if 'plugin_versions' not in cls.model_fields:
            target = _class_for(cls, cfg_dict.get('type_hint'))
            if 'plugin_versions' not in target.model_fields:
                cfg_dict.pop('plugin_versions', None)
        with reading_saved() if is_saved else nullcontext():
            return cls.model_validate(cfg_dict)

    # ---------------------------------------------------------------- internals
    def _set(self, **values: Any) -> None:
        """Set fields without validating again; for validators, which assignment would call again.

        These fields do not count as set by the user.
        """
        self.__dict__.update(values)

    def _validate_tree(self, path: Path) -> None:
        try:
            self.validate_config()
        except ConfigError as error:
            where = path_text(path)
            text = str(error)
            raise (type(error)(f'{where}: {text}') if where and not text.startswith(where) else error) from error
        for child_path, child in self.children():
            child._validate_tree((*path, *child_path))


def path_text(path: Path) -> str:
    """`('scenes', 0, 'id')` -> `'scenes[0].id'`."""
    return ''.join(f'[{part!r}]' if isinstance(part, int) else f'.{part}' for part in path).lstrip('.')


def _as_config_error(error: ValidationError, class_name: str) -> ConfigError:
    """A validation error as one of ours: of the class that a validator has raised, if there is only that."""
    items = error.errors(include_url=False)
    cause = items[0].get('ctx', {}).get('error') if len(items) == 1 else None
    kind = type(cause) if isinstance(cause, ConfigError) else ConfigError
    return kind(describe(error, class_name))


def describe(error: ValidationError, class_name: str) -> str:
    """A validation error as text: a line for each thing that is wrong, with its path."""
    lines = []
    for item in error.errors(include_url=False):
        where = path_text(tuple(part for part in item['loc'] if not (isinstance(part, str) and '[' in part)))
        message = item['msg'].removeprefix('Value error, ')
        value = (
            '' if item['type'] in ('unknown_field', 'missing', 'value_error') else f' (given: {item["input"]!r:.120})'
        )
        lines.append(f'{where}: {message}{value}' if where else f'{message}{value}')
    return f'{class_name}: ' + '\n  '.join(lines)


def _class_for(cls: type[Config], hint: str | None) -> type[Config]:
    """The class that a dict with this type hint builds, where `cls` is expected."""
    if hint is None or hint == cls._registered_hint:
        return cls
    if not isinstance(hint, str):
        raise PydanticCustomError('unknown_hint', '{text}', {'text': f'type_hint is {hint!r:.80}, which is no text.'})
    try:
        target = registry_.get_config(hint)
    except Exception as error:
        raise PydanticCustomError('unknown_hint', '{text}', {'text': str(error)}) from error
    if issubclass(target, cls):
        return target
    if issubclass(cls, target):  # an older file may name the base class
        return cls
    raise PydanticCustomError(
        'wrong_hint',
        '{text}',
        {'text': f'type_hint {hint!r} is a {target.__name__}, which is no {cls.__name__}.'},
    )


def _accept_upgraded(cls: type[Config], values: Data) -> Data:
    unknown = [name for name in values if name not in cls.model_fields]
    if not unknown or cls._registered_hint is None:
        return values
    return accept_upgraded_fields(cls.__name__, cls._registered_hint, values, unknown)


def _refuse_unknown(cls: type[Config], values: dict[str, Any]) -> None:
    unknown = [name for name in values if name not in cls.model_fields]
    if unknown:
        hints = [f'unknown field {name!r}{did_you_mean(name, cls.model_fields) or "."}' for name in unknown]
        known = ', '.join(name for name in cls.model_fields if name != 'type_hint')
        raise PydanticCustomError(
            'unknown_field', '{text}', {'text': f'{" ".join(hints)} {cls.__name__} has: {known}.'}
        )


def _configs_in(path: Path, value: Any) -> Iterator[tuple[Path, Config]]:
    if isinstance(value, Config):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _configs_in((*path, key), item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _configs_in((*path, index), item)


def _accepted(child: Config, context: dict[str, Any]) -> dict[str, Any]:
    """The part of the context that a config's `update` takes."""
    parameters = inspect.signature(child.update).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return context
    return {p.name: context[p.name] for p in parameters if p.name in context}


def descendants(config: Config) -> Iterator[Config]:
    """All configs inside a config, at any depth."""
    for _, child in config.children():
        yield child
        yield from descendants(child)
