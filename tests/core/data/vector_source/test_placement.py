"""What all vector sources promise about features that are not where the image is."""

import json
import warnings

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_source.vector_file_source_config import VectorFileSourceConfig
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.core.data.vector_source.vector_tile_source import VectorTileSource
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.pipeline.errors import DataError, LabelError

IMAGE = Box(0, 0, 200, 200)
CLASSES = ClassConfig(names=['ground', 'thing'])
ENDINGS = ['.geojson', '.gpkg', '.fgb', '.shp', '.parquet']


class Plugin(VectorSource):
    """A source of a plugin, which knows GeoJSON only."""

    def __init__(self, path, crs_transformer):
        super().__init__(crs_transformer)
        with open(path) as file:
            self.geojson = json.load(file)

    def _get_geojson(self):
        return self.geojson


@pytest.fixture
def place(metres):
    """Squares at places in pixels, in degrees."""

    def make(*corners, size=4):
        boxes = [shapely.box(x, y, x + size, y + size) for x, y in corners]
        return metres.to_map(np.array(boxes, dtype=object))

    return make


def swapped(geometries):
    return shapely.transform(geometries, lambda xy: xy[:, ::-1])


@pytest.fixture(params=[*ENDINGS, 'large .gpkg', 'large .parquet', 'GeoJSON', 'plugin', '.mbtiles'])
def make_source(request, write, metres, monkeypatch, tmp_path):
    """Makes a source of each kind, of geometries in degrees."""
    kind = request.param
    if kind.startswith('large'):
        monkeypatch.setattr('rastervision.core.data.vector_source.vector_file.MIN_COUNT_FOR_PARTS', 0)
        monkeypatch.setattr('rastervision.core.data.vector_source.geoparquet.MIN_COUNT_FOR_PARTS', 0)

    def make(geometries, crs_transformer=metres):
        if kind == '.mbtiles':
            import geopandas as gpd

            frame = gpd.GeoDataFrame({'class_id': [1] * len(geometries)}, geometry=list(geometries), crs=4326)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                options = {'MINZOOM': 16, 'MAXZOOM': 16}
                pyogrio.write_dataframe(frame, tmp_path / 'a.mbtiles', driver='MBTiles', layer='things', **options)
            return VectorTileSource(str(tmp_path / 'a.mbtiles'), crs_transformer, 16)
        ending = kind.split()[-1] if '.' in kind else '.geojson'
        path = write(f'labels{ending}', geometries, class_id=np.ones(len(geometries), dtype=int))
        sources = {'GeoJSON': GeoJSONVectorSource, 'plugin': Plugin}
        return sources.get(kind, VectorFileSource)(path, crs_transformer)

    return make


def test_features_in_the_image_are_fine(make_source, place, caplog):
    make_source(place((20, 20), (190, 190))).check_meets(IMAGE)
    assert not caplog.records


@pytest.mark.parametrize('buffers', [{'default_buf': -3}, {'class_bufs': {1: -3}}, {'class_bufs': {1: -1}}])
@pytest.mark.parametrize('others', [[], [(400, 400, 490, 490)]])
def test_a_buffer_that_leaves_nothing_is_named(make_source, metres, caplog, buffers, others):
    corners = [(20, 20, 24, 24), (90, 90, 94, 94), *others]
    source = make_source(metres.to_map(np.array([shapely.box(*each) for each in corners], dtype=object)))
    source.vector_transformers = [BufferTransformer('Polygon', **buffers)]
    says = 'BufferTransformer empties 2 of 2 features'

    if buffers == {'class_bufs': {1: -1}}:
        source.check_meets(IMAGE)
        assert not caplog.text
        return
    try:
        source.check_meets(IMAGE)
    except LabelError as error:
        assert says in str(error) and not others
    else:
        assert says in caplog.text and 'is in the image.' not in caplog.text


def test_features_in_another_part_of_the_world_are_an_error_with_both_extents(make_source, place):
    with pytest.raises(DataError, match=r'They cover x [\d.]+ to [\d.]+, y .*the image x [\d.]+ to [\d.]+, y') as error:
        make_source(place((6500, 10), (6500, 50))).check_meets(IMAGE)
    assert 'Check the CRS' in str(error.value)


def test_swapped_axes_are_guessed(make_source, place):
    with pytest.raises(DataError, match='swapped'):
        make_source(swapped(place((20, 20), (60, 60)))).check_meets(IMAGE)


def test_features_beside_the_image_are_worth_a_warning(make_source, place, caplog):
    source = make_source(place((-900, 20), (900, 900)))  # around the image, as those of a region
    source.check_meets(IMAGE)
    (record,) = caplog.records
    assert 'is in the image' in record.message


def test_the_same_image_is_warned_of_once(make_source, place, caplog):
    source = make_source(place((300, 300)))
    source.check_meets(IMAGE)
    source.check_meets(IMAGE)
    assert len(caplog.records) == 1


@pytest.mark.parametrize('ending', ENDINGS)
def test_a_file_without_features_says_that_there_is_nothing(write, metres, ending, caplog):
    VectorFileSource(write(f'labels{ending}', [], class_id=[]), metres).check_meets(IMAGE)
    assert 'has no features' in caplog.text


def test_missing_tiles_of_a_template_are_worth_a_warning(tmp_path, metres, caplog):
    VectorTileSource(f'{tmp_path}/{{z}}/{{x}}/{{y}}.mvt', metres, 16).check_meets(IMAGE)
    assert 'has no features for the image' in caplog.text


@pytest.mark.parametrize('ending', ENDINGS)
@pytest.mark.parametrize(
    ('corners', 'guess'),
    [
        ((20.0, 20, 60, 60), 'pixels of the image'),
        ((20.0, -60, 60, -20), 'y negative'),
        ((500_020.0, 940, 500_060, 980), 'EPSG:32631'),
        ((334_000.0, 900, 334_060, 980), 'EPSG:3857'),
    ],
)
def test_coordinates_of_another_kind_are_guessed(write, metres, ending, corners, guess):
    with pytest.raises(DataError, match=guess):
        VectorFileSource(write(f'labels{ending}', [shapely.box(*corners)], class_id=[1]), metres).check_meets(IMAGE)


@pytest.mark.parametrize(
    ('corners', 'guess'),
    [((10.0, -90, 90, -10), 'y negative'), ((15.0, 48.7, 15.01, 48.71), 'degrees'), ((5e5, 5e6, 5.1e5, 5.1e6), 'map')],
)
def test_what_is_no_pixels_is_told_of_an_image_without_georeference(write, corners, guess):
    path = write('labels.geojson', [shapely.box(*corners)], class_id=[1])
    with pytest.raises(DataError, match=guess):
        VectorFileSource(path, IdentityCRSTransformer()).check_meets(IMAGE)


def test_points_of_an_image_without_georeference_may_be_few(write, caplog):
    path = write('labels.geojson', [shapely.Point(15.2, 48.7)], class_id=[1])
    VectorFileSource(path, IdentityCRSTransformer()).check_meets(IMAGE)
    assert not caplog.records


def test_files_are_judged_together(write, metres, place, caplog):
    uris = [write('a.gpkg', place((9000, 9000)), class_id=[1]), write('b.geojson', place((20, 20)), class_id=[1])]
    VectorFileSource(uris, metres).check_meets(IMAGE)
    assert not caplog.records
    metric = write('c.gpkg', [shapely.box(509_000, -8000, 509_001, -7999)], crs='EPSG:32631', class_id=[1])
    with pytest.raises(DataError, match='None of the 2 features'):
        VectorFileSource([uris[0], metric], metres).check_meets(IMAGE)


def label_configs(vectors):
    rasterized = RasterizedSourceConfig(
        vector_source=vectors, rasterizer_config=RasterizerConfig(background_class_id=0)
    )
    return {
        'segmentation': SemanticSegmentationLabelSourceConfig(raster_source=rasterized),
        'detection': ObjectDetectionLabelSourceConfig(vector_source=vectors),
        'cells': ChipClassificationLabelSourceConfig(vector_source=vectors),
        'inferred cells': ChipClassificationLabelSourceConfig(
            vector_source=vectors, infer_cells=True, cell_sz=50, background_class_id=0, lazy=True
        ),
    }


TASKS = ['segmentation', 'detection', 'cells', 'inferred cells']


@pytest.mark.parametrize('task', TASKS)
def test_labels_of_each_task_must_meet_the_image(write, metres, place, task):
    vectors = VectorFileSourceConfig(uris=write('labels.geojson', swapped(place((20, 20))), class_id=[1]))
    with pytest.raises(DataError, match='swapped'):
        label_configs(vectors)[task].build(CLASSES, metres, IMAGE)


@pytest.mark.parametrize('task', TASKS)
def test_an_image_where_labels_of_a_region_have_nothing_is_fine(write, metres, place, task, caplog):
    vectors = VectorFileSourceConfig(uris=write('labels.geojson', place((-900, 20), (900, 900)), class_id=[1, 1]))
    source = label_configs(vectors)[task].build(CLASSES, metres, IMAGE)
    assert source.get_labels() is not None
    assert 'None of the 2 features' in caplog.text


@pytest.mark.parametrize('task', TASKS)
def test_labels_moved_to_another_bbox_must_meet_it(write, metres, place, task):
    vectors = VectorFileSourceConfig(uris=write('labels.gpkg', place((20, 20)), class_id=[1]))
    source = label_configs(vectors)[task].build(CLASSES, metres, IMAGE)
    with pytest.raises(DataError, match='in or near the image'):
        source.set_bbox(Box(50_000, 50_000, 50_200, 50_200))


@pytest.mark.parametrize('task', TASKS)
def test_unmappable_labels_are_an_error_with_both_extents(write, place, task):
    polar = RasterioCRSTransformer(Affine(10, 0, 0, 0, -10, 0), '+proj=ortho +lat_0=80')
    vectors = VectorFileSourceConfig(uris=write('labels.geojson', [shapely.box(170, -60, 171, -59)], class_id=[1]))
    with pytest.raises(DataError, match=r'x 170 to 171, y -60 to -59.* the image x'):
        label_configs(vectors)[task].build(CLASSES, polar, IMAGE)
