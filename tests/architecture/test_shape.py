"""The rules that keep the code readable: small modules and functions, shims that only re-export."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for part in ROOT.glob('rastervision_*') for path in part.rglob('*.py'))
SHIM_WORD = 'Re-exports'
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


@pytest.mark.parametrize(
    'path', [p for p in SOURCES if p.read_text().startswith(f'"""{SHIM_WORD}')], ids=lambda p: p.name
)
def test_shim_only_imports(path):
    text = path.read_text()
    body = ast.parse(text).body[1:]

    assert text.count('\n') <= MAX_SHIM
    assert all(isinstance(n, ast.ImportFrom | ast.Assign) for n in body)
