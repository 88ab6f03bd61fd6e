"""Features of GeoJSON files."""

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from rastervision.core.data.features import Features, GeoJSON
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.utils import download_if_needed

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer

log = logging.getLogger(__name__)

GEOJSON_CRS = 'EPSG:4326'
JSON_SUBTYPE = 'OFSTJSON'


class GeoJSONVectorSource(VectorSource):
    """Features of one or more GeoJSON files, taken together.

    A file without a crs member, or with EPSG:4326, is in map coordinates (longitude and latitude, unless the
    transformer was made for another CRS); other CRSs are transformed. Any vector file that GDAL reads will do.

    Files are read when first needed, by GDAL, into arrays: 200,000 polygons in a few seconds. What they hold stays in
    memory as geometries and one dict of properties for each feature.
    """

    def __init__(
        self,
        uris: str | list[str],
        crs_transformer: 'CRSTransformer',
        vector_transformers: 'Sequence[VectorTransformer]' = (),
        bbox: 'Box | None' = None,
    ) -> None:
        """Make a source.

        Args:
            uris: URI or URIs of the files.
            crs_transformer: Between map and pixel coordinates of the scene.
            vector_transformers: What is done to the features, in this order.
            bbox: Only features that intersect this box, in pixel coordinates, are given. None: all of them.
        """
        super().__init__(crs_transformer, vector_transformers, bbox)
        self.uris = [uris] if isinstance(uris, str) else list(uris)

    def __repr__(self) -> str:
        return f'GeoJSONVectorSource(uris={self.uris!r}, bbox={self._bbox!r})'

    def _get_geojson(self) -> GeoJSON:
        return self._read_features().to_geojson()

    def _read_features(self) -> Features:
        map_crs = self.crs_transformer.map_crs or GEOJSON_CRS
        return Features.concatenate(read_features(uri, map_crs) for uri in self.uris)


def get_polygons_from_uris(
    uris: str | list[str],
    crs_transformer: 'CRSTransformer',
    bbox: 'Box | None' = None,
    map_coords: bool = False,
) -> list[BaseGeometry]:
    """Polygons of GeoJSON files, such as areas of interest.

    Args:
        uris: URI or URIs of the files.
        crs_transformer: Between map and pixel coordinates of the scene.
        bbox: Only polygons that intersect this box, in pixel coordinates, are given, whole. None: all of them.
        map_coords: Whether to give map instead of pixel coordinates.

    Raises:
        NotReadableError: If a file cannot be read.
        DataError: If a file is not what it should be.
    """
    return GeoJSONVectorSource(uris, crs_transformer, bbox=bbox).get_geoms(to_map_coords=map_coords)


def read_features(uri: str, map_crs: Any = GEOJSON_CRS) -> Features:
    """Read a vector file.

    Rings that are not closed are closed. Geometries that cannot be made at all are left out, with a warning.
    Properties that are null or missing are left out; where some features lack a whole number, the others have floats.

    Args:
        uri: URI of the file.
        map_crs: The CRS to transform to; a file in EPSG:4326, or without CRS, is taken to be in it.

    Raises:
        NotReadableError: If the file does not exist or cannot be fetched.
        DataError: If it is not a vector file.
    """
    path = download_if_needed(uri)
    try:
        meta, ids, wkb, columns = pyogrio.raw.read(path, return_fids=True, force_2d=True, datetime_as_string=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise DataError(f'{uri} cannot be read as GeoJSON: {error} It begins with {_beginning(path)!r}.') from error
    geometries = shapely.from_wkb(wkb, on_invalid='fix')
    lost = np.count_nonzero(shapely.is_missing(geometries)) - np.count_nonzero([one is None for one in wkb])
    if lost:
        log.warning('%s: %d of %d geometries cannot be made and are left out.', uri, lost, len(wkb))
    features = Features(geometries, _properties(meta, columns, len(ids)), ids.tolist()).without_empty()
    return _to_map_crs(features, meta['crs'], map_crs, uri)


def _beginning(path: str) -> str:
    with open(path, 'rb') as file:
        return file.read(60).decode(errors='replace')


def _properties(meta: dict[str, Any], columns: list[np.ndarray], count: int) -> list[dict[str, Any]]:
    """The properties of each feature, from columns."""
    names = [str(name) for name in meta['fields']]
    values = [
        _decode_json(column) if subtype == JSON_SUBTYPE else column.tolist()
        for column, subtype in zip(columns, meta['ogr_subtypes'], strict=True)
    ]
    rows = zip(*values, strict=True) if values else [()] * count
    return [{name: value for name, value in zip(names, row, strict=True) if not _is_null(value)} for row in rows]


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _decode_json(column: np.ndarray) -> list[Any]:
    """Nested properties, which GDAL gives as text."""
    return [None if text is None else json.loads(text) for text in column]


def _to_map_crs(features: Features, file_crs: str | None, map_crs: Any, uri: str) -> Features:
    if file_crs is None or len(features) == 0:
        return features
    source = CRS.from_user_input(file_crs).to_2d()
    if source.equals(GEOJSON_CRS, ignore_axis_order=True) or source.equals(map_crs, ignore_axis_order=True):
        return features
    transformer = Transformer.from_crs(source, map_crs, always_xy=True)
    geometries = shapely.transform(
        features.geometries, lambda xy: np.stack(transformer.transform(xy[:, 0], xy[:, 1]), axis=1)
    )
    if not np.isfinite(shapely.total_bounds(geometries)).all():
        raise DataError(
            f'{uri}: coordinates {shapely.total_bounds(features.geometries)} cannot be transformed from the CRS of '
            f'the file, {file_crs}, to {map_crs}. Is the crs member of the file right?'
        )
    return features.with_geometries(geometries)
