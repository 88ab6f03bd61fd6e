"""Public names of a package that are imported when first used.

A package lists its public names once, in `__init__.pyi`, as plain imports: type checkers and editors read them there,
and so does `attach`, which imports the defining module when a name is first touched (PEP 562). Importing the package
itself costs next to nothing.
"""

import ast
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from rastervision.pipeline.errors import MissingDependencyError

GetAttr = Callable[[str], Any]
Dir = Callable[[], list[str]]
IDENTIFIER = re.compile(r'[^\W\d]\w*')
FINDS_ANY_NAME = {'globals', 'locals', 'vars', 'dir', 'eval', 'exec', 'modules', '__dict__', 'get_type_hints'}

_spared_file: ContextVar[str | None] = ContextVar('spared_file', default=None)


def attach(package: str, file: str, also: tuple[str, ...] = ()) -> tuple[GetAttr, Dir]:
    """Make `__getattr__` and `__dir__` of a package from its `__init__.pyi`.

    Modules in the package are attributes of it, too, without being imported before.
    A star import gives all of its names, and so loads all that they need; see `sparing` for the exception.

    Args:
        package: The package's `__name__`.
        file: The package's `__file__`; the stub lies beside it.
        also: Names of the package's own that a star import gives, too.

    Returns:
        The two functions, in that order.
    """
    targets = _read_stub(package, Path(file).with_suffix('.pyi'))
    load_name = _getattr_of(package, targets)

    def __getattr__(name: str) -> Any:
        if name == '__all__':
            return sorted(_wanted({*targets, *also}, _importer(sys._getframe(1))))
        if name in targets or not _is_module_in(package, name):
            return load_name(name)
        return importlib.import_module(f'{package}.{name}')

    return __getattr__, lambda: sorted({*targets, *sys.modules[package].__dict__})


@contextmanager
def sparing(path: str | None) -> Iterator[None]:
    """While a Python file is executed, let its star imports load only those names that it uses.

    So a config with `from rastervision.pytorch_learner import *` is read without torch, unless it uses a learner.
    Star imports elsewhere, also in modules that it imports, give everything.

    Args:
        path: The file. None: there is none.
    """
    token = _spared_file.set(None if path is None else os.path.abspath(path))
    try:
        yield
    finally:
        _spared_file.reset(token)


def names(module: str, *targets: str, **renamed: str) -> GetAttr:
    """Make a module's `__getattr__` that gives names defined elsewhere.

    Args:
        module: The module's `__name__`.
        targets: Where each name is defined, as `'package.module:Name'`.
        renamed: The same of names that are called otherwise here.
    """
    return _getattr_of(module, {target.rpartition(':')[2]: target for target in targets} | renamed)


def also_give(module: str, *targets: str) -> None:
    """Let a module give names that it imported itself in 0.31, though it does not need them.

    Unlike `names`, this leaves type checkers strict: they know only what the module defines.

    Args:
        module: The module's `__name__`.
        targets: Modules with the names that they define, as `'package.module: Name OtherName'`.
    """
    split = [(home, name) for home, _, given in (target.partition(':') for target in targets) for name in given.split()]
    members = vars(sys.modules[module])
    earlier, later = members.get('__getattr__'), names(module, *(f'{home}:{name}' for home, name in split))
    own = {name for _, name in split}
    members['__getattr__'] = later if earlier is None else lambda name: (later if name in own else earlier)(name)


def load(target: str) -> Any:
    """Import what `'package.module:Name'` names, or the module if there is no name."""
    module, _, name = target.partition(':')
    imported = importlib.import_module(module)
    return getattr(imported, name) if name else imported


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


def _importer(frame: FrameType | None) -> CodeType | None:
    """The code with a star import: the nearest that is not the import system, which asks for names, too."""
    while frame is not None and frame.f_code.co_filename.startswith('<frozen importlib'):
        frame = frame.f_back
    return None if frame is None else frame.f_code


def _wanted(public: set[str], importer: CodeType | None) -> set[str]:
    """Those of the names that code with a star import gets."""
    if importer is None or os.path.abspath(importer.co_filename) != _spared_file.get():
        return public
    used = _names_in(importer)
    return public if used & FINDS_ANY_NAME else public & used


def _names_in(code: CodeType) -> set[str]:
    """All names that code, or a function or class in it, may look up; those in texts are annotations, maybe."""
    found = set(code.co_names)
    for value in code.co_consts:
        if isinstance(value, CodeType):
            found |= _names_in(value)
        elif isinstance(value, str):
            found |= set(IDENTIFIER.findall(value))
    return found


def _is_module_in(package: str, name: str) -> bool:
    """Whether a package has such a module; quick for what none has, such as `__wrapped__`."""
    if not name.isidentifier() or name.startswith('_') or not hasattr(sys.modules[package], '__path__'):
        return False
    return find_spec(f'{package}.{name}') is not None


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
        elif isinstance(node, ast.Import):
            targets |= {alias.asname or alias.name: f'{alias.name}:' for alias in node.names}
    return targets
