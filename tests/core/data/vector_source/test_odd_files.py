"""What vector files of all kinds may have in them, and what is said of those that cannot be used."""

import sqlite3
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.vector_source.tiles import all_tiles, fetch_tiles
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_source.vector_file_source_config import VectorFileSourceConfig
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.core.data.web_tiles import Tile
from rastervision.pipeline.errors import DataError, RasterVisionError

PIXELS = IdentityCRSTransformer()
SQUARES = [shapely.box(x, 0, x + 4, 4) for x in (0, 10, 20)]


@pytest.mark.parametrize('ending', ['.geojson', '.gpkg', '.fgb', '.shp', '.parquet'])
def test_truth_values_stay_ones_where_some_are_missing(write, ending):
    path = write(f'labels{ending}', SQUARES, roof=pd.array([True, None, False], dtype='boolean'))
    features = VectorFileSource(path, PIXELS).get_features()
    by_place = np.argsort(shapely.bounds(features.geometries)[:, 0]).tolist()  # FlatGeobuf has an order of its own
    found = [features.properties[i].get('roof') for i in by_place]
    assert found[0] is True
    assert found[1] is None
    assert found[2] is False


@pytest.mark.parametrize('name', ['points.csv', 'table.gpkg'])
def test_a_table_without_geometries_is_named(tmp_path, name):
    frame = pd.DataFrame({'lat': [48.7], 'lon': [15.0], 'class_id': [1]})
    if name.endswith('csv'):
        frame.to_csv(tmp_path / name, index=False)
    else:
        pyogrio.write_dataframe(frame, tmp_path / name)
    with pytest.raises(DataError, match=rf'{name} .*geometries'):
        VectorFileSource(str(tmp_path / name), PIXELS, crs='EPSG:4326').get_features()


def test_a_geopackage_without_layers_is_named(tmp_path, write):
    path = write('labels.gpkg', SQUARES)
    with sqlite3.connect(path) as database:
        database.execute('DELETE FROM gpkg_contents')
        database.execute('DELETE FROM gpkg_geometry_columns')
        database.execute('DROP TABLE labels')
    with pytest.raises(DataError, match=r'labels\.gpkg'):
        VectorFileSource(path, PIXELS).get_features()


@pytest.mark.parametrize(
    ('wkt', 'area'),
    [
        ('POLYGON Z ((0 0 5, 4 0 5, 4 4 6, 0 4 7, 0 0 5))', 16),
        ('POLYGON ZM ((0 0 5 1, 4 0 5 1, 4 4 6 1, 0 4 7 1, 0 0 5 1))', 16),
        ('GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 9 9), POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0)))', 16),
        ('GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))), POINT EMPTY)', 16),
        ('CURVEPOLYGON (CIRCULARSTRING (0 0, 2 2, 4 0, 2 -2, 0 0))', 4 * np.pi),
        ('MULTISURFACE (CURVEPOLYGON (CIRCULARSTRING (0 0, 2 2, 4 0, 2 -2, 0 0)))', 4 * np.pi),
        ('POLYGON EMPTY', 0),
    ],
)
def test_geometries_of_all_kinds_are_read(tmp_path, wkt, area):
    (tmp_path / 'labels.csv').write_text(f'class_id,WKT\n1,"{wkt}"\n')
    source = VectorFileSource(str(tmp_path / 'labels.csv'), PIXELS)
    assert shapely.area(source.get_features().geometries).sum() == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize(
    'wkt', ['TRIANGLE ((0 0, 4 0, 0 4, 0 0))', 'TIN (((0 0, 4 0, 0 4, 0 0)), ((4 0, 4 4, 0 4, 4 0)))']
)
def test_geometries_that_cannot_be_made_are_left_out_with_a_warning(tmp_path, wkt, caplog):
    (tmp_path / 'labels.csv').write_text(f'class_id,WKT\n1,"{wkt}"\n2,"POINT (1 1)"\n')
    assert len(VectorFileSource(str(tmp_path / 'labels.csv'), PIXELS).get_features()) == 1
    assert '1 of 2 geometries cannot be made' in caplog.text


@pytest.mark.parametrize('ending', ['.geojson', '.gpkg', '.parquet'])
def test_features_without_geometry_are_left_out(tmp_path, ending):
    path = tmp_path / f'labels{ending}'
    frame = gpd.GeoDataFrame({'class_id': [1, 2]}, geometry=[None, SQUARES[0]], crs=4326)
    frame.to_parquet(path) if ending == '.parquet' else frame.to_file(path)
    assert [p['class_id'] for p in VectorFileSource(str(path), PIXELS).get_features().properties] == [2]


@pytest.mark.parametrize('score', [['0.5', '1', None], ['high', 'low', None], ['n/a', '', '1'], [0.5, np.nan, np.inf]])
def test_a_score_that_is_no_number_is_none(write, score):
    path = write('labels.gpkg', SQUARES, class_id=[1, 1, 1], score=score)
    scores = ObjectDetectionLabelSource(VectorFileSource(path, PIXELS), Box(0, 0, 50, 50)).get_labels().get_scores()
    assert len(scores) == 3
    assert np.isfinite(scores).all()


@pytest.mark.parametrize('bbox', [None, Box(0, 0, 50, 50)])
def test_labels_without_an_area_are_refused(write, bbox):
    cells = ChipClassificationLabelSourceConfig()
    makers = (partial(ObjectDetectionLabelSource, bbox=bbox), partial(ChipClassificationLabelSource, cells, bbox=bbox))
    for shape in (shapely.Point(5, 5), shapely.LineString([(1, 1), (9, 5)])):
        for make in makers:
            source = VectorFileSource(write('labels.geojson', [shape, SQUARES[0]], class_id=[1, 1]), PIXELS)
            with pytest.raises(ValueError, match=r'1 of 2 features.*BufferTransformer'):
                make(vector_source=source)


def test_points_get_a_size_from_a_config(write):
    from rastervision.core.data.label_source.object_detection_label_source_config import (
        ObjectDetectionLabelSourceConfig,
    )

    vectors = VectorFileSourceConfig(uris=write('labels.geojson', [shapely.Point(5, 5)], class_id=[0]))
    labels = ObjectDetectionLabelSourceConfig(vector_source=vectors).build(ClassConfig(names=['a']), PIXELS)
    assert labels.get_labels().get_npboxes().tolist() == [[4, 4, 6, 6]]


@pytest.mark.parametrize('data', [None, 5, 'text', 0.5])
def test_tiles_that_are_no_bytes_are_named(tmp_path, data):
    path = tmp_path / 'a.mbtiles'
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data)')
        database.execute('INSERT INTO tiles VALUES (16, 5, 7, ?)', (data,))
    with pytest.raises(DataError, match=r'a\.mbtiles is no vector tile'):
        list(fetch_tiles(str(path), [Tile(16, 5, 2**16 - 8)]))


def test_tiles_whose_rows_are_no_numbers_are_named(tmp_path):
    path = tmp_path / 'a.mbtiles'
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data)')
        database.execute("INSERT INTO tiles VALUES (16, 'x', NULL, NULL)")
    with pytest.raises(DataError, match='no numbers'):
        all_tiles(str(path), 16)


@pytest.mark.parametrize('order', [0, 1])
def test_buffers_of_classes_know_the_class_whatever_the_order(write, order):
    lines = [shapely.LineString([(0.5, y), (20.5, y)]) for y in (10, 30)]
    path = write('roads.gpkg', lines, class_name=['a', 'b'])
    widths = BufferTransformer('LineString', class_bufs={0: 2, 1: 4})
    names = ClassInferenceTransformer(None, ClassConfig(names=['a', 'b']))
    transformers = [widths, names] if order else [names, widths]
    bounds = shapely.bounds(VectorFileSource(path, PIXELS, transformers).get_features().geometries)
    assert (bounds[:, 3] - bounds[:, 1]).tolist() == pytest.approx([4, 8])


def test_buffers_know_class_ids_that_are_text(write):
    path = write('roads.gpkg', [shapely.LineString([(0, 10), (20, 10)])], class_id=['1'])
    source = VectorFileSource(path, PIXELS, [BufferTransformer('LineString', class_bufs={1: 5})])
    assert source.get_features().extent.height == 10


@pytest.mark.parametrize('content', [b'', b'{', b'[]', b'\x00\x01', b'SQLite format 3\x00'])
@pytest.mark.parametrize(
    'ending', ['.geojson', '.gpkg', '.fgb', '.shp', '.parquet', '.mbtiles', '.kml', '.csv', '.zip']
)
def test_what_is_no_vector_file_is_named(tmp_path, ending, content):
    path = tmp_path / f'labels{ending}'
    path.write_bytes(content)
    with pytest.raises(RasterVisionError, match='labels'):
        assert len(VectorFileSource(str(path), PIXELS, crs='EPSG:4326').get_features()), f'{path} has no features'
