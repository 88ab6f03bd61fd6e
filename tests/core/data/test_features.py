import numpy as np
import pytest
import shapely

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.pipeline.errors import DataError, LabelError


def features(*wkts):
    geometries = shapely.from_wkt(np.array(wkts, dtype=object))
    return Features(geometries, [{'class_id': i} for i in range(len(wkts))])


def test_geojson_comes_back_as_it_was(square):
    geojson = {'type': 'FeatureCollection', 'features': [{**square(1, 2, 3, class_id=4, name='x'), 'id': 'q'}]}
    assert Features.from_geojson(geojson).to_geojson() == geojson


def test_features_without_geometry_are_left_out(feature):
    geojson = {'type': 'FeatureCollection', 'features': [feature(None, a=1)]}
    assert len(Features.from_geojson(geojson)) == 0


def test_nested_collections_are_split_and_keep_their_properties():
    split = features(
        'GEOMETRYCOLLECTION (POINT (1 1), GEOMETRYCOLLECTION (MULTIPOINT (2 2, 3 3)))', 'POINT (4 4)'
    ).split()
    assert split.geom_types.tolist() == ['Point'] * 4
    assert split.class_ids.tolist() == [0, 0, 0, 1]


def test_an_invalid_polygon_becomes_valid_and_one_without_area_goes():
    bowtie, line = 'POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))', 'POLYGON ((0 0, 5 0, 9 0, 0 0))'
    clean = features(bowtie, line).with_valid_polygons()
    assert shapely.is_valid(clean.geometries).all()
    assert set(clean.class_ids.tolist()) == {0}


def test_what_intersects_a_window_is_found_in_order():
    many = features('POINT (9 9)', 'POINT (1 1)', 'POINT (2 2)')
    assert many.intersecting(Box(0, 0, 5, 5)).tolist() == [1, 2]


def test_the_extent_has_whole_pixels():
    assert features('LINESTRING (0.5 1.5, 3.5 4.5)').extent == Box(1, 0, 5, 4)
    assert features().extent == Box(0, 0, 0, 0)


def test_a_missing_class_id_is_explained():
    with pytest.raises(LabelError, match=r"class_id None; its properties are \['name'\]"):
        _ = Features(shapely.points([[0, 0]]), [{'name': 'x'}]).class_ids


def test_what_is_no_feature_collection_is_refused():
    with pytest.raises(DataError, match='no GeoJSON FeatureCollection'):
        Features.from_geojson({'type': 'Topology'})
