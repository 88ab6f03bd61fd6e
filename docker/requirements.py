"""Prints what the parts of Raster Vision need from the package registry, one requirement a line.

python docker/requirements.py pipeline core

So that an image can have a layer with all of it that does not change with the code.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def requirements(parts: list[str]) -> list[str]:
    """The requirements of these parts, each once, without the parts themselves."""
    found: set[str] = set()
    for part in parts:
        project = tomllib.loads((ROOT / f'rastervision_{part}' / 'pyproject.toml').read_text())['project']
        found.update(project['dependencies'])
    return sorted(name for name in found if not name.startswith('rastervision_'))


if __name__ == '__main__':
    sys.stdout.write('\n'.join(requirements(sys.argv[1:])) + '\n')
