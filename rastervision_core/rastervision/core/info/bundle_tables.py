"""What a model card says, as rows of tables."""

from typing import Any

from rastervision.core.info.description import Rows
from rastervision.core.rv_pipeline.model_card import bands_of

Card = dict[str, Any]


def model_rows(card: Card, files: list[str], *, has_card: bool) -> Rows:
    """What the model is.

    Args:
        card: The model card, or what is known without one.
        files: Names of the files in the bundle.
        has_card: Whether the card is from the bundle.
    """
    properties = card.get('properties', {})
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
    yield 'bands', ', '.join(_band(band) for band in bands_of(card))
    yield 'output', f'{_dims(output["result"])}: {output["description"]}'
    yield 'classes', ', '.join(each['description'] for each in output.get('classification:classes', []))
    yield 'formats', ', '.join(_formats(files))
    if not has_card:
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


def training_rows(card: Card) -> Rows:
    """What the model was trained on, how, and how good it got."""
    properties = card.get('properties', {})
    data = properties.get('rastervision:training_data', {})
    for name in ('scenes', 'chips'):
        if data.get(name):
            yield name, ', '.join(f'{count} {split}' for split, count in data[name].items())
    if data.get('class_shares'):
        shares = ', '.join(f'{name} {share:.1%}' for name, share in data['class_shares'].items())
        yield 'classes', f'{shares} (of {data["chips_counted"]} chips)'
    settings, metrics = properties.get('mlm:hyperparameters', {}), properties.get('rastervision:metrics', {})
    for name in ('lr', 'num_epochs', 'batch_sz'):
        if name in settings:
            yield name, str(settings[name])
    if 'epoch' in metrics:  # which is counted from 0 there, and from 1 where people read
        yield 'epoch', f'{metrics["epoch"] + 1:g}'
    for name, value in metrics.items():
        if name not in ('epoch', 'lr'):
            yield name, f'{value:.4g}'
    versions = properties.get('rastervision:versions', {})
    if versions:
        yield 'made with', ', '.join(f'{name} {version}' for name, version in versions.items())
