"""The reference of configs: fields, types, defaults and meaning, from the classes."""

import enum
import inspect
import types
import typing
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from generator.names import path_of
from generator.rst import code, heading, plain, table, write_if_changed
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.registry import registry_

PAGES = {
    'pipelines': ('Pipelines', ('rastervision.core.rv_pipeline', 'rastervision.pipeline.', 'rastervision.core.cogify')),
    'scenes': ('Scenes, datasets and classes', ('rastervision.core.data.',)),
    'rasters': ('Raster sources and transformers', ('rastervision.core.data.raster_',)),
    'vectors': ('Vector sources and transformers', ('rastervision.core.data.vector_',)),
    'labels': ('Label sources and stores', ('rastervision.core.data.label_',)),
    'evaluation': ('Analyzers and evaluators', ('rastervision.core.analyzer', 'rastervision.core.evaluation')),
    'backends': ('Backends', ('rastervision.pytorch_backend', 'rastervision.core.backend')),
    'learners': ('Learners: data, models and training', ('rastervision.pytorch_learner',)),
}
EXAMPLES = 'rastervision.pipeline_example'


def write(folder: Path) -> None:
    """Write a page for each family of configs, and one that lists them."""
    registry_.update_config_info()
    pages: dict[str, list[type[Config]]] = {page: [] for page in PAGES}
    for config in registered():
        pages[page_of(config)].append(config)
    for page, found in pages.items():
        parts = [heading(PAGES[page][0]), *(section(config) for config in sorted(found, key=lambda c: c.__name__))]
        write_if_changed(folder / 'configs' / f'{page}.rst', '\n'.join(parts))


def registered() -> list[type[Config]]:
    """All registered configs of the framework, without those of sample plugins and of scripts or tests."""
    found = dict.fromkeys(registry_.get_config(hint) for hint in sorted(registry_._configs))
    return [c for c in found if c.__module__.startswith('rastervision.') and not c.__module__.startswith(EXAMPLES)]


def page_of(config: type[Config]) -> str:
    """The page whose prefix fits a config best."""
    fits = [
        (len(prefix), page)
        for page, (_, all_) in PAGES.items()
        for prefix in all_
        if config.__module__.startswith(prefix)
    ]
    return max(fits)[1]


def section(config: type[Config]) -> str:
    """What the reference says about a config."""
    hint = config._registered_hint
    parents = [base for base in config.__mro__[1:] if base.__dict__.get('_registered_hint')]
    lines = [
        heading(config.__name__, 1),
        f'.. py:class:: {path_of(config)}\n   :no-typesetting:\n',
        inspect.getdoc(config) or '',
        '',
        f'In JSON: ``"type_hint": "{hint}"``.' + (f' A kind of {link(parents[0])}.' if parents else ''),
        '',
    ]
    fields = {name: field for name, field in config.model_fields.items() if name != 'type_hint'}
    if fields:
        rows = [field_row(config, name, field) for name, field in fields.items()]
        lines.append(table(('field', 'type', 'default', 'meaning'), rows, '18 20 17 45'))
    return '\n'.join(lines)


def field_row(config: type[Config], name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    """A row of the table of fields."""
    limits = [text for item in field.metadata if (text := limit(item))]
    meaning = plain(field.description or '') + (f' Must be {" and ".join(limits)}.' if limits else '')
    return code(name), type_text(field.annotation), default_text(field), meaning


def limit(item: Any) -> str:
    """A constraint of pydantic's in words; an empty string for others."""
    words = {'gt': 'above', 'ge': 'at least', 'lt': 'below', 'le': 'at most', 'min_length': 'of length'}
    for name, word in words.items():
        value = getattr(item, name, None)
        if value is not None:
            return f'{word} {value}' + (' or more' if name == 'min_length' else '')
    return ''


def default_text(field: FieldInfo) -> str:
    """The default of a field, as one writes it."""
    if field.is_required():
        return 'required'
    value = field.default if field.default is not PydanticUndefined else field.get_default(call_default_factory=True)
    if isinstance(value, Config):
        return code(f'{type(value).__name__}()')
    value = value.value if isinstance(value, enum.Enum) else value
    text = repr(value)
    return code(text if len(text) <= 60 else text[:57] + '...')


def link(config: type) -> str:
    """A link to a config."""
    return f':py:class:`~{path_of(config)}`'


def type_text(kind: Any) -> str:
    """A type in words: `list of str or None`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return ' or '.join(dict.fromkeys(type_text(item) for item in arguments))
    if origin is typing.Literal:
        return ' or '.join(code(repr(item)) for item in arguments)
    if origin is typing.Annotated:
        return type_text(arguments[0])
    if origin in (list, set, frozenset) or getattr(origin, '__name__', '') == 'Sequence':
        return f'{getattr(origin, "__name__", "list").lower()} of {type_text(arguments[0])}'
    if origin is tuple:
        return f'tuple of {", ".join(type_text(item) for item in arguments if item is not Ellipsis)}'
    if origin is dict or getattr(origin, '__name__', '') == 'Mapping':
        return f'dict of {type_text(arguments[0])} to {type_text(arguments[1])}'
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        names = [str(item.value) for item in kind]
        return ' or '.join(map(code, names)) if len(names) <= 8 else f'one of {kind.__name__}'
    if isinstance(kind, type) and issubclass(kind, Config):
        return link(kind)
    return code(getattr(kind, '__name__', str(kind).replace('typing.', ''))).replace('NoneType', 'None')
