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


@pytest.mark.parametrize(
    ('rings', 'area'),
    [
        ('(0 0, 10 10, 10 0, 0 10, 0 0)', 50),  # a figure of eight: both halves
        ('(0 0, 10 10, 10 0, 0 10, 0 0), (1 3, 3 5, 1 7, 1 3)', 46),  # with a hole in one of them
        ('(0 0, 6 0, 6 6, 2 6, 2 2, 8 2, 8 8, 0 8, 0 0)', 60),  # laps over itself, around a hole
        ('(0 0, 9 0, 9 9, 0 9, 0 0, 9 0, 9 9, 0 9, 0 0)', 81),  # gone around twice
        ('(0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 8 2, 8 8, 2 8, 2 2), (4 4, 6 4, 6 6, 4 6, 4 4)', 64),  # hole in a hole
        ('(0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2), (4 4, 8 4, 8 8, 4 8, 4 4)', 72),  # holes overlap
        ('(0 0, 10 0, 10 10, 0 10, 0 0), (20 0, 22 0, 22 2, 20 0)', 102),  # a hole outside encloses too
        ('(0 0, 10 0, 5 5, 10 10, 0 10, 5 5, 0 0)', 50),  # touches itself
        ('(0 0, 10 0, 10 10, 0 10, 0 4, 4 6, 4 4, 0 4, 0 0)', 96),  # a hole that hangs on the ring
        ('(0 0, 10 0, 10 10, 0 10, 0 4, 4 4, 4 6, 0 4, 0 0)', 100),  # a loop that goes around twice
        ('(0 0, 10 0, 10 10, 10 30, 10 10, 0 10, 0 0)', 100),  # a spike
    ],
)
@pytest.mark.parametrize('turned', [False, True])
def test_a_broken_ring_loses_nothing_that_it_encloses(rings, area, turned):
    polygon = shapely.from_wkt(f'POLYGON ({rings})')
    broken = Features(np.array([shapely.reverse(polygon) if turned else polygon]), [{}])

    clean = broken.with_valid_polygons()

    assert shapely.is_valid(clean.geometries).all() and set(clean.geom_types) == {'Polygon'}
    assert shapely.area(shapely.union_all(clean.geometries)) == pytest.approx(area)


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
