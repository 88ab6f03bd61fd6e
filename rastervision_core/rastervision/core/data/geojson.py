"""Functions on GeoJSON dicts, which are not changed. `Features` does the same on arrays, without the detour."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.core.data.features import Features, GeoJSON, whole_number
from rastervision.pipeline.progress_bar import progress_bar

if TYPE_CHECKING:
    import geopandas as gpd

    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

# Segments that a quarter of a circle is drawn with.
BUFFER_SEGMENTS = 16
MULTI_GEOM_TYPES = {'MultiPolygon', 'MultiPoint', 'MultiLineString'}
PROGRESSBAR_DELAY_SEC = 5


# -------------------------------------------------------------------- putting together
def geometry_to_feature(mapping: dict[str, Any], properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """A GeoJSON Feature of a GeoJSON geometry; a Feature is returned as it is."""
    if mapping.get('type') == 'Feature':
        return mapping
    return {'type': 'Feature', 'geometry': mapping, 'properties': properties or {}}


def geom_to_feature(geom: BaseGeometry, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """A GeoJSON Feature of a shapely geometry."""
    return geometry_to_feature(mapping(geom), properties)


def features_to_geojson(features: list[dict[str, Any]]) -> GeoJSON:
    """A FeatureCollection of GeoJSON Features."""
    return {'type': 'FeatureCollection', 'features': features}


def geometries_to_geojson(geometries: Iterable[dict[str, Any]]) -> GeoJSON:
    """A FeatureCollection of GeoJSON geometries."""
    return features_to_geojson([geometry_to_feature(geometry) for geometry in geometries])


def geoms_to_geojson(geoms: Iterable[BaseGeometry], properties: Iterable[dict[str, Any]] | None = None) -> GeoJSON:
    """A FeatureCollection of shapely geometries, each with its properties if given."""
    if properties is None:
        return features_to_geojson([geom_to_feature(geom) for geom in geoms])
    return features_to_geojson([geom_to_feature(*pair) for pair in zip(geoms, properties, strict=True)])


def merge_geojsons(geojsons: Iterable[GeoJSON]) -> GeoJSON:
    """A FeatureCollection of the features of several, in order."""
    return features_to_geojson([feature for geojson in geojsons for feature in geojson['features']])


# ------------------------------------------------------------------------- one by one
def map_features(
    func: Callable[[dict[str, Any]], dict[str, Any]],
    geojson: GeoJSON,
    include_geom_types: Iterable[str] = (),
    progressbar_kw: dict[str, Any] | None = None,
) -> GeoJSON:
    """Replace each feature by what a function makes of it.

    Args:
        func: Feature -> Feature.
        geojson: A FeatureCollection.
        include_geom_types: If given, features with other types of geometries stay as they are.
        progressbar_kw: Passed to :func:`.progress_bar`, and so to `tqdm`.
    """
    included = set(include_geom_types)
    features = _with_progress(geojson['features'], progressbar_kw)
    return features_to_geojson([func(f) if not included or f['geometry']['type'] in included else f for f in features])


def map_geoms(
    func: Callable[[BaseGeometry, dict[str, Any]], BaseGeometry],
    geojson: GeoJSON,
    include_geom_types: Iterable[str] = (),
    progressbar_kw: dict[str, Any] | None = None,
) -> GeoJSON:
    """Replace each geometry by what a function makes of it and its feature; see `map_features`."""

    def map_geom(feature: dict[str, Any]) -> dict[str, Any]:
        geom = shapely.geometry.shape(feature['geometry'])
        return {**feature, 'geometry': mapping(func(geom, feature))}

    return map_features(map_geom, geojson, include_geom_types, progressbar_kw)


def filter_features(
    func: Callable[[dict[str, Any]], bool], geojson: GeoJSON, progressbar_kw: dict[str, Any] | None = None
) -> GeoJSON:
    """The features for which a function is true."""
    return features_to_geojson([f for f in _with_progress(geojson['features'], progressbar_kw) if func(f)])


def is_empty_feature(f: dict[str, Any]) -> bool:
    """Whether a GeoJSON Feature has no geometry, or one without coordinates."""
    geometry = f.get('geometry')
    return not geometry or not (geometry.get('geometries') or geometry.get('coordinates'))


def geojson_to_geoms(geojson: GeoJSON) -> Iterator[BaseGeometry]:
    """The geometries of a FeatureCollection."""
    yield from Features.from_geojson(geojson).geometries


# ------------------------------------------------------------------------- as a whole
def remove_empty_features(geojson: GeoJSON) -> GeoJSON:
    """Leave out features without a geometry, or with an empty one."""
    return filter_features(lambda feature: not is_empty_feature(feature), geojson)


def split_multi_geometries(geojson: GeoJSON) -> GeoJSON:
    """Replace features with several geometries by a feature for each."""
    return Features.from_geojson(geojson).split().to_geojson()


def simplify_polygons(geojson: GeoJSON) -> GeoJSON:
    """Make polygons valid; see `Features.with_valid_polygons`."""
    return Features.from_geojson(geojson).with_valid_polygons().to_geojson()


def all_geoms_valid(geojson: GeoJSON) -> bool:
    """Whether all geometries are valid."""
    return bool(shapely.is_valid(Features.from_geojson(geojson).geometries).all())


def map_to_pixel_coords(geojson: GeoJSON, crs_transformer: 'CRSTransformer') -> GeoJSON:
    """Transform all coordinates from map to pixel coordinates."""
    features = Features.from_geojson(geojson)
    return features.with_geometries(crs_transformer.to_pixels(features.geometries)).to_geojson()


def pixel_to_map_coords(geojson: GeoJSON, crs_transformer: 'CRSTransformer') -> GeoJSON:
    """Transform all coordinates from pixel to map coordinates."""
    features = Features.from_geojson(geojson)
    return features.with_geometries(crs_transformer.to_map(features.geometries)).to_geojson()


def buffer_geoms(
    geojson: GeoJSON,
    geom_type: str,
    class_bufs: Mapping[int, float | None] | None = None,
    default_buf: float | None = 1,
) -> GeoJSON:
    """Widen geometries of one type; see `buffer_features`."""
    features = Features.from_geojson(geojson)
    return buffer_features(features, geom_type, class_bufs or {}, default_buf).to_geojson()


def _buffer_of(class_id: Any, class_bufs: Mapping[int, float | None], default_buf: float | None) -> float | None:
    number = whole_number(class_id)  # files may have it as text
    return default_buf if number is None else class_bufs.get(number, default_buf)


def buffer_features(
    features: Features, geom_type: str, class_bufs: Mapping[int, float | None], default_buf: float | None
) -> Features:
    """Widen geometries of one type by a buffer, in one call for all.

    Args:
        features: In pixel coordinates, as a rule.
        geom_type: Type of the geometries to widen, such as `'Point'`; others stay as they are.
        class_bufs: Class id -> buffer, in units of the coordinates. None: leave the class as it is.
        default_buf: Buffer of other classes, and of features without a class. None: leave them as they are.
    """
    distances = np.array(
        [_buffer_of(each.get('class_id'), class_bufs, default_buf) for each in features.properties],
        dtype=np.float64,
    )
    chosen = (features.geom_types == geom_type) & ~np.isnan(distances)
    geometries = features.geometries.copy()
    geometries[chosen] = shapely.buffer(geometries[chosen], distances[chosen], quad_segs=BUFFER_SEGMENTS)
    return features.with_geometries(geometries)


def filter_geojson_to_window(geojson: GeoJSON, window: Box) -> GeoJSON:
    """The features that intersect a window, whole."""
    features = Features.from_geojson(geojson)
    return features.take(features.intersecting(window)).to_geojson()


def geojson_to_geodataframe(geojson: GeoJSON) -> 'gpd.GeoDataFrame':
    """A GeoDataFrame with a row for each feature, a column for each property, and `geometry`."""
    return features_to_geodataframe(Features.from_geojson(geojson))


def features_to_geodataframe(features: Features) -> 'gpd.GeoDataFrame':
    """A GeoDataFrame with a row for each feature, a column for each property, and `geometry`."""
    import geopandas as gpd
    import pandas as pd

    frame = pd.DataFrame.from_records(list(features.properties), index=range(len(features)))
    return gpd.GeoDataFrame(frame, geometry=list(features.geometries))


def geodataframe_to_features(gdf: 'gpd.GeoDataFrame') -> Features:
    """Features of the rows of a GeoDataFrame."""
    rows: list[Any] = gdf.drop(columns=gdf.geometry.name).to_dict('records')
    return Features(np.asarray(gdf.geometry.values, dtype=object), rows)


def get_geodataframe_extent(gdf: 'gpd.GeoDataFrame') -> Box:
    """The smallest box of whole pixels around all geometries."""
    return geodataframe_to_features(gdf).extent


def get_geojson_extent(geojson: GeoJSON) -> Box:
    """The smallest box of whole pixels around all features."""
    return Features.from_geojson(geojson).extent


def geoms_to_bbox_coords(geoms: Iterable[BaseGeometry], bbox: Box) -> Iterator[BaseGeometry]:
    """Geometries relative to the upper left corner of a box."""
    for geom in geoms:
        yield shapely.transform(geom, lambda xy: xy - (bbox.xmin, bbox.ymin))


def _with_progress(features: list[dict[str, Any]], progressbar_kw: dict[str, Any] | None) -> Iterable[dict[str, Any]]:
    return progress_bar(features, **{'desc': 'Features', 'delay': PROGRESSBAR_DELAY_SEC, **(progressbar_kw or {})})
