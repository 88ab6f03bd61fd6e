"""Writing and reading GeoJSON files of labels."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label_store.placing import Placer
from rastervision.core.defaults import MAP_CRS
from rastervision.pipeline.errors import MissingFileError, NotReadableError
from rastervision.pipeline.file_system.utils import file_exists, file_to_json

DECIMALS = 7  # of a pixel: what is lost on the way to the map and back is less


class FeatureFile:
    """Writes a GeoJSON FeatureCollection a batch at a time. A context manager, which closes the file.

    Args:
        path: Local file; its folder is made.
        crs_transformer: From pixels to the map.
        bbox: What pixel coordinates are relative to. None: the image.
    """

    def __init__(self, path: str, crs_transformer: CRSTransformer, bbox: Box | None = None) -> None:
        self._placer = Placer(crs_transformer, bbox)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, 'w', encoding='utf-8')  # noqa: SIM115
        self._file.write(f'{{"type": "FeatureCollection",{_crs_member(crs_transformer)} "features": [')
        self._separator = ''

    def write(
        self, geometries: Sequence[BaseGeometry] | np.ndarray, properties: Iterable[dict[str, Any]] | None = None
    ) -> None:
        """Write features.

        Args:
            geometries: In pixel coordinates, (x, y).
            properties: Of each. None: no properties.
        """
        if not len(geometries):
            return
        pixels = np.empty(len(geometries), dtype=object)
        pixels[:] = geometries
        self.write_placed(self._placer.place(pixels, follow_edges=False), properties)

    def write_placed(self, geometries: np.ndarray, properties: Iterable[dict[str, Any]] | None = None) -> None:
        """Write features whose geometries are in map coordinates already."""
        texts = shapely.to_geojson(geometries)
        for text, values in zip(texts, properties or ({} for _ in texts), strict=True):
            self._file.write(
                f'{self._separator}\n{{"type": "Feature", "properties": {json.dumps(values)}, "geometry": {text}}}'
            )
            self._separator = ','

    def finish(self) -> None:
        """Write the end of the collection."""
        self._file.write('\n]}\n')

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self.finish()


def _crs_member(crs_transformer: CRSTransformer) -> str:
    """How GeoJSON of 2008 names a CRS, which GDAL reads; empty for the one that GeoJSON has without a name.

    A CRS without a code is given as WKT. For an image that has a place but no CRS it is null: none can be assumed.
    """
    map_crs = crs_transformer.map_crs
    if crs_transformer.image_crs is None and crs_transformer.transform is not None:
        return ' "crs": null,'
    if map_crs is None:
        return ''
    from pyproj import CRS

    crs = CRS.from_user_input(map_crs)
    if crs.equals(MAP_CRS, ignore_axis_order=True):
        return ''
    code = crs.to_authority()
    name = crs.to_wkt() if code is None else f'urn:ogc:def:crs:{code[0]}::{code[1]}'
    return f' "crs": {json.dumps({"type": "name", "properties": {"name": name}})},'


def box_polygons(boxes: Iterable[Box]) -> np.ndarray:
    """The boxes as polygons, (n,)."""
    ymin, xmin, ymax, xmax = np.array([tuple(box) for box in boxes], dtype=float).reshape(-1, 4).T
    polygons: np.ndarray = shapely.box(xmin, ymin, xmax, ymax)
    return polygons


def read_boxes(uri: str, crs_transformer: CRSTransformer) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Read what `FeatureFile` wrote.

    Args:
        uri: The GeoJSON.
        crs_transformer: From the map to pixels.

    Returns:
        Bounds of the features, (n, 4), rows of (ymin, xmin, ymax, xmax), in pixels; and their properties.

    Raises:
        MissingFileError: If there is no such file.
        NotReadableError: If it is no GeoJSON.
    """
    if not file_exists(uri, include_dir=False):
        raise MissingFileError(f'There are no labels at {uri!r}. Check the URI, or predict first.')
    try:
        features = file_to_json(uri)['features']
        geometries = np.array([shapely.geometry.shape(feature['geometry']) for feature in features], dtype=object)
        properties = [feature['properties'] for feature in features]
    except (KeyError, TypeError, AttributeError) as error:
        raise NotReadableError(f'{uri!r} is not a GeoJSON FeatureCollection: {error!r}.') from error
    pixels = Placer(crs_transformer, None).back(geometries)
    bounds = shapely.bounds(pixels).reshape(-1, 4)[:, [1, 0, 3, 2]]
    return np.round(bounds, DECIMALS), properties
