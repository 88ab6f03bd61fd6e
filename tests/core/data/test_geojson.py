import shapely

from rastervision.core.box import Box
from rastervision.core.data import geojson as g
from rastervision.core.data.utils import geojson as old


def test_old_path_has_all_names():
    assert old.buffer_geoms is g.buffer_geoms
    assert callable(old.get_polygons_from_uris)


def test_functions_do_not_change_what_they_are_given(square):
    collection = g.features_to_geojson([square(0, 0, 4, class_id=1)])
    before = repr(collection)
    g.buffer_geoms(collection, 'Polygon', {1: 3})
    g.map_features(lambda f: {**f, 'properties': {}}, collection)
    assert repr(collection) == before


def test_map_geoms_changes_only_the_types_asked_for(square, feature):
    collection = g.features_to_geojson([square(0, 0, 4), feature({'type': 'Point', 'coordinates': [1, 1]})])
    mapped = g.map_geoms(lambda geom, _: geom.centroid, collection, include_geom_types=['Polygon'])
    assert [f['geometry']['coordinates'] for f in mapped['features']] == [(2.0, 2.0), [1, 1]]


def test_geometries_become_features_with_properties():
    collection = g.geoms_to_geojson([shapely.Point(1, 2)], [{'a': 1}])
    assert collection['features'][0]['properties'] == {'a': 1}


def test_geometries_move_to_bbox_coordinates():
    (moved,) = g.geoms_to_bbox_coords([shapely.Point(10, 20)], Box(5, 2, 30, 30))
    assert (moved.x, moved.y) == (8, 15)


def test_a_data_frame_has_a_row_for_each_feature(square):
    frame = g.geojson_to_geodataframe(g.features_to_geojson([square(0, 0, 4, class_id=1)]))
    assert frame['class_id'].tolist() == [1]
    assert g.get_geodataframe_extent(frame) == Box(0, 0, 4, 4)
