"""`rastervision info` of images and labels."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from click.testing import CliRunner
from rasterio.shutil import copy
from rasterio.transform import from_origin

from rastervision.core.cli import info
from rastervision.core.data import (  # noqa: F401 - what snippets use
    ClassConfig,
    ClassInferenceTransformerConfig,
    GeoJSONVectorSourceConfig,
    RasterioSourceConfig,
    SemanticSegmentationLabelSourceConfig,
    StatsTransformerConfig,
    VectorFileSourceConfig,
)
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.info.bundle_tables import training_rows
from rastervision.pipeline.errors import NotReadableError

DRIVERS = {'.img': 'HFA', '.gpkg': 'GPKG', '.nc': 'netCDF', '.vrt': 'VRT'}


def write(path, pixels, **profile):
    """An image of pixels, (bands, height, width)."""
    count, height, width = pixels.shape
    profile = {'driver': 'GTiff', 'dtype': pixels.dtype, 'count': count, 'height': height, 'width': width, **profile}
    with rasterio.open(path, 'w', **profile) as out:
        out.write(pixels)
    return str(path)


def described(uri):
    result = CliRunner().invoke(info, [uri, '--json'], catch_exceptions=False)
    return json.loads(result.output)


def printed(uri):
    return ' '.join(CliRunner().invoke(info, [uri], catch_exceptions=False).output.split())


@pytest.fixture
def image(tmp_path):
    pixels = np.stack([np.full((300, 500), value, np.uint16) for value in (100, 2000, 30000)])
    pixels[:, :150] = 7
    profile = {'crs': 'EPSG:32633', 'transform': from_origin(5e5, 5e6, 10, 20), 'nodata': 7}
    return write(tmp_path / 'image.tif', pixels, tiled=True, blockxsize=256, blockysize=256, **profile)


def test_images_are_described_in_the_terms_of_a_config(image):
    found = described(image)

    assert (found['width'], found['height'], found['crs'], found['resolution']) == (500, 300, 'EPSG:32633', [20, 10])
    assert [band['mean'] for band in found['bands']] == [100, 2000, 30000]
    assert [band['nodata'] for band in found['bands']] == [7, 7, 7]
    assert found['nodata_share'] == pytest.approx(0.5, abs=0.1)
    assert found['bounds'] == pytest.approx([15, 45.1, 15.06, 45.15], abs=0.05)
    assert found['tiled']
    assert found['block'] == [256, 256]


def test_no_colour_goes_to_a_file(image):
    assert '\x1b' not in printed(image)


def test_the_snippet_reads_the_image(image):
    source = eval(described(image)['config'])

    assert source.channel_order == [0, 1, 2]
    assert [type(each) for each in source.transformers] == [StatsTransformerConfig]  # 16 bits


def test_a_band_of_few_numbers_is_taken_for_labels(tmp_path):
    labels = write(tmp_path / 'labels.png', (np.arange(400).reshape(1, 20, 20) % 4 == 0).astype(np.uint8), driver='PNG')

    found = described(labels)
    source = eval(found['config']).build(ClassConfig(names=['a', 'b']), None)

    assert found['classes'] == {'0': 0.75, '1': 0.25}
    assert source.get_label_arr().sum() == 100
    assert 'no CRS: labels have to be in pixels' in printed(labels)


def test_rows_of_a_large_image_that_is_not_tiled_are_remarked(tmp_path):
    text = printed(write(tmp_path / 'wide.tif', np.ones((1, 4, 5000), np.float32)))

    assert 'rastervision cogify' in text
    assert 'float32, 1 to 1, mean 1' in text


def test_complex_and_empty_images_are_described(tmp_path):
    numbers = np.full((1, 8, 8), np.nan + 0j, np.complex64)

    found = described(write(tmp_path / 'complex.tif', numbers))

    assert found['bands'][0]['mean'] is None
    assert 'Its numbers are complex' in printed(str(tmp_path / 'complex.tif'))


@pytest.fixture
def squares():
    boxes = shapely.box(np.arange(5.0), 0, np.arange(5.0) + 0.5, 1)
    return gpd.GeoDataFrame({'kind': [*'aabbb'], 'area': range(5)}, geometry=boxes, crs='EPSG:4326')


@pytest.mark.parametrize('name', ['labels.geojson', 'labels.gpkg', 'labels.parquet', 'labels.fgb'])
def test_labels_of_any_format_are_described(tmp_path, squares, name):
    path = tmp_path / name
    squares.to_parquet(path) if name.endswith('parquet') else squares.to_file(path)

    found = described(str(path))
    source = eval(found['config'])

    (layer,) = found['layers']
    assert (layer['count'], layer['geometry_types'], layer['class_property']) == (5, {'Polygon': 5}, None)
    assert layer['properties']['kind'] == {'b': 3, 'a': 2}
    assert layer['bounds'] == pytest.approx([0, 0, 4.5, 1])
    assert source.transformers[0].default_class_id == 0  # no property is taken for the class unasked
    assert source.transformers[0].class_id_to_filter is None
    assert "class_id_to_filter={0: ['==', 'kind', 'b']}" in found['config']


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize('values', [[3, 3, 1, 1, 2], [0.5, 0.5, 1, 2, 1], [True, False, True, True, False]])
@pytest.mark.parametrize('crs', ['EPSG:4326', None])
def test_printed_configs_read_what_they_are_printed_for(tmp_path, squares, values, crs):
    frame = squares[['geometry']].assign(code=values).set_crs(crs, allow_override=True)
    for name in ('labels.geojson', 'labels.gpkg', 'labels.shp', 'labels.fgb'):
        frame.to_file(tmp_path / name)

        found = described(str(tmp_path / name))
        source = eval(found['config'], dict(globals()))
        vectors = source.build(ClassConfig(names=['a', 'b']), IdentityCRSTransformer())

        assert [each['properties']['class_id'] for each in vectors.get_geojson()['features']] == [0] * 5
        (comment,) = [line for line in found['config'].splitlines() if 'class_id_to_filter' in line]
        name, value = found['layers'][0]['example']
        assert f"['==', {name!r}, {value!r}]" in comment
        assert isinstance(value, int | float)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize('suffix', ['.tif', '.img', '.gpkg', '.nc', '.vrt', ' odd \'name".tif'])
def test_printed_configs_of_images_read_them(tmp_path, dtype, suffix):
    if suffix == '.gpkg' and dtype != 'uint8':
        return
    path = tmp_path / f'image{suffix}'
    pixels = np.random.default_rng(0).integers(1, 200, (1, 64, 64)).astype(dtype)
    place = {'crs': 'EPSG:32633', 'transform': from_origin(5e5, 5e6, 10, 10)}
    copy(write(tmp_path / 'source.tif', pixels, **place), str(path), driver=DRIVERS.get(suffix, 'GTiff'))

    config = eval(described(str(path))['config'])

    assert config.build(use_transformers=False)[:, :].shape[:2] == (64, 64)


def test_the_property_that_gives_classes_is_named(tmp_path, squares):
    squares.rename(columns={'kind': 'class_name'}).to_file(tmp_path / 'labels.geojson')

    assert described(str(tmp_path / 'labels.geojson'))['layers'][0]['class_property'] == 'class_name'
    assert '<- the class' in printed(str(tmp_path / 'labels.geojson'))


def test_one_of_several_layers_has_to_be_chosen(tmp_path, squares):
    for layer in ('first', 'second'):
        squares[: 5 if layer == 'second' else 1].to_file(tmp_path / 'labels.gpkg', layer=layer)

    assert [layer['count'] for layer in described(str(tmp_path / 'labels.gpkg'))['layers']] == [1, 5]
    assert "layer='second'" in printed(str(tmp_path / 'labels.gpkg'))


def test_what_is_neither_says_so(tmp_path):
    (tmp_path / 'notes.txt').write_text('nothing')
    with pytest.raises(NotReadableError, match='cannot be opened'):
        described(str(tmp_path / 'notes.txt'))


def test_epochs_are_counted_from_1_and_the_learning_rate_is_the_one_that_was_set():
    properties = {
        'mlm:hyperparameters': {'lr': 0.003, 'num_epochs': 12},
        'rastervision:metrics': {'epoch': 11, 'avg_f1': 0.5, 'lr': 0.0001},
    }

    rows = list(training_rows({'properties': properties}))

    assert rows == [('lr', '0.003'), ('num_epochs', '12'), ('epoch', '12'), ('avg_f1', '0.5')]
