"""The code in the documentation and in the README runs, in the folder that the quickstart leaves.

A block of Python whose first line is a comment with a file name is written to that file; others are executed.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
DOCS, GENERATED = ROOT / 'docs', {'generated', '_build'}
PAGES = [
    ROOT / 'README.md',
    ROOT / 'CONTRIBUTING.md',
    *sorted(path for path in DOCS.rglob('*.md') if not GENERATED & set(path.parts)),
]
BLOCK = re.compile(r'^(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<language>[^\n]*)\n(?P<code>.*?)^```$', re.M | re.S)
RUN = ('python', 'bash')
SHOWN = ('text', 'ini', 'json', 'toml', 'yaml')  # not code
FILE = re.compile(r'# ([\w/]+\.py)\n')
MARKS = re.compile(r'not run: .+|run by (?P<test>tests/\S+)')


@dataclass
class Block:
    """A piece of code on a page."""

    page: str
    line: int
    mark: str
    language: str
    code: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(str(page.relative_to(ROOT)), text[: m.start()].count('\n') + 1, m['mark'] or '', m['language'], m['code'])
        for m in BLOCK.finditer(text)
        if not m['language'].startswith('{')
    ]


BLOCKS = {page: blocks(page) for page in PAGES}
CODE = {page: [b for b in found if b.language in RUN and not b.mark] for page, found in BLOCKS.items()}


@pytest.fixture(scope='session')
def workshop(run, town, tmp_path_factory) -> Path:
    """A folder with what the quickstart has made: `town`, `run`, and its config."""
    folder = tmp_path_factory.mktemp('documentation')
    shutil.copytree(town, folder / 'town')
    shutil.copytree(run.root, folder / 'run')
    shutil.copy(ROOT / 'examples/quickstart.py', folder)
    (folder / 'bin').mkdir()
    # A link to Python would not find its environment.
    for name, command in (
        ('python', sys.executable),
        ('rastervision', f'{sys.executable} -m rastervision.pipeline.cli'),
    ):
        (folder / 'bin' / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / 'bin' / name).chmod(0o755)
    return folder


def test_all_code_is_run_or_says_why_not():
    found = [block for page in PAGES for block in BLOCKS[page]]

    assert [b for b in found if b.language not in RUN + SHOWN] == []
    assert [b for b in found if b.mark and not MARKS.fullmatch(b.mark)] == []
    named = {m['test'] for b in found if (m := MARKS.fullmatch(b.mark)) and m['test']}
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize('page', [page for page in PAGES if CODE[page]], ids=lambda p: str(p.relative_to(ROOT)))
def test_code_runs(page, workshop, monkeypatch):
    monkeypatch.chdir(workshop)
    monkeypatch.syspath_prepend(workshop)
    monkeypatch.setenv('PATH', os.pathsep.join([str(workshop / 'bin'), os.environ['PATH']]))
    monkeypatch.setenv('TQDM_DISABLE', '1')
    for name in ('CHIP', 'PREDICT'):
        monkeypatch.setenv(f'RASTERVISION_{name}_NUM_WORKERS', '0')
    names: dict[str, object] = {'__name__': 'documentation'}
    for block in CODE[page]:
        where = f'{block.page}:{block.line}'
        if file := FILE.match(block.code):
            path = workshop / file[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code)
        elif block.language == 'python':
            exec(compile('\n' * block.line + block.code, block.page, 'exec'), names)
        else:
            script = f'set -euo pipefail\n{block.code}'
            done = subprocess.run(['bash', '-c', script], capture_output=True, text=True, timeout=240)
            assert done.returncode == 0, f'{where}\n{block.code}\n{done.stdout}\n{done.stderr}'
