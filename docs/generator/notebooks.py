"""The notebooks as pages, without outputs, which the repository does not keep."""

import json
from pathlib import Path

from generator.rst import write_if_changed

NOTEBOOKS = Path(__file__).resolve().parents[1] / 'notebooks'


def write(folder: Path) -> None:
    """Write a page for each notebook."""
    for path in NOTEBOOKS.glob('*.ipynb'):
        cells = json.loads(path.read_text())['cells']
        note = f'*This page is a notebook: `docs/notebooks/{path.name}`. Run it to see its pictures.*'
        first, *rest = [page_part(cell) for cell in cells]
        title, _, text = first.partition('\n')
        write_if_changed(folder / 'notebooks' / f'{path.stem}.md', '\n\n'.join([title, note, text, *rest]) + '\n')


def page_part(cell: dict[str, str | list[str]]) -> str:
    """A cell as Markdown."""
    source = ''.join(cell['source'])
    return source if cell['cell_type'] == 'markdown' else f'```python\n{source}\n```'
