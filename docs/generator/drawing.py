"""A drawing of the layers, from the contracts that the lint checks and the imports in the code."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT, GAP, TOP = 236, 40, 6, 34
STYLE = (
    'text{font-family:system-ui,sans-serif;font-size:13px;fill:#1c2733}.s{font-size:10.5px;fill:#5b6b7b}'
    '.t{font-weight:600}rect{fill:#e8f0f7;stroke:#7a9cbd}'
)


def write(folder: Path) -> None:
    """Write the drawing: a column for the distributions, and one for each package whose layers are checked."""
    settings = tomllib.loads((ROOT / 'pyproject.toml').read_text())['tool']['importlinter']
    graph = grimp.build_graph(*settings['root_packages'], cache_dir=None)
    columns = [contract for contract in settings['contracts'] if contract['type'] == 'layers']
    parts = [part for index, contract in enumerate(columns) for part in column(index, contract, graph)]
    width = len(columns) * (WIDTH + 3 * GAP) + GAP
    height = TOP + max(len(contract['layers']) for contract in columns) * (HEIGHT + GAP) + GAP
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<style>{STYLE}</style><rect width="{width}" height="{height}" style="fill:#fff;stroke:none"/>'
        f'{"".join(parts)}</svg>\n'
    )
    path = folder / 'architecture.svg'
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != svg:
        path.write_text(svg)


def column(index: int, contract: dict[str, list[str]], graph: grimp.ImportGraph) -> Iterator[str]:
    """The layers of one contract, the highest on top; those side by side do not know each other."""
    x = index * (WIDTH + 3 * GAP) + GAP
    container = contract.get('containers', [''])[0]
    yield text(x, 20, container or 'distributions', 't')
    for row, layer in enumerate(contract['layers']):
        names = [name.strip() for name in layer.split('|')]
        width = (WIDTH - (len(names) - 1) * GAP) / len(names)
        for place, name in enumerate(names):
            left, top = x + place * (width + GAP), TOP + row * (HEIGHT + GAP)
            yield f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{HEIGHT}" rx="4"/>'
            full = f'{container}.{name}' if container else name
            yield text(left + 7, top + 17, name.removeprefix('rastervision.'), '')
            yield text(left + 7, top + 32, modules(full, graph, short=len(names) > 2), 's')


def modules(package: str, graph: grimp.ImportGraph, *, short: bool) -> str:
    """How many modules a package has, and how often others import them."""
    inside = {package, *graph.find_descendants(package)}
    users = sum(len(graph.find_modules_that_directly_import(name) - inside) for name in inside)
    return f'{len(inside)}, used {users}x' if short else f'{len(inside)} modules, imported {users} times'


def text(x: float, y: float, content: str, kind: str) -> str:
    """A line of text."""
    return f'<text x="{x:.0f}" y="{y}" class="{kind}">{escape(content)}</text>'
