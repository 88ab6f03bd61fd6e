"""The documentation site: it builds without warnings, its links lead somewhere, its reference is complete."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]


class Page(HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or '' for name, value in attrs}
        self.anchors |= {values[name] for name in ('id', 'name') if name in values}
        if tag == 'a' and 'href' in values:
            self.links.append(values['href'])
        elif tag in ('img', 'script', 'link'):
            self.loaded.append(values.get('src') or values.get('href', ''))


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> dict[str, Page]:
    """The pages, by their names."""
    out = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'sphinx', '-q', '-W', '--keep-going', '-b', 'html', str(ROOT / 'docs'), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {str(path.relative_to(out)): Page(path.read_text()) for path in out.rglob('*.html')}


def target(page: str, link: str) -> tuple[str, str]:
    """The page and anchor that a link leads to."""
    parts = urlsplit(link)
    path = (Path('/') / page).parent / unquote(parts.path) if parts.path else Path('/') / page
    return str(path.resolve())[1:], unquote(parts.fragment)


def test_links_between_pages_lead_somewhere(site):
    broken = []
    for page, content in site.items():
        for link in content.links:
            if urlsplit(link).scheme or link in ('', '#'):
                continue
            name, anchor = target(page, link)
            if name.endswith('.html') and (name not in site or (anchor and anchor not in site[name].anchors)):
                broken.append((page, link))

    assert broken == []


def test_pages_need_no_network(site):
    assert [(page, uri) for page, content in site.items() for uri in content.loaded if urlsplit(uri).netloc] == []


def test_pages_of_the_library_are_notebooks_too(site):
    sys.path.insert(0, str(ROOT / 'docs'))
    try:
        from generator import library
    finally:
        sys.path.pop(0)
    for path in sorted((ROOT / 'docs/library').glob('*.md')):
        blocks = [match['code'].strip() for match in library.BLOCK.finditer(path.read_text())]
        links = [link for link in site[f'library/{path.stem}.html'].links if link.endswith('.ipynb')]
        if not blocks:
            assert links == []
            continue
        notebook = json.loads((ROOT / f'docs/reference/generated/library/{path.stem}.ipynb').read_text())
        cells = notebook['cells']
        nbformat.validate(nbformat.from_dict(notebook))
        code = [cell['source'].removeprefix('%%bash\n') for cell in cells if cell['cell_type'] == 'code']
        assert (code, len(links)) == (blocks, 1), path
        assert 'quickstart' in cells[0]['source']


def test_reference_has_every_public_class_and_function(site):
    sys.path.insert(0, str(ROOT / 'docs'))
    try:
        from generator import api, configs, names
    finally:
        sys.path.pop(0)
    anchors = set().union(*(page.anchors for page in site.values()))
    wanted = {path for path, _ in api.listed()} | {names.path_of(config) for config in configs.registered()}
    wanted = {path for path in wanted if not path.startswith('rastervision.toy_plugin.')}  # of other tests

    assert len(wanted) > 300
    assert sorted(wanted - anchors) == []
