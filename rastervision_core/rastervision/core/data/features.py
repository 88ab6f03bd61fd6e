"""Geographic features as arrays: what GeoJSON says, in a form that can be worked on as a whole."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import shapely
from shapely.geometry import shape

from rastervision.core.box import Box
from rastervision.core.data.rings import MANY_VERTICES, Rings
from rastervision.pipeline.errors import DataError, LabelError

GeoJSON = dict[str, Any]
FIRST_MULTI_TYPE = 4  # shapely's type ids: 0 Point, 1 LineString, 2 LinearRing, 3 Polygon, then what has parts
POLYGON_TYPE = 3
POLYGON_TYPES = ('Polygon', 'MultiPolygon')
LARGEST_ID = 2.0**53  # up to which floats are exact
GEOM_TYPES = np.array(
    [
        'Point',
        'LineString',
        'LinearRing',
        'Polygon',
        'MultiPoint',
        'MultiLineString',
        'MultiPolygon',
        'GeometryCollection',
    ],
    dtype=object,
)


@dataclass(frozen=True)
class Features:
    """Geometries with properties.

    What is asked often, such as the index, is made on the first call and kept.

    Operations give new objects. Geometries of features that an operation leaves alone are shared, not copied.

    Attributes:
        geometries: Shapely geometries, (n,), dtype object.
        properties: The properties of each feature. They are not to be written into.
        ids: The id of each feature, or None.
    """

    geometries: np.ndarray
    properties: Sequence[dict[str, Any]]
    ids: Sequence[Any] = field(default=())

    def __post_init__(self) -> None:
        if not self.ids:
            object.__setattr__(self, 'ids', [None] * len(self.properties))

    def __len__(self) -> int:
        return len(self.properties)

    # --------------------------------------------------------------- from and to
    @classmethod
    def from_geojson(cls, geojson: GeoJSON) -> Self:
        """Features of a GeoJSON FeatureCollection; those without a geometry are left out.

        Raises:
            DataError: If it is no FeatureCollection, or a geometry is not one.
        """
        if 'features' not in geojson:
            raise DataError(f'This is no GeoJSON FeatureCollection; it has {sorted(geojson)!r:.200}.')
        features = [feature for feature in geojson['features'] if feature.get('geometry') is not None]
        return cls(
            _object_array(_shape(feature) for feature in features),
            [feature.get('properties') or {} for feature in features],
            [feature.get('id') for feature in features],
        )

    def to_geojson(self) -> GeoJSON:
        """A GeoJSON FeatureCollection that shares nothing with this object."""
        geometries = (json.loads(text) for text in shapely.to_geojson(self.geometries))
        return {
            'type': 'FeatureCollection',
            'features': [
                {
                    'type': 'Feature',
                    'geometry': geometry,
                    'properties': dict(properties),
                    **({} if id_ is None else {'id': id_}),
                }
                for geometry, properties, id_ in zip(geometries, self.properties, self.ids, strict=True)
            ],
        }

    @classmethod
    def concatenate(cls, parts: Iterable['Features']) -> Self:
        """The features of several, in order."""
        parts = list(parts)
        if len(parts) == 1 and isinstance(parts[0], cls):
            return parts[0]
        return cls(
            np.concatenate([_object_array(()), *(part.geometries for part in parts)]),
            [properties for part in parts for properties in part.properties],
            [id_ for part in parts for id_ in part.ids],
        )

    # ------------------------------------------------------------------ changing
    def take(self, selection: np.ndarray) -> Self:
        """Some of the features.

        Args:
            selection: Indices, (m,), or a mask, (n,).
        """
        if selection.dtype == bool and selection.all():
            return self
        indices = (np.flatnonzero(selection) if selection.dtype == bool else selection).tolist()
        properties, ids = [self.properties[i] for i in indices], [self.ids[i] for i in indices]
        return type(self)(self.geometries[indices] if indices else _object_array(()), properties, ids)

    def with_geometries(self, geometries: np.ndarray) -> Self:
        """The same features with other geometries."""
        return replace(self, geometries=geometries)

    def with_properties(self, properties: Sequence[dict[str, Any]]) -> Self:
        """The same features with other properties."""
        return replace(self, properties=properties)

    def without_empty(self) -> Self:
        """The features that have a geometry with points in it."""
        return self.take(~(shapely.is_missing(self.geometries) | shapely.is_empty(self.geometries)))

    def with_finite_coordinates(self) -> Self:
        """The features without a coordinate that is infinite or not a number."""
        coordinates, owners = shapely.get_coordinates(self.geometries, return_index=True)
        finite = np.isfinite(coordinates).all(axis=1)
        if finite.all():
            return self
        chosen = np.ones(len(self), dtype=bool)
        chosen[owners[~finite]] = False
        return self.take(chosen)

    def split(self) -> Self:
        """One feature for each Point, LineString and Polygon in multi-geometries and collections."""
        geometries, origins = self.geometries, np.arange(len(self))
        while (shapely.get_type_id(geometries) >= FIRST_MULTI_TYPE).any():
            geometries, parts_of = shapely.get_parts(geometries, return_index=True)
            origins = origins[parts_of]
        return self if geometries is self.geometries else self.take(origins).with_geometries(geometries)

    def with_valid_polygons(self) -> Self:
        """Features whose polygons are valid; what is left of one that is not may be several features, or none.

        Of one that is not, all that its rings enclose is kept: both halves of a figure of eight, and what a ring goes
        around twice. Only holes are cut out.
        """
        invalid = (shapely.get_type_id(self.geometries) == POLYGON_TYPE) & ~shapely.is_valid(self.geometries)
        if not invalid.any():
            return self.without_empty()
        geometries = self.geometries.copy()
        geometries[invalid] = shapely.make_valid(geometries[invalid], method='structure', keep_collapsed=False)
        return self.with_geometries(geometries).without_empty().split()

    # ------------------------------------------------------------------- asking
    @cached_property
    def tree(self) -> shapely.STRtree:
        """A spatial index of the geometries."""
        return shapely.STRtree(self.geometries)

    def intersecting(self, window: Box) -> np.ndarray:
        """Indices, ascending, of the features that intersect a window. Costs O(log n + hits) after the first call."""
        hits: np.ndarray = np.sort(self.tree.query(window.to_shapely(), predicate='intersects'))
        return hits

    def drawable(self, indices: np.ndarray, window: Box) -> tuple[list[Any], list[int]]:
        """Geometries that look the same in a window, without what large polygons have elsewhere; see `Rings.near`.

        Args:
            indices: Of features, (m,).
            window: The window.

        Returns:
            The geometries, and which of the indices they belong to.
        """
        geometries = [self._rings(i).near(window) if i in self._large else self.geometries[i] for i in indices.tolist()]
        found = [i for i, geometry in zip(indices.tolist(), geometries, strict=True) if geometry is not None]
        return [geometry for geometry in geometries if geometry is not None], found

    @cached_property
    def _large(self) -> dict[int, Rings | None]:
        """Indices of polygons with many vertices, and their rings once they were needed."""
        large = (shapely.get_type_id(self.geometries) == POLYGON_TYPE) & (
            shapely.get_num_coordinates(self.geometries) > MANY_VERTICES
        )
        return dict.fromkeys(np.flatnonzero(large).tolist())

    def _rings(self, index: int) -> Rings:
        rings = self._large[index]
        if rings is None:
            rings = self._large[index] = Rings.of(self.geometries[index])
        return rings

    @property
    def extent(self) -> Box:
        """The smallest box of whole pixels around all features; `Box(0, 0, 0, 0)` if there are none."""
        if len(self) == 0:
            return Box(0, 0, 0, 0)
        xmin, ymin, xmax, ymax = shapely.total_bounds(self.geometries).tolist()
        return Box(ymin, xmin, ymax, xmax).around()

    @property
    def geom_types(self) -> np.ndarray:
        """The type of each geometry as GeoJSON calls it, (n,)."""
        return GEOM_TYPES[shapely.get_type_id(self.geometries)]

    @cached_property
    def class_ids(self) -> np.ndarray:
        """The `class_id` of each feature, (n,), int64.

        Raises:
            LabelError: If a feature has none, or one that is not a whole number.
        """
        return read_class_ids(self.properties)


def read_class_ids(properties: Sequence[dict[str, Any]]) -> np.ndarray:
    """The `class_id` in each of some properties, (n,), int64.

    Raises:
        LabelError: If one is missing or not a whole number.
    """
    found = [whole_number(each.get('class_id')) for each in properties]
    if None in found:
        index = found.index(None)
        given = properties[index].get('class_id')
        way_out = (
            'Add a ClassInferenceTransformer that gives each feature a class_id, for example by default_class_id.'
            if given is None
            else 'Class ids are whole numbers.'
        )
        keys = sorted(properties[index])
        raise LabelError(f'Feature {index} has class_id {given!r:.100}; its properties are {keys!r:.300}. {way_out}')
    return np.array(found, dtype=np.int64)


def check_are_areas(features: Features, where: str) -> None:
    """See that all features are polygons.

    Args:
        features: The features.
        where: Where they are from, for the message.

    Raises:
        LabelError: If one is a point or a line, with what to do.
    """
    types = features.geom_types
    wrong = ~np.isin(types.astype(str), POLYGON_TYPES)
    if wrong.any():
        raise LabelError(
            f'{np.count_nonzero(wrong)} of {len(features)} features of {where} are not polygons but '
            f'{sorted(set(types[wrong]))!r}, which have no area. Make them polygons with a BufferTransformer for that '
            'type of geometry.'
        )


def whole_number(value: Any) -> int | None:
    """A class id as files have it: a number, perhaps with a decimal point or as text; None if it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() and abs(number) < LARGEST_ID else None


def _shape(feature: dict[str, Any]) -> Any:
    try:
        return shape(feature['geometry'])
    except Exception as error:  # shapely raises many kinds for malformed coordinates
        raise DataError(f'Not a GeoJSON geometry: {feature["geometry"]!r:.200}: {error}') from error


def _object_array(geometries: Iterable[Any]) -> np.ndarray:
    """An array of dtype object, also for no geometries."""
    items = list(geometries)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array
