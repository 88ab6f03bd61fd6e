"""Reading one vector file into arrays, whole or the part in a box."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from rastervision.core.data.features import Features
from rastervision.core.data.uris import LAYER
from rastervision.core.data.vector_source.placement import Place
from rastervision.core.data.vector_source.regions import Bounds
from rastervision.core.data.vector_source.vector_paths import (
    INDEXED_SUFFIXES,
    JSON_SUFFIXES,
    ONE_LAYER_SUFFIXES,
    open_path,
    suffix_of,
)
from rastervision.pipeline.errors import DataError, did_you_mean
from rastervision.pipeline.masking import mask

log = logging.getLogger(__name__)

GEOJSON_CRS = 'EPSG:4326'
JSON_SUBTYPE, BOOLEAN_SUBTYPE = 'OFSTJSON', 'OFSTBoolean'
GDAL_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
# Below, reading all takes less than a second, and keeps all features at hand.
MIN_COUNT_FOR_PARTS = 10_000


@dataclass(frozen=True)
class ReadOptions:
    """What to read of vector files.

    Attributes:
        layer: The layer, in files with several.
        where: Only features that meet this condition, in the SQL of OGR, such as `kind = 'road' AND lanes > 2`.
        columns: The properties to read. None: all.
        crs: The CRS of the coordinates, for files that do not say it, or say it wrong.
    """

    layer: str | None = None
    where: str | None = None
    columns: Sequence[str] | None = None
    crs: str | None = None


class VectorFile:
    """A file that GDAL reads.

    Args:
        uri: Its URI.
        options: What to read of it.
    """

    def __init__(self, uri: str, options: ReadOptions) -> None:
        self.uri, self.options = uri, options

    @cached_property
    def path(self) -> str:
        """What GDAL calls the file; it is fetched now if it is remote."""
        return self._path_and_layer[0]

    @cached_property
    def layer(self) -> str | None:
        """The layer to read; None if there is only one."""
        path, layer = self._path_and_layer
        if layer is None and suffix_of(path) in ONE_LAYER_SUFFIXES:
            return None
        try:
            found = pyogrio.list_layers(path)
        except GDAL_ERRORS as error:
            raise self._unreadable(error) from error
        layers = [str(name) for name, geometry_type in found if geometry_type is not None]
        if not layers:
            raise DataError(
                f'{self.uri} has no layer with geometries'
                + (f', but tables without: {[str(name) for name, _ in found]!r:.500}.' if len(found) else '.')
            )
        if layer is None and len(layers) > 1:
            raise DataError(
                f'{self.uri} has {len(layers)} layers: {layers!r:.500}. Choose one with layer, or at the end of the '
                f'URI: {self.uri}{LAYER}{layers[0]}'
            )
        if layer is not None and layer not in layers:
            raise DataError(f'{self.uri} has no layer {layer!r}, but {layers!r:.500}{did_you_mean(layer, layers)}')
        return layer or next(iter(layers), None)

    @property
    def is_json(self) -> bool:
        """Whether it is some kind of GeoJSON."""
        return suffix_of(self.path) in (*JSON_SUFFIXES, '')

    @cached_property
    def reads_parts(self) -> bool:
        """Whether reading a part takes less than reading all, and is worth it."""
        return suffix_of(self.path) in INDEXED_SUFFIXES and self._info['features'] > MIN_COUNT_FOR_PARTS

    @property
    def count(self) -> int:
        """Number of features. Only cheap if the file reads parts."""
        return int(self._info['features'])

    @property
    def crs(self) -> str | None:
        """The CRS of the coordinates, or None if it is not known. Only cheap if the file reads parts."""
        return self._known_crs(self._info['crs'])

    @property
    def place(self) -> Place:
        """Where its features are, whatever `where` says; without making anything of them."""
        info = self._ask(force_feature_count=True, force_total_bounds=True)
        bounds = info['total_bounds']
        count = 0 if bounds is None or not np.isfinite(bounds).all() else int(info['features'])
        return Place(count, tuple(bounds) if count else (0.0, 0.0, 0.0, 0.0), self.crs)

    def read(self, bounds: Bounds | None = None, *, limit: int | None = None) -> tuple[Features, str | None]:
        """Read the file.

        Rings that are not closed are closed. Geometries that cannot be made at all are left out, with a warning.
        Properties that are null or missing are left out; where some features lack a whole number, the others have
        floats.

        Args:
            bounds: Read at least what touches these, (xmin, ymin, xmax, ymax) in the CRS of the file. None: all.
            limit: Read at most so many features, the first ones.

        Returns:
            The features in the order of the file, and the CRS of their coordinates, if known.

        Raises:
            NotReadableError: If the file does not exist or cannot be fetched.
            DataError: If it is no vector file, or lacks what the options name.
        """
        options = self.options
        columns = None if options.columns is None else list(options.columns)
        try:
            meta, ids, wkb, values = pyogrio.raw.read(
                self.path,
                layer=self.layer,
                columns=columns,
                where=options.where,
                bbox=bounds,
                max_features=limit,
                return_fids=True,
                force_2d=True,
                datetime_as_string=True,
            )
        except (*GDAL_ERRORS, ValueError) as error:
            raise self._unreadable(error) from error
        if wkb is None:
            raise DataError(
                f'{self.uri} is a table without geometries; its properties are {list(meta["fields"])!r:.500}. Make '
                'points of coordinates, or polygons of text, such as with ogr2ogr -oo X_POSSIBLE_NAMES=lon -oo '
                'Y_POSSIBLE_NAMES=lat -oo GEOM_POSSIBLE_NAMES=wkt labels.gpkg, or in QGIS.'
            )
        self._check_columns(meta['fields'])
        features = Features(self._geometries(wkb), _properties(meta, values, len(ids)), ids.tolist())
        in_order = features.take(np.argsort(ids, kind='stable')) if bounds is not None else features
        return in_order.without_empty(), self._known_crs(meta['crs'])

    # ------------------------------------------------------------------ internals
    @cached_property
    def _path_and_layer(self) -> tuple[str, str | None]:
        return open_path(self.uri, self.options.layer)

    @cached_property
    def _info(self) -> dict[str, Any]:
        return self._ask()

    def _ask(self, **options: Any) -> dict[str, Any]:
        """What GDAL says of the file."""
        try:
            info: dict[str, Any] = pyogrio.read_info(self.path, layer=self.layer, **options)
        except GDAL_ERRORS as error:
            raise self._unreadable(error) from error
        return info

    def _known_crs(self, found: str | None) -> str | None:
        if self.options.crs is not None:
            return self.options.crs
        if found is None or CRS.from_user_input(found).name.startswith(('Undefined', 'Unknown engineering')):
            return GEOJSON_CRS if self.is_json else None
        return found

    def _geometries(self, wkb: np.ndarray) -> np.ndarray:
        with np.errstate(invalid='ignore'):  # coordinates that are not a number are left out later
            geometries: np.ndarray = shapely.from_wkb(wkb, on_invalid='fix')
        lost = np.count_nonzero(shapely.is_missing(geometries)) - np.count_nonzero([one is None for one in wkb])
        if lost:
            log.warning('%s: %d of %d geometries cannot be made and are left out.', mask(self.uri), lost, len(wkb))
        return geometries

    def _check_columns(self, found: Sequence[str]) -> None:
        missing = [column for column in self.options.columns or () if column not in found]
        if missing:
            properties = [str(name) for name in pyogrio.read_info(self.path, layer=self.layer)['fields']]
            raise self._lacks(missing[0], properties)

    def _lacks(self, column: str, properties: Sequence[str]) -> DataError:
        near = did_you_mean(column, properties)
        return DataError(f'{self.uri} has no property {column!r}, but {list(properties)!r:.500}{near}')

    def _unreadable(self, error: Exception) -> DataError:
        condition = '' if self.options.where is None else f' with where={self.options.where!r}'
        beginning = _beginning(self.path) if self.is_json else ''
        return DataError(f'{self.uri} cannot be read as GeoJSON or another vector file{condition}: {error}{beginning}')


def make_properties(names: Sequence[str], columns: Sequence[Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """The properties of each feature, from columns; nulls are left out."""
    rows = zip(*columns, strict=True) if columns else [()] * count
    if not any(map(_has_nulls, columns)):
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [{name: value for name, value in zip(names, row, strict=True) if not _is_null(value)} for row in rows]


def _properties(meta: dict[str, Any], columns: list[np.ndarray], count: int) -> list[dict[str, Any]]:
    decoders = {JSON_SUBTYPE: _decode_json, BOOLEAN_SUBTYPE: _decode_booleans}
    values = [
        decoders.get(subtype, np.ndarray.tolist)(column)
        for column, subtype in zip(columns, meta['ogr_subtypes'], strict=True)
    ]
    return make_properties([str(name) for name in meta['fields']], values, count)


def _has_nulls(column: Sequence[Any]) -> bool:
    types = set(map(type, column))
    return type(None) in types or (any(issubclass(each, float) for each in types) and any(map(_is_null, column)))


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _decode_json(column: np.ndarray) -> list[Any]:
    """Nested properties, which GDAL gives as text."""
    return [None if text is None else json.loads(text) for text in column]


def _decode_booleans(column: np.ndarray) -> list[Any]:
    """Truth values, which GDAL gives as numbers where some are missing."""
    return [None if _is_null(value) else bool(value) for value in column.tolist()]


def _beginning(path: str) -> str:
    try:
        with open(path, 'rb') as file:
            return f' It begins with {file.read(60).decode(errors="replace")!r}.'
    except OSError:  # a folder, or inside a zip
        return ''
