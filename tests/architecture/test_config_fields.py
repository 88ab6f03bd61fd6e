"""No field of a config is accepted and then read by nothing."""

import ast
import importlib
from collections import Counter
from pathlib import Path

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.registry import registry_

ROOT = Path(__file__).parents[2]

# Fields that no code reads by name, and why they are there.
NOT_READ_BY_NAME = {
    'bundle_uri': 'read as one of the folders of a run, by a name that is put together',
    'data_format': 'each task has one format of files, which is its only value',
}


def names_read() -> Counter[str]:
    """How often each name is read in the code: as an attribute, or in a text that stands alone, as for getattr."""
    found: Counter[str] = Counter()
    for path in ROOT.glob('rastervision_*/rastervision/**/*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found[node.attr] += 1
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found[node.value] += 1
    return found


def all_fields() -> dict[str, str]:
    """Fields of all registered configs of the project: name -> where it is."""
    registry_.load_plugins()
    for path in ROOT.glob('rastervision_*/rastervision/**/*.py'):
        if 'register_config(' in path.read_text() and 'example_plugin' not in str(path):
            parts = path.relative_to(ROOT).with_suffix('').parts[1:]
            importlib.import_module('.'.join(parts))
    fields: dict[str, str] = {}
    waiting: list[type[Config]] = [Config]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith('rastervision.'):
            fields |= dict.fromkeys(cls.model_fields, f'{cls.__module__}.{cls.__name__}')
    return fields


def test_each_field_of_a_config_is_read_somewhere() -> None:
    read = names_read()
    dead = {name: where for name, where in all_fields().items() if not read[name]}

    assert len(all_fields()) > 150
    assert dead.keys() == NOT_READ_BY_NAME.keys(), dead
