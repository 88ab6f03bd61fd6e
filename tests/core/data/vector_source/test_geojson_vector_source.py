import json

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource, get_polygons_from_uris
from rastervision.core.data.vector_source.vector_source import VectorSource, sanitize_geojson
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.pipeline.errors import DataError, RasterVisionError

METRES = RasterioCRSTransformer(Affine(1, 0, 500_000, 0, -1, 1000), 'epsg:32631')


def crs_member(name):
    return {'type': 'name', 'properties': {'name': name}}


def test_each_call_is_as_if_it_were_the_first(make_vectors, square):
    source = make_vectors(square(0, 0, 4), square(50, 50, 4))
    assert len(source.get_geojson()['features']) == 2
    assert len(source.get_geojson(window=Box(0, 0, 10, 10))['features']) == 1
    assert len(source.get_geojson()['features']) == 2


def test_what_a_call_gives_is_the_callers(make_vectors, square):
    source = make_vectors(square(0, 0, 4, a=1))
    source.get_geojson()['features'][0]['properties']['a'] = 2
    assert source.get_geojson()['features'][0]['properties'] == {'a': 1}


def test_map_coordinates_come_back_after_pixel_coordinates(tmp_path, square):
    path = tmp_path / 'a.geojson'
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': [square(3.0, 0.005, 0.0001)]}))
    source = GeoJSONVectorSource(str(path), METRES)
    pixels, degrees = source.get_geoms()[0], source.get_geoms(to_map_coords=True)[0]
    assert pixels.bounds[0] == pytest.approx(0, abs=1e-6) and pixels.bounds[2] % 1 > 0
    assert np.allclose(degrees.bounds, [3.0, 0.005, 3.0001, 0.0051], atol=1e-12)


def test_a_file_may_be_in_another_crs(tmp_path, square):
    path = tmp_path / 'a.geojson'
    content = {'type': 'FeatureCollection', 'features': [square(500_100, 700, 50)]}
    path.write_text(json.dumps({**content, 'crs': crs_member('urn:ogc:def:crs:EPSG::32631')}))
    (geom,) = GeoJSONVectorSource(str(path), METRES).get_geoms()
    assert np.allclose(geom.bounds, [100, 250, 150, 300], atol=1.01)


def test_labels_lie_at_the_same_pixels_whatever_the_crs_of_the_map(tmp_path, square):
    path = tmp_path / 'a.geojson'
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': [square(3.0, 0.005, 0.0001)]}))
    metres = RasterioCRSTransformer(METRES.transform, 'epsg:32631', map_crs='epsg:32631')
    in_degrees, in_metres = (GeoJSONVectorSource(str(path), t).get_geoms()[0] for t in (METRES, metres))
    assert in_metres.bounds == in_degrees.bounds


def test_windows_and_bbox_select_whole_features(make_vectors, square):
    source = make_vectors(square(0, 0, 20), square(30, 30, 20), bbox=Box(0, 0, 10, 10))
    assert [geom.bounds for geom in source.get_geoms()] == [(0, 0, 20, 20)]
    assert source.get_geoms(window=Box(30, 30, 50, 50)) == []
    assert source.extent == Box(0, 0, 20, 20)
    assert source.bbox == Box(0, 0, 10, 10)


def test_files_are_taken_together_and_in_order(make_vectors, square):
    uris = [make_vectors(square(0, 0, 4, n=n)).uris[0] for n in range(3)]
    source = GeoJSONVectorSource(uris, IdentityCRSTransformer())
    assert [f['properties']['n'] for f in source.get_geojson()['features']] == [0, 1, 2]


def test_odd_geometries_become_simple_ones(make_vectors, feature):
    source = make_vectors(
        feature(None),
        feature({'type': 'Polygon', 'coordinates': []}),
        feature({'type': 'Polygon', 'coordinates': [[[0, 0, 9], [4, 0, 9], [4, 4, 9], [0, 0, 9]]]}),
        feature({'type': 'Polygon', 'coordinates': [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}),
        feature({'type': 'MultiPoint', 'coordinates': [[1, 1], [2, 2]]}),
    )
    geometries = source.get_features().geometries
    assert shapely.is_valid(geometries).all()
    assert not shapely.has_z(geometries).any()
    assert set(source.get_features().geom_types) == {'Polygon', 'Point'}


def test_properties_keep_their_types_and_nulls_are_left_out(make_vectors, square):
    properties = {'i': 3, 'f': 0.5, 's': 'x', 'b': True, 'list': [1, 2], 'nested': {'a': 1}, 'date': '2020-01-02'}
    features = make_vectors(square(0, 0, 4, none=None, **properties)).get_features()
    found = features.properties[0]
    assert {k: list(v) if k == 'list' else v for k, v in found.items()} == properties


def test_transformers_work_in_pixels_even_if_map_coordinates_are_asked_for(tmp_path, feature):
    path = tmp_path / 'a.geojson'
    point = {'type': 'Point', 'coordinates': [3.0005, 0.0045]}
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': [feature(point)]}))
    source = GeoJSONVectorSource(str(path), METRES, [BufferTransformer('Point', default_buf=10)])
    assert source.get_geoms(to_map_coords=True)[0].area < 1e-6


def test_a_source_of_a_plugin_need_only_know_geojson(square):
    class Fixed(VectorSource):
        def _get_geojson(self):
            return {'type': 'FeatureCollection', 'features': [square(1, 1, 2)]}

    assert Fixed(IdentityCRSTransformer()).extent == Box(1, 1, 3, 3)


def test_sanitize_geojson_gives_map_coordinates_if_asked(square):
    collection = {'type': 'FeatureCollection', 'features': [square(3.0, 0.005, 0.001)]}
    clean = sanitize_geojson(collection, METRES, to_map_coords=True)
    assert np.allclose(shapely.geometry.shape(clean['features'][0]['geometry']).centroid.x, 3.0005, atol=1e-5)


def test_areas_of_interest_are_read_as_polygons(make_vectors, square):
    uri = make_vectors(square(0, 0, 4), square(90, 90, 4)).uris[0]
    assert len(get_polygons_from_uris(uri, IdentityCRSTransformer(), bbox=Box(0, 0, 10, 10))) == 1


@pytest.mark.parametrize('text', ['no json', '{"type": "FeatureCollection", "features": [', '{"a": 1}', ''])
def test_what_is_no_geojson_is_named_with_its_uri(tmp_path, text):
    path = tmp_path / 'labels.geojson'
    path.write_text(text)
    with pytest.raises(DataError, match=r'labels\.geojson cannot be read as GeoJSON'):
        GeoJSONVectorSource(str(path), IdentityCRSTransformer()).get_geoms()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RasterVisionError, match=r'gone\.geojson'):
        GeoJSONVectorSource(str(tmp_path / 'gone.geojson'), IdentityCRSTransformer()).get_geoms()


def test_a_source_is_geojson_to_geopandas(make_vectors, square):
    frame = geopandas.GeoDataFrame.from_features(make_vectors(square(0, 0, 4, a=1), square(9, 9, 4, a=2)))

    assert frame.a.tolist() == [1, 2] and frame.total_bounds.tolist() == [0, 0, 13, 13]
