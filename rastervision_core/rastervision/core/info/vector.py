"""What labels in a vector file are, in the terms that a config needs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS, Transformer

from rastervision.core.data.features import Features
from rastervision.core.data.uris import split_layer
from rastervision.core.data.vector_source.damage import reading
from rastervision.core.data.vector_source.vector_file import GDAL_ERRORS, ReadOptions
from rastervision.core.data.vector_source.vector_file_source import open_vector_file
from rastervision.core.data.vector_source.vector_paths import JSON_SUFFIXES, ONE_LAYER_SUFFIXES, open_path, suffix_of
from rastervision.core.data.vector_transformer.class_inference_transformer import NAME_PROPERTIES
from rastervision.core.info.description import Description, Rows

MAX_FEATURES = 10_000  # that are looked at
MAX_VALUES = 6  # of a property that are shown
MAX_CLASSES = 30  # a text property with more values does not name classes
CLASS_ID = 'class_id'


@dataclass(frozen=True)
class Layer:
    """A layer of a file.

    Attributes:
        name: Its name; None if the file has only one.
        count: Number of features.
        sampled: How many of them were looked at, for what follows.
        geometry_types: Type -> number.
        crs: The CRS of the coordinates; None if it does not say.
        bounds: West, south, east, north in EPSG:4326; None if there are no features or no CRS.
        properties: Property -> its most frequent values as text, and how often they are.
        distinct: Property -> number of different values.
        example: A property whose values could be classes, and its most frequent value, as it is in the file; or None.
        is_in_degrees: Whether all coordinates could be longitudes and latitudes.
    """

    name: str | None
    count: int
    sampled: int
    geometry_types: dict[str, int]
    crs: str | None
    bounds: tuple[float, float, float, float] | None
    properties: dict[str, dict[str, int]]
    distinct: dict[str, int]
    example: tuple[str, str | int | float | bool] | None
    is_in_degrees: bool

    @property
    def class_property(self) -> str | None:
        """The property that gives features their class without further ado, or None."""
        return next((name for name in (CLASS_ID, *NAME_PROPERTIES) if name in self.properties), None)


@dataclass(frozen=True)
class VectorInfo(Description):
    """What a vector file is.

    Attributes:
        uri: Where it is.
        driver: Its format: its ending.
        layers: Its layers.
    """

    uri: str
    driver: str
    layers: list[Layer]

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        more = [{'class_property': layer.class_property} for layer in self.layers]
        layers = [asdict(layer) | extra for layer, extra in zip(self.layers, more, strict=True)]
        return {'kind': 'vector', 'uri': self.uri, 'driver': self.driver, 'layers': layers, 'config': self.snippet()}

    def tables(self) -> Iterator[tuple[str, Rows]]:
        """Features and properties of each layer."""
        for layer in self.layers:
            suffix = '' if layer.name is None else f' of layer {layer.name}'
            yield f'Features{suffix}', _features(layer)
            yield f'Properties{suffix}', _properties(layer)

    def remarks(self) -> Iterator[str]:
        """What to look out for."""
        layer = self._largest
        if len(self.layers) > 1:
            yield f'It has {len(self.layers)} layers; choose one with layer.'
        if layer.crs is None:
            yield 'It does not say the CRS of its coordinates; say it with crs.'
        if layer.class_property is None:
            yield (
                'Features have no class: no class_id, class_name or label. Give all the same with default_class_id, or '
                'choose by other properties with class_id_to_filter.'
            )
        if any('Point' in kind or 'Line' in kind for kind in layer.geometry_types):
            yield 'Points and lines have no area; a BufferTransformerConfig gives them one.'

    def snippet(self) -> str | None:
        """A vector source with what gives its features classes."""
        layer = self._largest
        plain = self.driver in ('json', 'geojson')
        lines = ['GeoJSONVectorSourceConfig(' if plain else 'VectorFileSourceConfig(', f'    uris={self.uri!r},']
        if layer.name is not None and len(self.layers) > 1:
            lines.append(f'    layer={layer.name!r},')
        if layer.crs is None and not plain:
            guess = "crs='EPSG:4326',  # they look like degrees" if layer.is_in_degrees else "# crs='EPSG:32633', say"
            lines.append(f'    {guess}')
        if layer.class_property is None:
            lines.append('    transformers=[ClassInferenceTransformerConfig(default_class_id=0)],')
            if layer.example is not None:
                lines.append(f'    # or by a property, such as class_id_to_filter={{0: {["==", *layer.example]!r}}}')
        return '\n'.join([*lines, ')'])

    @property
    def _largest(self) -> Layer:
        return max(self.layers, key=lambda layer: layer.count)


def describe_vector(uri: str) -> VectorInfo:
    """Describe a vector file. Looks at up to 10,000 features of each layer; GeoJSON and GeoParquet are read as a whole.

    Raises:
        NotReadableError: If it is missing.
        DataError: If it is no vector file.
    """
    with reading([uri]):
        return _describe(uri)


def _describe(uri: str) -> VectorInfo:
    file, layer = split_layer(uri)
    path, _ = open_path(file)
    names: list[str | None] = [None]
    if layer is None and suffix_of(path) not in ONE_LAYER_SUFFIXES:
        with suppress(*GDAL_ERRORS):  # reading it says why
            names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None] or [None]
    return VectorInfo(uri, suffix_of(path).lstrip('.'), [_layer(uri, name) for name in names])


def _layer(uri: str, name: str | None) -> Layer:
    file = open_vector_file(uri, ReadOptions(layer=name))
    features, crs = file.read(limit=MAX_FEATURES)
    whole = len(features) < MAX_FEATURES or suffix_of(file.path) in JSON_SUFFIXES
    values = [(key, _text(value)) for each in features.properties for key, value in each.items()]
    keys = dict.fromkeys(key for key, _ in values)
    counters = {key: Counter(text for found, text in values if found == key) for key in keys}
    return Layer(
        name=name,
        count=len(features) if whole else file.count,
        sampled=len(features),
        geometry_types=dict(Counter(features.geom_types.tolist()).most_common()),
        crs=crs,
        bounds=_bounds(features, crs),
        properties={key: dict(counter.most_common(MAX_VALUES)) for key, counter in counters.items()},
        distinct={key: len(counter) for key, counter in counters.items()},
        example=_example(features, counters),
        is_in_degrees=_are_degrees(features),
    )


def _example(features: Features, counters: dict[str, Counter[str]]) -> tuple[str, str | int | float | bool] | None:
    """A property that could give classes with one of its values; texts before numbers, few values before many."""
    found = []
    for key, counter in counters.items():
        text = counter.most_common(1)[0][0]
        value = next(each[key] for each in features.properties if key in each and _text(each[key]) == text)
        value = value.item() if isinstance(value, np.generic) else value
        if isinstance(value, str | int | float) and value == value and 1 < len(counter) <= MAX_CLASSES:
            found.append((not isinstance(value, str), len(counter), key, value))
    return min(found, key=lambda each: each[:3])[2:] if found else None


def _are_degrees(features: Features) -> bool:
    bounds = shapely.total_bounds(features.geometries) if len(features) else np.full(4, np.nan)
    return bool((np.abs(bounds) <= (180, 90, 180, 90)).all())


def _text(value: Any) -> str:
    return f'{value!s:.60}'


def _bounds(features: Features, crs: str | None) -> tuple[float, float, float, float] | None:
    if crs is None or not len(features):
        return None
    bounds = shapely.total_bounds(features.geometries)
    if not np.isfinite(bounds).all():
        return None
    transformer = Transformer.from_crs(CRS.from_user_input(crs), 'EPSG:4326', always_xy=True)
    west, south, east, north = transformer.transform_bounds(*bounds)
    return west, south, east, north


def _features(layer: Layer) -> Rows:
    yield 'count', f'{layer.count:,}' + (f' (looked at {layer.sampled:,})' if layer.sampled < layer.count else '')
    yield 'geometries', ', '.join(f'{count:,} {name}' for name, count in layer.geometry_types.items()) or 'none'
    yield 'CRS', 'not said' if layer.crs is None else CRS.from_user_input(layer.crs).to_string()[:80]
    if layer.bounds is not None:
        west, south, east, north = layer.bounds
        yield 'extent', f'{west:.5f}, {south:.5f} to {east:.5f}, {north:.5f} (longitude, latitude)'


def _properties(layer: Layer) -> Rows:
    for name, values in layer.properties.items():
        shown = ', '.join(f'{value} ({count:,})' for value, count in values.items())
        more = layer.distinct[name] - len(values)
        says = ' <- the class' if name == layer.class_property else ''
        yield name, shown + (f' and {more:,} more values' if more else '') + says
