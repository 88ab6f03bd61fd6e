"""The values in a resolved config, those that are no defaults first."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from rastervision.core.report.blocks import Block, Details, Table, Text
from rastervision.pipeline.config.base import Config, path_text

if TYPE_CHECKING:
    from rastervision.core.report.run import Run

SCENE_INDEX = re.compile(r'(?<=_scenes)\[\d+\]')
HIDDEN = {'type_hint', 'plugin_versions', 'rv_config', 'scene_groups'}
FEW_VALUES, MAX_LENGTH = 3, 300

Path = tuple[str | int, ...]
Setting = tuple[list[str], bool]  # the values in all scenes, each once, and whether any of them is no default


def settings_of(run: 'Run') -> dict[str, Setting]:
    """Path of each value in the config of a run -> its values, as JSON, and whether one differs from the default.

    The same field of all scenes of a split is one setting, whose path ends in `[*]` in place of the number of the
    scene. Files of the run itself count as defaults.
    """
    found: dict[str, Setting] = {}
    for path, value, is_default in _values(run.config, ()):
        name = SCENE_INDEX.sub('[*]', path_text(path))
        values, changed = found.get(name, ([], False))
        text = value.__name__ if isinstance(value, type) else json.dumps(value, default=_plain)
        own = isinstance(value, str) and value.startswith(run.root)
        found[name] = (values if text in values else [*values, text], changed or not (is_default or own))
    return found


def config_blocks(run: 'Run') -> list[Block]:
    """Tables of the settings of a run: what was set, and what is as it is by default."""
    settings = settings_of(run)
    tables = {
        changed: [[name, shorten(values)] for name, (values, is_changed) in settings.items() if is_changed == changed]
        for changed in (True, False)
    }
    return [
        Text('Values that differ from the default of their field. [*] stands for all scenes of a split.'),
        Table(['setting', 'value'], tables[True]),
        Details(
            f'{len(tables[False])} values that are defaults, or files of this run',
            [Table(['setting', 'value'], tables[False])],
        ),
    ]


def shorten(values: list[str]) -> str:
    """Some values as text: all if they are few, else the first of them."""
    shown = ', '.join(values[:FEW_VALUES])
    shown = f'{shown[:MAX_LENGTH]} …' if len(shown) > MAX_LENGTH else shown
    return f'{shown}, … ({len(values)} values)' if len(values) > FEW_VALUES else shown


def _values(config: Config, path: Path) -> Iterator[tuple[Path, Any, bool]]:
    """Path and value of each field in a config, and whether it is the default; of a config, its class."""
    for name, field in type(config).model_fields.items():
        if name in HIDDEN:
            continue
        value = getattr(config, name)
        default = field.get_default(call_default_factory=True, validated_data={})
        yield from _parts(value, default, (*path, name))


def _parts(value: Any, default: Any, path: Path) -> Iterator[tuple[Path, Any, bool]]:
    if isinstance(value, Config):
        yield path, type(value), type(value) is type(default)
        yield from _values(value, path)
    elif isinstance(value, list | tuple) and any(isinstance(item, Config) for item in value):
        for index, item in enumerate(value):
            yield from _parts(item, PydanticUndefined, (*path, index))
    elif isinstance(value, dict) and any(isinstance(item, Config) for item in value.values()):
        for key, item in value.items():
            yield from _parts(item, PydanticUndefined, (*path, key))
    else:
        yield path, value, type(value) is type(default) and value == default


def _plain(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value)
    return value.dict() if isinstance(value, Config) else str(value)
