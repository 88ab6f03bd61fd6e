"""What the parts import is what they ask pip for: nothing is missing, nothing is asked for in vain."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = sorted(path.parent.name for path in ROOT.glob('rastervision_*/pyproject.toml'))
OWNERS = packages_distributions() | {'pydantic_core': ['pydantic']}

# Imported by torch on our behalf: torch.onnx.export needs the first two, torch.utils.tensorboard the third.
INDIRECT = {'onnx', 'onnxscript', 'tensorboard'}


def imports(part: str) -> set[str]:
    """Modules that a part imports, anywhere in its code, apart from the standard library and itself."""
    nodes = [node for path in (ROOT / part).rglob('*.py') for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    own = {'rastervision', *sys.stdlib_module_names}
    return {name for name in names if name not in own and name.split('.')[0] not in sys.stdlib_module_names} - {part}


def owners(module: str) -> set[str]:
    """The distributions that a module may come from."""
    top, *rest = module.split('.')
    found = [f'{top}_{rest[0]}'] if top == 'rastervision' else OWNERS.get(top, [top])
    return {normal(name) for name in found}


def normal(requirement: str) -> str:
    """The name in a requirement, as pip compares it: `Opencv_Python>=4` -> `opencv-python`."""
    return re.sub(r'[-_.]+', '-', re.match(r'[\w.-]+', requirement)[0]).lower()


def requirements(part: str) -> set[str]:
    """The distributions that a part asks for, those of its extras included."""
    project = tomllib.loads((ROOT / part / 'pyproject.toml').read_text())['project']
    extras = project.get('optional-dependencies', {}).values()
    return {normal(requirement) for group in (project['dependencies'], *extras) for requirement in group}


@pytest.mark.parametrize('part', PARTS)
def test_all_imports_are_among_the_dependencies(part):
    asked = requirements(part) | {normal(part)}

    assert {module for module in imports(part) if not owners(module) & asked} == set()


@pytest.mark.parametrize('part', PARTS)
def test_no_dependency_is_unused(part):
    used = {owner for module in imports(part) for owner in owners(module)}

    assert requirements(part) - used - INDIRECT == set()
