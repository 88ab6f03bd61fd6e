"""Pages of the library as notebooks to download."""

import json
import re
from pathlib import Path

from generator.rst import write_if_changed

PAGES = Path(__file__).resolve().parents[1] / 'library'
BLOCK = re.compile(r'^```(?P<language>python|bash)\n(?P<code>.*?)^```$', re.M | re.S)
ROLE = re.compile(r'\{py:\w+\}`~?([^`]+)`')
FOLDER = 'Run this in the folder that the quickstart leaves, which has `town`, `run` and `quickstart.py`.'
Cell = dict[str, object]


def link(app: object, name: str, source: list[str]) -> None:
    """Add a link to its notebook to a page that has one; Sphinx calls this when it has read a page."""
    if name.startswith('library/') and BLOCK.search(source[0]):
        path = f'/reference/generated/{name}.ipynb'
        title, _, text = source[0].partition('\n')
        source[0] = f'{title}\n\n{{download}}`This page as a notebook <{path}>`\n{text}'


def write(folder: Path) -> None:
    """Write a notebook for each page that has code."""
    for path in PAGES.glob('*.md'):
        text = path.read_text()
        if BLOCK.search(text):
            write_if_changed(folder / 'library' / f'{path.stem}.ipynb', json.dumps(notebook(text), indent=1) + '\n')


def notebook(page: str) -> dict[str, object]:
    """A page as a notebook, without outputs: text and blocks of code in their order."""
    cells, end = [markdown(FOLDER)], 0
    for match in BLOCK.finditer(page):
        cells += [markdown(page[end : match.start()]), code(match)]
        end = match.end()
    cells += [markdown(page[end:])]
    named = [{'id': f'cell-{i}', **cell} for i, cell in enumerate(cell for cell in cells if cell['source'])]
    kernel = {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'}
    return {'cells': named, 'metadata': {'kernelspec': kernel}, 'nbformat': 4, 'nbformat_minor': 5}


def markdown(text: str) -> Cell:
    """Text; links to other pages, which are not there, become plain."""
    plain = re.sub(r'\[([^]]+)\]\((?!https?:)[^)]*\)', r'\1', ROLE.sub(r'`\1`', text))
    return {'cell_type': 'markdown', 'metadata': {}, 'source': re.sub(r'<!--.*?-->', '', plain).strip()}


def code(match: re.Match[str]) -> Cell:
    """A block of Python, or of a shell."""
    magic = '%%bash\n' if match['language'] == 'bash' else ''
    return {
        'cell_type': 'code',
        'execution_count': None,
        'metadata': {},
        'outputs': [],
        'source': magic + match['code'].rstrip(),
    }
