"""Public names exist where they are promised, and say what they are and take."""

import ast
from pathlib import Path

import pytest

from rastervision.pipeline import lazy

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for part in ROOT.glob('rastervision_*') for path in part.glob('rastervision/**/*.py'))
STUBS = sorted(path for part in ROOT.glob('rastervision_*') for path in part.glob('rastervision/**/*.pyi'))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_name(path: Path) -> str:
    """The module that a file defines: the parts of its path from `rastervision` on."""
    parts = path.with_suffix('').parts
    first = len(ROOT.parts) + 1
    return '.'.join(parts[first:]).removesuffix('.__init__')


def public(body: list[ast.stmt], owner: str) -> dict[str, Function | ast.ClassDef]:
    """Public classes, functions and methods of a module, by their dotted names; those inside functions are private."""
    found: dict[str, Function | ast.ClassDef] = {}
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith('_'):
            found[f'{owner}.{node.name}'] = node
            if isinstance(node, ast.ClassDef):
                found |= public(node.body, f'{owner}.{node.name}')
    return found


def without_annotation(function: Function) -> list[str]:
    """The parameters of a function that have no type, and `return` if what it returns has none."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    names = [a.arg for a in named if a is not None and a.annotation is None and a.arg not in ('self', 'cls')]
    return names + (['return'] if function.returns is None else [])


@pytest.mark.parametrize('stub', STUBS, ids=module_name)
def test_all_names_of_a_stub_can_be_imported(stub):
    for node in ast.parse(stub.read_text()).body:
        for alias in getattr(node, 'names', ()):
            lazy.load(f'{module_name(stub)}:{alias.asname or alias.name}')


@pytest.mark.parametrize('path', SOURCES, ids=module_name)
def test_public_names_are_documented(path):
    tree = ast.parse(path.read_text())
    nodes = {module_name(path): tree, **public(tree.body, module_name(path))}

    assert [name for name, node in nodes.items() if not ast.get_docstring(node)] == []


@pytest.mark.parametrize('path', SOURCES, ids=module_name)
def test_public_functions_are_annotated(path):
    nodes = public(ast.parse(path.read_text()).body, module_name(path))
    functions = {name: node for name, node in nodes.items() if isinstance(node, Function)}

    assert {name: missing for name, node in functions.items() if (missing := without_annotation(node))} == {}
