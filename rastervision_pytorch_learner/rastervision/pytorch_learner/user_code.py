"""Imports code of the user under names of its own, so that modules of one name never meet.

A folder with code becomes a package `rastervision.pytorch_learner.user_code.<key>`, whose key stands for the folder and
what is in its files. What the code imports by a name that the folder has (`import helper`) is taken from the folder,
and known under the name of the package only: two folders may both have a `helper`, code that was changed is read
again, and modules of the same name elsewhere stay as they are.

Objects can be pickled and read in a process that was started by this one: it inherits the list of places in an
environment variable, and importing this module makes it understood.
"""

import builtins
import hashlib
import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

PREFIX = f'{__name__}.'
PLACES = 'RASTERVISION_USER_CODE'  # environment variable: key -> folder or file, as JSON
LEFT_OUT = ('__pycache__',)  # folders that are no code; so are hidden ones

HANDED_ON = 100  # places that other processes are told of: environment variables are short

_places: dict[str, str] = json.loads(os.environ.get(PLACES, '{}'))

__path__: list[str] = []  # makes a package of this module; its modules are found by `_Finder`


def load_module(folder: str, name: str) -> ModuleType:
    """Import a module of a folder. This runs its code.

    Args:
        folder: The folder.
        name: Name of the module.
    """
    key = _register(folder, code_digest(folder))
    return importlib.import_module(f'{PREFIX}{key}.{name}')


def load_file(path: str) -> ModuleType:
    """Import a file. This runs its code."""
    key = _register(path, file_digest(path))
    return importlib.import_module(f'{PREFIX}{key}')


def code_digest(folder: str) -> str:
    """What stands for the Python files of a folder and the folders in it: their names and what is in them."""
    digest = hashlib.sha256()
    for path in code_files(folder):
        if path.endswith('.py'):
            digest.update('\0'.join([os.path.relpath(path, folder), file_digest(path), '']).encode())
    return digest.hexdigest()


def file_digest(path: str) -> str:
    """What stands for the content of a file."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def code_files(folder: str) -> list[str]:
    """All files of a folder with code, sorted; without hidden ones and what Python caches."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith('.')]
        found += [os.path.join(parent, name) for name in names if not name.startswith('.')]
    return sorted(found)


def _register(place: str, digest: str) -> str:
    place = os.path.abspath(place)
    key = 'm' + hashlib.sha256('\0'.join([place, digest]).encode()).hexdigest()[:16]
    _places[key] = place
    os.environ[PLACES] = json.dumps(dict(list(_places.items())[-HANDED_ON:]))
    return key


class _Finder(MetaPathFinder):
    """Finds the modules whose names begin with `PREFIX`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(PREFIX):
            return None
        key, _, inner = fullname.removeprefix(PREFIX).partition('.')
        place = _places.get(key)
        if place is None:
            return None
        if inner:
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None and isinstance(spec.loader, SourceFileLoader):
                spec.loader = _Loader(fullname, str(spec.origin))
            return spec
        if os.path.isfile(place):
            return spec_from_file_location(fullname, place, loader=SourceFileLoader(fullname, place))
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [place]
        return spec


class _Loader(SourceFileLoader):
    """Loads a module whose imports are looked for in its folder first. Neither reads nor writes compiled files."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        key = module.__name__.removeprefix(PREFIX).partition('.')[0]
        module.__dict__['__builtins__'] = _builtins_of(key)
        super().exec_module(module)


@cache
def _builtins_of(key: str) -> dict[str, Any]:
    """The built-in functions, of which `__import__` looks in a folder first."""
    package = f'{PREFIX}{key}'

    def import_(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition('.')[0]
        if level or not _has(key, top):
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = builtins.__import__(f'{package}.{name}', globals, locals, fromlist, 0)
        return module if fromlist else sys.modules[f'{package}.{top}']

    return {**vars(builtins), '__import__': import_}


@cache
def _has(key: str, name: str) -> bool:
    """Whether the folder of a key has a module or package of a name that does not belong to Python itself."""
    if name in sys.stdlib_module_names:
        return False
    path = os.path.join(_places[key], name)
    if os.path.isfile(f'{path}.py'):
        return True
    return os.path.isdir(path) and any(file.endswith('.py') for file in code_files(path))


@contextmanager
def names_found_in(folder: str) -> Iterator[None]:
    """While this is entered, names that the code makes up (`importlib.import_module`) are found in its folder, too.

    Modules that were imported so are forgotten afterwards.
    """
    folder = os.path.abspath(folder)
    before = set(sys.modules)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)
        for name in sys.modules.keys() - before:
            path = getattr(sys.modules[name], '__file__', None) or ''
            if not name.startswith(PREFIX) and path.startswith(os.path.join(folder, '')):
                del sys.modules[name]


if not any(type(finder).__name__ == _Finder.__name__ for finder in sys.meta_path):
    sys.meta_path.insert(0, _Finder())
