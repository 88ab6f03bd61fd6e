"""Prints what a model bundle is."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from rastervision.core.bundle_info import BundleInfo
from rastervision.core.rv_pipeline.model_card import bands_of

Rows = Iterator[tuple[str, str]]


def print_report(info: BundleInfo, console: Console | None = None) -> None:
    """Print a bundle's card, what `predict` needs, and whether its code has to be trusted.

    Args:
        info: The bundle.
        console: Where to. None: standard output.
    """
    console = console or Console(highlight=False, soft_wrap=False)
    console.print(f'[bold]{_escape(info.uri)}[/bold]')
    _print_table(console, 'Model', _model_rows(info))
    _print_table(console, 'Training', _training_rows(info.card.get('properties', {})))
    _print_table(console, 'To predict an image', iter(info.needs.items()))
    if info.code:
        console.print(
            f'[yellow]Its {" and ".join(info.code)} would be made by running code from the bundle. '
            'predict does so with --trust only; use that if you trust its origin.[/yellow]'
        )
    if not info.can_predict:
        console.print('[yellow]This is the output of train. predict takes the output of bundle.[/yellow]')


def _print_table(console: Console, title: str, rows: Rows) -> None:
    table = Table(title=title, title_justify='left', show_header=False, box=None, padding=(0, 2, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows:
        table.add_row(name, _escape(text))
    if table.row_count:
        console.print(table)


def _escape(text: str) -> str:
    return text.replace('[', r'\[')


def _model_rows(info: BundleInfo) -> Rows:
    properties = info.card.get('properties', {})
    if not properties:
        yield 'card', 'The bundle says nothing about its model.'
        return
    yield 'task', ', '.join(properties['mlm:tasks']) or 'unknown'
    yield 'architecture', properties['mlm:architecture']
    if 'mlm:total_parameters' in properties:
        yield 'parameters', f'{properties["mlm:total_parameters"]:,}'
    for name in ('description', 'license'):
        if name in properties:
            yield name, properties[name]
    (image,), (output,) = properties['mlm:input'], properties['mlm:output']
    yield 'input', _dims(image['input'])
    yield 'bands', ', '.join(_band(band) for band in bands_of(info.card))
    yield 'output', f'{_dims(output["result"])}: {output["description"]}'
    yield 'classes', ', '.join(each['description'] for each in output.get('classification:classes', []))
    yield 'formats', ', '.join(_formats(info.files))
    if not info.has_card:
        yield 'card', 'none; an earlier version made this bundle, and this is what its configs say'


def _dims(structure: dict[str, Any]) -> str:
    pairs = zip(structure['dim_order'], structure['shape'], strict=True)
    return f'{structure["data_type"]}, ' + ' x '.join(name if size < 0 else f'{size} {name}' for name, size in pairs)


def _band(band: dict[str, Any]) -> str:
    stats = band.get('statistics')
    return f'{band["name"]} (mean {stats["mean"]:.4g}, std {stats["stddev"]:.4g})' if stats else band['name']


def _formats(files: list[str]) -> list[str]:
    endings = {'.safetensors': 'safetensors', '.pth': 'PyTorch', '.onnx': 'ONNX'}
    return [name for ending, name in endings.items() if any(file.endswith(ending) for file in files)]


def _training_rows(properties: dict[str, Any]) -> Rows:
    data = properties.get('rastervision:training_data', {})
    for name in ('scenes', 'chips'):
        if data.get(name):
            yield name, ', '.join(f'{count} {split}' for split, count in data[name].items())
    if data.get('class_shares'):
        shares = ', '.join(f'{name} {share:.1%}' for name, share in data['class_shares'].items())
        yield 'classes', f'{shares} (of {data["chips_counted"]} chips)'
    for name, value in properties.get('rastervision:metrics', {}).items():
        yield name, f'{value:.4g}'
    for name in ('lr', 'num_epochs', 'batch_sz'):
        if name in properties.get('mlm:hyperparameters', {}):
            yield name, str(properties['mlm:hyperparameters'][name])
    versions = properties.get('rastervision:versions', {})
    if versions:
        yield 'made with', ', '.join(f'{name} {version}' for name, version in versions.items())
