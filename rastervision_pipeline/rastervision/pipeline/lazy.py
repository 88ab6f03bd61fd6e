"""Public names of a package that are imported when first used.

A package lists its public names once, in `__init__.pyi`, as plain imports: type checkers and editors read them there,
and so does `attach`, which imports the defining module when a name is first touched (PEP 562). Importing the package
itself costs next to nothing.
"""

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rastervision.pipeline.errors import MissingDependencyError

GetAttr = Callable[[str], Any]
Dir = Callable[[], list[str]]


def attach(package: str, file: str, heavy: tuple[str, ...] = ()) -> tuple[GetAttr, Dir, list[str]]:
    """Make `__getattr__`, `__dir__` and `__all__` of a package from its `__init__.pyi`.

    Args:
        package: The package's `__name__`.
        file: The package's `__file__`; the stub lies beside it.
        heavy: Parts of module names. Names from a module with one of them are left out of `__all__`, so that a star
            import does not load them; they stay importable by name.

    Returns:
        The three objects, in that order.
    """
    targets = _read_stub(package, Path(file).with_suffix('.pyi'))
    public = sorted(name for name, target in targets.items() if not any(part in target for part in heavy))
    return _getattr_of(package, targets), lambda: sorted({*targets, *sys.modules[package].__dict__}), public


def names(module: str, *targets: str) -> GetAttr:
    """Make a module's `__getattr__` that gives names defined elsewhere.

    Args:
        module: The module's `__name__`.
        targets: Where each name is defined, as `'package.module:Name'`.
    """
    return _getattr_of(module, {target.rpartition(':')[2]: target for target in targets})


def load(target: str) -> Any:
    """Import what `'package.module:Name'` names."""
    module, _, name = target.partition(':')
    return getattr(importlib.import_module(module), name)


def require(module: str, requirement: str) -> None:
    """Import a module of an optional dependency, so that a plain import of it can follow.

    Args:
        module: The module.
        requirement: What pip installs it by, such as `'rastervision_core[stac]'`.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f'{module}.'.startswith(f'{error.name}.'):
            raise
        raise MissingDependencyError(
            f"{module!r} is needed for this, and is not installed. Try: pip install '{requirement}'."
        ) from error


def _getattr_of(module: str, targets: dict[str, str]) -> GetAttr:
    def __getattr__(name: str) -> Any:
        if name not in targets:
            raise AttributeError(f'module {module!r} has no attribute {name!r}')
        value = load(targets[name])
        setattr(sys.modules[module], name, value)
        return value

    return __getattr__


def _read_stub(package: str, stub: Path) -> dict[str, str]:
    """Each public name -> `'package.module:Name'`, from the import statements of a stub."""
    targets = {}
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            base = package.split('.')[: len(package.split('.')) - (node.level - 1)] if node.level else []
            module = '.'.join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                targets[alias.asname or alias.name] = f'{module}:{alias.name}'
    return targets
