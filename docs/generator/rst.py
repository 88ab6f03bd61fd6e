"""Pieces of reStructuredText."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

MARKUP = re.compile(r'([*|\\])|(?<=\w)_(?=\W|$)')


def heading(text: str, level: int = 0) -> str:
    """A heading; level 0 is the title of a page."""
    return f'{text}\n{"=-~"[level] * len(text)}\n'


def plain(text: str) -> str:
    """Text that shows as it is, except that `code` in backticks is code."""
    parts = re.split(r'(`[^`]*`)', text)
    return ''.join(part if part.startswith('`') else MARKUP.sub(r'\\\g<0>', part) for part in parts)


def code(text: object) -> str:
    """Text as code; a space where there is nothing."""
    return f'``{text}``' if str(text) else ''


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: str) -> str:
    """A table whose cells are reStructuredText of one paragraph each."""
    lines = ['.. list-table::', '   :header-rows: 1', f'   :widths: {widths}', '']
    for row in (header, *rows):
        for index, cell in enumerate(row):
            lines.append(f'   {"*" if index == 0 else " "} - {" ".join(cell.split())}')
    return '\n'.join(lines) + '\n'


def write_if_changed(path: Path, text: str) -> None:
    """Write a file unless it is so already: then Sphinx does not read it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
