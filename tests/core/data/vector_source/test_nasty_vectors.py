"""What becomes of odd vector data, whatever the format."""

import json
import time

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.features import Features
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.vector_source.antimeridian import cut_at_antimeridian
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.pipeline.errors import DataError

BOX = shapely.box(10, 20, 30, 40)
BOWTIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
COLLECTION = shapely.GeometryCollection([shapely.Point(5, 5), shapely.GeometryCollection([BOX, shapely.Point(7, 7)])])
SPIKE = shapely.Polygon([(0, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10)])
LINE = shapely.LineString([(0, 0), (50, 50)])

# Name: geometries in pixels, and the types and the area that become of them.
CASES = {
    'nothing': ([], [], 0),
    'null': ([None, BOX], ['Polygon'], 400),
    'empty': ([shapely.Polygon(), shapely.MultiPolygon(), BOX], ['Polygon'], 400),
    'all empty': ([None, shapely.Polygon()], [], 0),
    'bow-tie': ([BOWTIE], ['Polygon', 'Polygon'], 50),
    'spike': ([SPIKE], ['Polygon'], 100),
    'duplicates': ([BOX, BOX], ['Polygon', 'Polygon'], 800),
    'collection': ([COLLECTION], ['Point', 'Point', 'Polygon'], 400),
    'multi': ([shapely.MultiPolygon([BOX, shapely.box(50, 50, 60, 60)])], ['Polygon', 'Polygon'], 500),
    'mixed': ([BOX, shapely.Point(1, 1), LINE], ['LineString', 'Point', 'Polygon'], 400),
    '3D': ([shapely.force_3d(BOX, 99)], ['Polygon'], 400),
    'smaller than a pixel': ([shapely.box(5.2, 5.2, 5.3, 5.3), BOX], ['Polygon', 'Polygon'], 400.01),
}
ENDINGS = ['.geojson', '.geojsonl', '.gpkg', '.fgb', '.shp', '.parquet']
# What formats cannot hold.
IMPOSSIBLE = {
    '.shp': {'collection', 'mixed', 'all empty', 'spike', 'smaller than a pixel'},
    '.fgb': {'null', 'empty', 'all empty'},
    '.geojsonl': {'nothing'},
}
POSSIBLE = [(ending, name) for ending in ENDINGS for name in CASES if name not in IMPOSSIBLE.get(ending, ())]


class Plugin(VectorSource):
    """A source that only knows GeoJSON."""

    def __init__(self, features, crs_transformer):
        super().__init__(crs_transformer)
        self._geojson = {'type': 'FeatureCollection', 'features': features}

    def _get_geojson(self):
        return self._geojson


@pytest.fixture
def to_map(metres):
    """From pixels to degrees."""

    def transform(geometries):
        array = np.empty(len(geometries), dtype=object)
        array[:] = geometries
        return shapely.transform(array, lambda xyz: mapped(xyz), include_z=shapely.has_z(array).any())

    def mapped(xyz):
        x, y = metres.to_map((xyz[:, 0], xyz[:, 1]))
        return np.column_stack([x, y, *xyz.T[2:]])

    return transform


def summary(features):
    return sorted(features.geom_types), shapely.area(features.geometries).sum()


@pytest.mark.parametrize(('ending', 'name'), POSSIBLE)
def test_odd_geometries_become_simple_ones_in_each_format(write, to_map, metres, ending, name):
    geometries, types, area = CASES[name]
    uri = write(f'labels{ending}', to_map(geometries), n=list(range(len(geometries))))
    found = VectorFileSource(uri, metres).get_features()
    assert summary(found) == (types, pytest.approx(area, abs=1))
    assert shapely.is_valid(found.geometries).all()
    assert not shapely.has_z(found.geometries).any()


@pytest.mark.parametrize('name', CASES)
def test_odd_geometries_of_a_plugin_become_simple_ones(to_map, metres, name):
    geometries, types, area = CASES[name]
    features = [
        {'type': 'Feature', 'properties': {}, 'geometry': geom and shapely.geometry.mapping(geom)}
        for geom in to_map(geometries)
    ]
    assert summary(Plugin(features, metres).get_features()) == (types, pytest.approx(area, abs=1))


@pytest.mark.parametrize('ending', ['.gpkg', '.fgb', '.parquet'])
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_no_numbers_are_left_out(write, to_map, metres, caplog, ending, value):
    with np.errstate(invalid='ignore'):
        odd = shapely.Polygon([(0, 0), (value, 1), (1, 1), (0, 0)])
    uri = write(f'labels{ending}', [odd, *to_map([BOX])])
    assert summary(VectorFileSource(uri, metres).get_features())[0] == ['Polygon']
    assert '1 of 2 features have infinite coordinates' in caplog.text


@pytest.mark.parametrize('kind', [VectorFileSource, Plugin])
def test_features_on_the_other_side_of_the_earth_are_left_out(to_map, metres, tmp_path, caplog, kind):
    geometries = [shapely.box(92.9, 0.001, 93.1, 0.1), shapely.box(999, 999, 1000, 1000), *to_map([BOX])]
    features = [{'type': 'Feature', 'properties': {}, 'geometry': shapely.geometry.mapping(g)} for g in geometries]
    if kind is VectorFileSource:
        path = tmp_path / 'labels.geojson'
        path.write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
        source = VectorFileSource(str(path), metres)
    else:
        source = Plugin(features, metres)
    assert len(source.get_features(window=Box(0, 0, 100, 100))) == 1
    assert 'features are too far from the image and are left out' in caplog.text


def test_a_file_that_is_all_elsewhere_is_an_error(write, metres):
    uri = write('labels.gpkg', [shapely.box(999, 999, 1000, 1000)])
    with pytest.raises(DataError, match='cannot be transformed'):
        VectorFileSource(uri, metres).get_geoms()


@pytest.mark.parametrize('ending', ['.geojson', '.gpkg', '.parquet'])
def test_missing_properties_are_left_out_and_classes_found_all_the_same(write, to_map, metres, ending):
    columns = {'class_id': [1, None, None], 'label': [None, 'b', None], 'size': [None, 2.5, None]}
    uri = write(f'labels{ending}', to_map([BOX, BOX, BOX]), **columns)
    source = VectorFileSource(uri, metres)
    assert source.get_features().properties == [{'class_id': 1}, {'label': 'b', 'size': 2.5}, {}]
    inferred = VectorFileSource(uri, metres, [ClassInferenceTransformer(0)])
    assert inferred.get_features().class_ids.tolist() == [1, 0, 0]


def test_a_class_name_that_is_no_name_is_none(to_map, metres):
    geometry = shapely.geometry.mapping(to_map([BOX])[0])
    source = Plugin([{'type': 'Feature', 'properties': {'label': ['a', 'b']}, 'geometry': geometry}], metres)
    source.vector_transformers.append(ClassInferenceTransformer(3))
    assert source.get_features().class_ids.tolist() == [3]


# ---------------------------------------------------------------- antimeridian
ACROSS = shapely.Polygon([(179.9, 0.1), (-179.9, 0.1), (-179.9, 0.2), (179.9, 0.2)])


@pytest.mark.parametrize(
    ('kind', 'crs', 'transform', 'columns'),
    [
        ('UTM zone 1', 'epsg:32601', Affine(100, 0, 100_000, 0, -100, 40_000), 222),
        ('degrees, east', 'epsg:4326', Affine(0.001, 0, 179.5, 0, -0.001, 1), 100),
        ('degrees, west', 'epsg:4326', Affine(0.001, 0, -180, 0, -0.001, 1), 100),
        ('world', 'epsg:4326', Affine(0.1, 0, -180, 0, -0.1, 90), 2),
    ],
)
@pytest.mark.parametrize('ending', ['.geojson', '.gpkg'])
def test_a_polygon_across_the_antimeridian_is_cut_there(write, caplog, ending, kind, crs, transform, columns):
    crs_transformer = RasterioCRSTransformer(transform, crs)
    source = VectorFileSource(write(f'labels{ending}', [ACROSS], class_id=[1]), crs_transformer)
    chip = RasterizedSource(source, 0, bbox=Box(0, 0, 1000, 3600)).get_chip(Box(0, 0, 1000, 3600))
    assert np.count_nonzero(chip.any(axis=(0, 2))) == pytest.approx(columns, abs=2)
    assert '1 features cross the antimeridian' in caplog.text


@pytest.mark.parametrize('ending', ['.geojson', '.gpkg'])
def test_a_polygon_across_the_antimeridian_covers_nothing_elsewhere(write, ending):
    far_away = RasterioCRSTransformer(Affine(100, 0, 100_000, 0, -100, 40_000), 'epsg:32631')
    source = VectorFileSource(write(f'labels{ending}', [ACROSS], class_id=[1]), far_away)
    assert not len(source.get_features().intersecting(Box(0, 0, 1000, 3600)))


def test_a_hole_a_line_and_other_parts_are_cut_with_it():
    ring = ACROSS.difference(shapely.Polygon())
    hole = shapely.Polygon(ring.exterior, [[(179.95, 0.12), (-179.95, 0.12), (-179.95, 0.18), (179.95, 0.18)]])
    line = shapely.LineString([(170, 0), (-170, 10)])
    parts = shapely.GeometryCollection([shapely.Point(1, 1), ACROSS])
    world = shapely.box(-180, -90, 180, 90)
    features = Features(np.array([hole, line, parts, world], dtype=object), [{}] * 4)
    cut, count = cut_at_antimeridian(features)
    assert count == 3
    assert shapely.area(cut.geometries[0]) == pytest.approx(0.2 * 0.1 - 0.1 * 0.06)
    assert shapely.length(cut.geometries[1]) == pytest.approx(np.hypot(20, 10))
    assert sorted(cut.take(np.array([2])).split().geom_types) == ['Point', 'Polygon', 'Polygon']
    assert cut.geometries[3] is world
    assert np.abs(shapely.total_bounds(cut.geometries)).max() == 180


@pytest.mark.parametrize('ending', ['.geojson', '.gpkg'])
def test_an_object_across_the_antimeridian_is_one_box(write, ending):
    uri = write(f'labels{ending}', [ACROSS, shapely.box(179.5, 0.1, 179.6, 0.2)], class_id=[1, 1])
    utm = RasterioCRSTransformer(Affine(100, 0, 100_000, 0, -100, 40_000), 'epsg:32601')
    degrees = RasterioCRSTransformer(Affine(0.001, 0, 179.5, 0, -0.001, 1), 'epsg:4326', width=1000)

    for transformer, width in ((utm, 222), (degrees, 200)):
        labels = ObjectDetectionLabelSource(VectorFileSource(uri, transformer), Box(0, 0, 1000, 1000)).get_labels()
        _, xmin, _, xmax = labels.get_npboxes().T
        assert len(labels) == 2 and (xmax - xmin)[0] == pytest.approx(width, abs=2)


GREENWICH = shapely.box(-5, 10, 5, 20)


@pytest.mark.parametrize(
    ('west', 'width', 'columns'),
    [(0, 360, [0, 1, 2, 3, 4, 355, 356, 357, 358, 359]), (350, 20, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]), (180, 90, [])],
)
def test_labels_are_found_in_images_beyond_180_degrees(write, west, width, columns):
    transformer = RasterioCRSTransformer(Affine(1, 0, west, 0, -1, 90), 'epsg:4326', width=width)
    source = VectorFileSource(write('labels.gpkg', [GREENWICH], class_id=[1]), transformer)

    chip = RasterizedSource(source, 0, bbox=Box(0, 0, 180, width)).get_chip(Box(0, 0, 180, width))

    assert np.flatnonzero(chip.any(axis=(0, 2))).tolist() == columns


def test_labels_beyond_180_degrees_are_found_in_images_below(write):
    transformer = RasterioCRSTransformer(Affine(1, 0, -180, 0, -1, 90), 'epsg:4326', width=360)
    shapes = [shapely.box(190, 10, 195, 20), shapely.box(-180, -10, -179, 0)]
    source = VectorFileSource(write('labels.gpkg', shapes, class_id=[2, 1]), transformer)

    boxes = ObjectDetectionLabelSource(source, Box(0, 0, 180, 360)).get_labels().get_npboxes()

    assert boxes == pytest.approx(np.array([[70, 10, 80, 15], [90, 0, 100, 1]]))


# --------------------------------------------------------------- no CRS, or a local one
WIDE = shapely.box(100, 20, 350, 60)  # by more than half a turn, if these were degrees
SITE = 'LOCAL_CS["site grid",UNIT["metre",1]]'
UNKNOWN = {
    'pixels': (IdentityCRSTransformer(), [20, 100, 60, 350]),
    'position without CRS': (RasterioCRSTransformer(Affine(10, 0, 0, 0, -10, 600), None), [54, 10, 58, 35]),
    'local': (RasterioCRSTransformer(Affine(10, 0, 0, 0, -10, 600), SITE), [54, 10, 58, 35]),
}


@pytest.mark.parametrize('kind', UNKNOWN)
def test_coordinates_are_those_of_an_image_without_crs_or_in_a_local_one(write, kind):
    transformer, bounds = UNKNOWN[kind]
    (polygon,) = VectorFileSource(write('labels.geojson', [WIDE]), transformer).get_geoms()

    ymin, xmin, ymax, xmax = bounds
    assert polygon.bounds == pytest.approx((xmin, ymin, xmax, ymax))


@pytest.mark.parametrize('kind', ['pixels', 'position without CRS'])
def test_labels_in_a_crs_are_taken_as_they_are_by_an_image_without_one(tmp_path, kind, caplog):
    transformer, (ymin, xmin, ymax, xmax) = UNKNOWN[kind]
    path = tmp_path / 'labels.gpkg'
    geopandas.GeoDataFrame({'a': [1]}, geometry=[WIDE], crs='EPSG:32633').to_file(path)

    (polygon,) = VectorFileSource(str(path), transformer).get_geoms()

    assert polygon.bounds == pytest.approx((xmin, ymin, xmax, ymax))
    assert 'labels.gpkg is in EPSG:32633, but the CRS of the image is not known' in caplog.text


def test_labels_that_have_no_way_to_a_local_crs_are_refused(tmp_path):
    transformer, _ = UNKNOWN['local']
    path = tmp_path / 'labels.gpkg'
    geopandas.GeoDataFrame({'a': [1]}, geometry=[WIDE], crs='EPSG:32633').to_file(path)

    with pytest.raises(DataError, match=r"labels\.gpkg is in EPSG:32633.*'site grid'"):
        VectorFileSource(str(path), transformer).get_geoms()
    (polygon,) = VectorFileSource(str(path), transformer, crs=SITE).get_geoms()
    assert polygon.bounds == pytest.approx((10, 54, 35, 58))


# ------------------------------------------------------------------------ many
def test_many_polygons_cost_what_lies_in_the_window(write, to_map, metres):
    x, y = np.meshgrid(np.arange(100) * 10.0, np.arange(100) * 10.0)
    pixels = shapely.box(x.ravel(), y.ravel(), x.ravel() + 4, y.ravel() + 4)
    source = GeoJSONVectorSource(write('labels.fgb', to_map(pixels), class_id=np.ones(10_000, int)), metres)
    raster = RasterizedSource(source, 0, bbox=Box(0, 0, 1000, 1000))
    raster.get_chip(Box(0, 0, 10, 10))
    start = time.process_time()
    for _ in range(100):
        raster.get_chip(Box(500, 500, 600, 600))
    assert time.process_time() - start < 2
