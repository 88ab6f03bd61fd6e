"""Which names are public, and under which path one imports them: what the `.pyi` files beside the packages list."""

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@cache
def public_names() -> dict[tuple[str, str], str]:
    """For each public object, named by its module and name, the shortest path to import it from."""
    found: dict[tuple[str, str], str] = {}
    for stub in sorted(ROOT.glob('rastervision_*/rastervision/**/*.pyi')):
        parts = stub.relative_to(ROOT).with_suffix('').parts[1:]
        package = '.'.join(parts).removesuffix('.__init__')
        for module, name in _listed(stub):
            path = f'{package}.{name}'
            if module.startswith('.'.join(package.split('.')[:2])):
                found[module, name] = min(path, found.get((module, name), path), key=lambda p: (p.count('.'), p))
    return found


def load(module: str, name: str) -> Any:
    """The object."""
    return getattr(importlib.import_module(module), name)


def path_of(item: type) -> str:
    """The path to import a class from."""
    return public_names().get((item.__module__, item.__name__), f'{item.__module__}.{item.__name__}')


def _listed(stub: Path) -> list[tuple[str, str]]:
    nodes = (node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ImportFrom))
    aliases = ((str(node.module), alias) for node in nodes for alias in node.names)
    return [(module, alias.name) for module, alias in aliases if not (alias.asname or alias.name).startswith('_')]
