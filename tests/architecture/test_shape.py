"""The rules that keep the code readable: small modules and functions, older paths that only give names."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for part in ROOT.glob('rastervision_*') for path in part.rglob('*.py'))
OLDER_PATHS = [path for path in SOURCES if path.read_text().startswith('"""Older path of ')]
MAX_MODULE, MAX_FUNCTION, MAX_SHIM = 500, 50, 15


def function_length(node: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return node.end_lineno - node.lineno + 1 - docstring


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_and_its_functions_are_small(path):
    text = path.read_text()
    tree = ast.parse(text)
    long = {n.name: function_length(n) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}

    assert text.count('\n') <= MAX_MODULE
    assert {name: length for name, length in long.items() if length > MAX_FUNCTION} == {}


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_star_imports(path):
    names = [
        alias.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom) for alias in n.names
    ]

    assert '*' not in names


@pytest.mark.parametrize('path', OLDER_PATHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_older_path_only_imports(path):
    text = path.read_text()
    body = ast.parse(text).body[1:]

    assert text.partition('\nlazy.also_give(')[0].count('\n') <= MAX_SHIM
    calls = [n for n in body if isinstance(n, ast.Expr)]
    assert all(isinstance(n, ast.ImportFrom | ast.Assign) for n in body if n not in calls)
    assert all(ast.unparse(n).startswith('lazy.also_give(__name__') for n in calls)


def test_no_code_is_kept_in_utils_of_core():
    folders = {path.parent for path in (ROOT / 'rastervision_core').rglob('utils/__init__.py')}
    modules = {path for path in SOURCES if path.parent in folders and path.name != '__init__.py'}

    assert modules
    assert modules <= set(OLDER_PATHS)
