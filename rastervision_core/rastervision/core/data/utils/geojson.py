"""Older path of :mod:`rastervision.core.data.geojson` and `vector_source.geojson_vector_source`."""

from rastervision.pipeline import lazy

_NAMES = """
    MULTI_GEOM_TYPES PROGRESSBAR_DELAY_SEC all_geoms_valid buffer_geoms features_to_geojson filter_features
    filter_geojson_to_window geojson_to_geodataframe geojson_to_geoms geom_to_feature geometries_to_geojson
    geometry_to_feature geoms_to_bbox_coords geoms_to_geojson get_geodataframe_extent get_geojson_extent
    is_empty_feature map_features map_geoms map_to_pixel_coords merge_geojsons pixel_to_map_coords
    remove_empty_features simplify_polygons split_multi_geometries
"""
_TARGETS = [f'rastervision.core.data.geojson:{name}' for name in _NAMES.split()]
_POLYGONS = 'rastervision.core.data.vector_source.geojson_vector_source:get_polygons_from_uris'
__getattr__ = lazy.names(__name__, *_TARGETS, _POLYGONS, 'rastervision.core.box:Box')
