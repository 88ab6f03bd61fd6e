import json
import logging
import os
import shutil
import zipfile

import numpy as np
import pytest
import shapely
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_source.vector_file import MIN_COUNT_FOR_PARTS, ReadOptions, VectorFile
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_source.vector_file_source_config import VectorFileSourceConfig
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer
from rastervision.core.data.vector_transformer.vector_transformer import FeaturesTransformer
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError

ENDINGS = ['.gpkg', '.fgb', '.shp', '.geojson', '.geojsonl', '.parquet']
INDEXED = ['.gpkg', '.fgb', '.shp', '.parquet']
COUNT = MIN_COUNT_FOR_PARTS + 2_000
SIDE = 12_000


def bounds(source, **kwargs):
    return sorted(geom.bounds for geom in source.get_geoms(**kwargs))


def zipped(path, *members):
    with zipfile.ZipFile(path, 'w') as archive:
        for member in members:
            archive.write(member, f'inside/{os.path.basename(member)}')
    return str(path)


@pytest.fixture(scope='module')
def country(tmp_path_factory):
    """Boxes of 1 to 60 metres all over 12 by 12 kilometres: paths by ending."""
    import geopandas as gpd
    import pyogrio

    rng = np.random.default_rng(5)
    x, y = rng.uniform(-SIDE / 2, SIDE / 2, (2, COUNT))
    sides = rng.uniform(1, 60, COUNT)
    boxes = shapely.box(500_000 + x, y, 500_000 + x + sides, y + sides)
    frame = gpd.GeoDataFrame({'number': np.arange(COUNT), 'class_id': np.arange(COUNT) % 5}, geometry=boxes)
    frame = frame.set_crs('EPSG:32631').to_crs('EPSG:4326')
    folder = tmp_path_factory.mktemp('country')
    drivers = {'.gpkg': 'GPKG', '.fgb': 'FlatGeobuf', '.shp': 'ESRI Shapefile'}
    for ending, driver in drivers.items():
        pyogrio.write_dataframe(frame, folder / f'labels{ending}', driver=driver)
    frame.to_parquet(folder / 'labels.parquet', write_covering_bbox=True, row_group_size=500)
    return {ending: str(folder / f'labels{ending}') for ending in INDEXED}


def everything(path, metres, transformers=()):
    """A source that has read all, and so gives what sources without parts give."""
    source = VectorFileSource(path, metres, transformers)
    source.get_features()
    return source


# --------------------------------------------------------------------- formats
@pytest.mark.parametrize('ending', ENDINGS)
@pytest.mark.parametrize('crs', ['EPSG:4326', 'EPSG:3857'])
@pytest.mark.parametrize('kind', [VectorFileSource, GeoJSONVectorSource])
def test_formats_and_crss_give_the_same_features(write, pixel_boxes, metres, ending, crs, kind):
    import geopandas as gpd

    corners = [(10, 10), (50, 90)]
    boxes = gpd.GeoSeries(pixel_boxes(*corners), crs=4326)
    if ending not in ('.geojson', '.geojsonl'):
        boxes = boxes.to_crs(crs)
    source = kind(write(f'labels{ending}', boxes.values, boxes.crs, kind=['a', 'b']), metres)
    assert np.allclose(bounds(source), [(x, y, x + 4, y + 4) for x, y in corners], atol=1)
    assert sorted(p['kind'] for p in source.get_features().properties) == ['a', 'b']


@pytest.mark.parametrize('ending', ['.shp', '.geojson', '.gpkg', '.fgb'])
def test_a_zip_is_read_like_what_is_in_it(write, pixel_boxes, metres, tmp_path, ending):
    path = write(f'labels{ending}', pixel_boxes((1, 2)), n=[1])
    members = [str(p) for p in tmp_path.iterdir() if p.stem == 'labels']
    source = VectorFileSource(zipped(tmp_path / 'labels.zip', *members), metres)
    assert bounds(source) == bounds(VectorFileSource(path, metres))


def test_of_several_files_in_a_zip_the_layer_names_one(write, pixel_boxes, metres, tmp_path):
    members = [write('roads.geojson', pixel_boxes((1, 1))), write('houses.geojson', pixel_boxes((9, 9), (20, 20)))]
    uri = zipped(tmp_path / 'all.zip', *members)
    with pytest.raises(DataError, match=r"Choose one with layer: \['houses', 'roads'\]"):
        VectorFileSource(uri, metres).get_geoms()
    assert len(VectorFileSource(uri, metres, layer='houses').get_geoms()) == 2


def test_a_zip_without_vectors_is_named(metres, tmp_path):
    (tmp_path / 'readme.txt').write_text('nothing')
    uri = zipped(tmp_path / 'odd.zip', tmp_path / 'readme.txt')
    with pytest.raises(DataError, match=r'odd\.zip.*holds \[\]'):
        VectorFileSource(uri, metres).get_geoms()
    (tmp_path / 'broken.zip').write_bytes(b'PK')
    with pytest.raises(DataError, match=r'broken\.zip is not a zip file'):
        VectorFileSource(str(tmp_path / 'broken.zip'), metres).get_geoms()


def test_layers_are_listed_if_none_is_chosen(write, pixel_boxes, metres):
    uri = write('all.gpkg', pixel_boxes((1, 1)), layer='roads')
    write('all.gpkg', pixel_boxes((9, 9), (20, 20)), layer='houses')
    with pytest.raises(DataError, match=r"2 layers.*\['roads', 'houses'\]"):
        GeoJSONVectorSource(uri, metres).get_geoms()
    with pytest.raises(DataError, match=r"no layer 'house'.*Did you mean 'houses'"):
        VectorFileSource(uri, metres, layer='house').get_geoms()
    config = VectorFileSourceConfig(uris=uri, layer='houses')
    assert len(config.build(ClassConfig(names=['a']), metres).get_geoms()) == 2


@pytest.mark.parametrize('ending', ['.gpkg', '.shp', '.geojson', '.parquet'])
def test_columns_limit_the_properties(write, pixel_boxes, metres, ending):
    uri = write(f'labels{ending}', pixel_boxes((1, 1)), kind=['a'], other=[1])
    assert VectorFileSource(uri, metres, columns=['kind']).get_features().properties == [{'kind': 'a'}]
    with pytest.raises(DataError, match=r"no property 'kin'.*Did you mean 'kind'"):
        VectorFileSource(uri, metres, columns=['kin']).get_geoms()


def test_a_condition_selects_features(write, pixel_boxes, metres):
    uri = write('labels.gpkg', pixel_boxes((1, 1), (9, 9)), kind=['a', 'b'])
    assert len(VectorFileSource(uri, metres, where="kind = 'b'").get_geoms()) == 1
    with pytest.raises(DataError, match='where'):
        VectorFileSource(uri, metres, where='no such ==').get_geoms()
    parquet = write('labels.parquet', pixel_boxes((1, 1)))
    with pytest.raises(ConfigError, match='class_id_to_filter'):
        VectorFileSource(parquet, metres, where="kind = 'b'").get_geoms()


def test_parquet_without_geometry_is_named(tmp_path, metres):
    import pandas as pd

    pd.DataFrame({'a': [1]}).to_parquet(tmp_path / 'table.parquet')
    (tmp_path / 'text.parquet').write_text('no parquet')
    with pytest.raises(DataError, match='not GeoParquet'):
        VectorFileSource(str(tmp_path / 'table.parquet'), metres).get_geoms()
    with pytest.raises(DataError, match=r'text\.parquet cannot be read'):
        VectorFileSource(str(tmp_path / 'text.parquet'), metres).get_geoms()


# ---------------------------------------------------------------------- remote
@pytest.mark.parametrize('ending', ['.shp', '.gpkg', '.parquet'])
def test_remote_files_come_with_what_belongs_to_them(write, pixel_boxes, metres, serve, tmp_path, monkeypatch, ending):
    from rastervision.pipeline.rv_config import rv_config_

    monkeypatch.setattr(rv_config_, 'get_cache_dir', lambda: str(tmp_path / 'cache'))
    path = write(f'labels{ending}', pixel_boxes((1, 1)), crs='EPSG:4326', kind=['a'])
    source = VectorFileSource(f'{serve}/labels{ending}?token=1', metres)
    assert bounds(source) == bounds(VectorFileSource(path, metres))
    assert source.get_features().properties == [{'kind': 'a'}]


def test_a_missing_remote_file_is_named(metres, serve):
    with pytest.raises(NotReadableError, match=r'gone\.gpkg'):
        VectorFileSource(f'{serve}/gone.gpkg', metres).get_geoms()


# ----------------------------------------------------------------------- parts
@pytest.mark.parametrize('ending', INDEXED)
def test_only_what_lies_around_is_read(country, metres, ending, monkeypatch):
    read = []
    for kind in (VectorFile, *VectorFile.__subclasses__()):
        original = kind.read
        monkeypatch.setattr(kind, 'read', lambda self, b=None, f=original: (read.append(f(self, b)), read[-1])[1])
    source = VectorFileSource(country[ending], metres)
    found = source.get_features(window=Box(0, 0, 300, 300))
    assert 0 < len(found) < 20
    assert len(read[0][0]) < COUNT / 20


@pytest.mark.parametrize('ending', INDEXED)
def test_parts_give_the_same_as_all(country, metres, ending):
    whole = everything(country[ending], metres)
    source = VectorFileSource(country[ending], metres)
    for window in (Box(0, 0, 900, 900), Box(-400, 100, 2000, 700), Box(3000, 3000, 4000, 4000)):
        assert source.get_geojson(window=window) == whole.get_geojson(window=window)
    limited = VectorFileSource(country[ending], metres, bbox=Box(0, 0, 900, 900))
    assert limited.get_geojson() == whole.get_geojson(window=Box(0, 0, 900, 900))


@pytest.mark.parametrize('ending', ['.gpkg', '.parquet'])
def test_labels_drawn_from_parts_are_those_of_all(country, metres, ending):
    def draw(source):
        raster = RasterizedSource(source, background_class_id=7, bbox=Box(0, 0, 700, 700))
        return [raster.get_chip(window) for window in (Box(0, 0, 700, 700), Box(-900, -900, 100, 100))]

    transformers = [BufferTransformer('Polygon', default_buf=30), ShiftTransformer(200, -100)]
    parts = draw(VectorFileSource(country[ending], metres, transformers))
    whole = draw(everything(country[ending], metres, transformers))
    assert all(np.array_equal(a, b) for a, b in zip(parts, whole, strict=True))
    assert len(np.unique(parts[0])) == 6


def test_boxes_from_parts_are_those_of_all(country, metres):
    bbox = Box(0, 0, 900, 900)
    parts = ObjectDetectionLabelSource(VectorFileSource(country['.gpkg'], metres), bbox).get_labels()
    assert parts == ObjectDetectionLabelSource(everything(country['.gpkg'], metres), bbox).get_labels()
    assert len(parts) > 1


def test_a_transformer_that_does_not_say_how_far_it_reaches_gets_all(country, metres):
    class Last(FeaturesTransformer):
        def transform_features(self, features, crs_transformer=None):
            return features.take(np.arange(len(features))[-1:])

    source = VectorFileSource(country['.fgb'], metres, [Last()])
    whole = source.get_features()
    assert source.features_around(Box(0, 0, 10, 10)) is whole


def test_a_part_without_classes_is_no_error_but_a_file_without_is(country, metres, write, pixel_boxes):
    bbox = Box(0, 0, 900, 900)
    filtered = [ClassInferenceTransformer(None, class_id_to_filter={1: ['==', 'number', COUNT - 1]})]
    drop = VectorFileSource(country['.gpkg'], metres, filtered, columns=['number'])
    assert (RasterizedSource(drop, background_class_id=0, bbox=bbox).get_chip(bbox) == 0).all()
    few = VectorFileSource(write('few.gpkg', pixel_boxes((1, 1)), a=[1]), metres, [ClassInferenceTransformer(None)])
    with pytest.raises(DataError, match='None of the 1 features'):
        RasterizedSource(few, background_class_id=0, bbox=bbox)


def test_files_with_and_without_parts_keep_their_order(country, metres, write, pixel_boxes):
    small = write('small.geojson', pixel_boxes((30, 30)), number=[-1])
    source = VectorFileSource([small, country['.gpkg']], metres)
    numbers = [p['number'] for p in source.get_features(window=Box(0, 0, 500, 500)).properties]
    assert numbers[0] == -1
    assert len(numbers) > 2
    assert numbers == sorted(numbers)


def test_small_files_are_read_as_a_whole(write, pixel_boxes, metres):
    file = VectorFile(write('small.gpkg', pixel_boxes((1, 1))), ReadOptions())
    assert not file.reads_parts


# ------------------------------------------------------------------------- CRS
def test_a_file_of_unknown_crs_asks_for_it(write, pixel_boxes, metres):
    boxes = pixel_boxes((10, 10))
    with pytest.warns(UserWarning, match='crs'):
        uri = write('labels.shp', boxes, crs=None)
    with pytest.raises(DataError, match=r"labels\.shp does not say the CRS.*crs='EPSG:4326'"):
        VectorFileSource(uri, metres).get_geoms()
    assert np.allclose(bounds(VectorFileSource(uri, metres, crs='EPSG:4326')), [(10, 10, 14, 14)], atol=1)
    assert VectorFileSource(uri, IdentityCRSTransformer()).get_geoms()[0].equals(boxes[0])


def test_a_wrong_crs_can_be_put_right(write, metres):
    uri = write('labels.gpkg', [shapely.box(500_010, 980, 500_020, 990)], crs='EPSG:4326')
    assert np.allclose(bounds(VectorFileSource(uri, metres, crs='EPSG:32631')), [(10, 10, 20, 20)], atol=1)


def test_damaged_files_are_named(write, pixel_boxes, metres, tmp_path):
    path = write('labels.gpkg', pixel_boxes((1, 1)))
    shutil.copy(path, tmp_path / 'cut.gpkg')
    os.truncate(tmp_path / 'cut.gpkg', 5000)
    with pytest.raises(DataError, match=r'cut\.gpkg'):
        VectorFileSource(str(tmp_path / 'cut.gpkg'), metres).get_geoms()


def test_config_comes_back_from_json_and_is_not_in_the_way(caplog):
    config = VectorFileSourceConfig(uris=['a.gpkg'], layer='b', where='c = 1', columns=['c'], crs='EPSG:4326')
    with caplog.at_level(logging.WARNING):
        assert VectorFileSourceConfig.from_dict(config.dict()) == config


@pytest.mark.parametrize(
    'transformer',
    [IdentityCRSTransformer(), RasterioCRSTransformer(Affine(10, 0, 5e5, 0, -10, 5e6), None)],
    ids=['pixels', 'no CRS'],
)
def test_wide_polygons_without_a_crs_are_not_cut_as_if_they_crossed_180_degrees(tmp_path, transformer):
    box = shapely.box(20, 30, 270, 300)
    feature = {
        'type': 'Feature',
        'properties': {},
        'geometry': shapely.geometry.mapping(transformer.to_map(box)),
    }
    (tmp_path / 'a.json').write_text(json.dumps({'type': 'FeatureCollection', 'features': [feature]}))

    (found,) = VectorFileSource(str(tmp_path / 'a.json'), transformer).get_geoms()

    assert found.equals_exact(box, 1e-6, normalize=True)
