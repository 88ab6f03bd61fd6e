"""What label sources of all tasks promise about class ids and names that features have."""

import json

import numpy as np
import pytest
import shapely

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.data.vector_source.vector_file_source_config import VectorFileSourceConfig
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig,
)
from rastervision.pipeline.errors import ConfigError, LabelError

CLASSES = ClassConfig(names=['background', 'building', 'road'])
BBOX = Box(0, 0, 40, 40)
TASKS = ['segmentation', 'detection', 'cells', 'inferred cells']


def config_of(task, vectors, background=0):
    if task == 'segmentation':
        rasterizer = RasterizerConfig(background_class_id=background)
        rasterized = RasterizedSourceConfig(vector_source=vectors, rasterizer_config=rasterizer)
        return SemanticSegmentationLabelSourceConfig(raster_source=rasterized)
    if task == 'detection':
        return ObjectDetectionLabelSourceConfig(vector_source=vectors)
    options = {'infer_cells': True, 'cell_sz': 20, 'background_class_id': background}
    return ChipClassificationLabelSourceConfig(vector_source=vectors, **(options if task != 'cells' else {}))


def class_ids_of(source):
    """The class ids that are there, without the background."""
    labels = source.get_labels()
    found = labels.get_label_arr(BBOX) if hasattr(labels, 'get_label_arr') else labels.get_class_ids()
    return sorted(set(np.asarray(found).ravel().tolist()) - {0})


@pytest.fixture(params=['GeoJSON', '.gpkg', '.parquet'])
def write(request, tmp_path):
    """Writes a square with these properties, in pixels, and gives the config of a source."""

    def call(**properties):
        shape = shapely.box(0, 0, 20, 20)
        if request.param == 'GeoJSON':
            feature = {'type': 'Feature', 'properties': properties, 'geometry': shapely.geometry.mapping(shape)}
            path = tmp_path / 'labels.geojson'
            path.write_text(json.dumps({'type': 'FeatureCollection', 'features': [feature]}))
            return GeoJSONVectorSourceConfig(uris=str(path))
        import geopandas as gpd

        path = tmp_path / f'labels{request.param}'
        frame = gpd.GeoDataFrame({key: [value] for key, value in properties.items()}, geometry=[shape], crs=4326)
        frame.to_parquet(path) if request.param == '.parquet' else frame.to_file(path)
        return VectorFileSourceConfig(uris=str(path))

    return call


def build(task, vectors, classes=CLASSES, **kwargs):
    return config_of(task, vectors, **kwargs).build(classes, IdentityCRSTransformer(), BBOX)


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('class_id', [41, 255, -1, 2**31, 1e300, 1.5, float('inf'), 'many'])
def test_class_ids_that_are_no_class_are_named_with_their_file(write, task, class_id):
    with pytest.raises(LabelError, match=r'labels\..*no class'):
        build(task, write(class_id=class_id))


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('class_id', [2, 2.0, '2', '2.0'])
def test_whole_numbers_may_be_written_with_a_point_or_as_text(write, task, class_id):
    assert class_ids_of(build(task, write(class_id=class_id))) == [2]


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize(
    ('names', 'name', 'class_id'),
    [
        (['x', 'Geb\u00e4ude'], 'Geba\u0308ude', 1),
        (['x', 'Geba\u0308ude'], 'Geb\u00e4ude', 1),
        (['x', '7', '8'], 8, 2),
        (['x', '7', '8'], 8.0, 2),
        (['x', 'avg', 'mean'], 'mean', 2),
    ],
)
def test_names_are_the_same_however_they_are_written(write, task, names, name, class_id):
    assert class_ids_of(build(task, write(class_name=name), ClassConfig(names=names))) == [class_id]


def test_mapped_names_are_the_same_however_they_are_written(write):
    vectors = write(class_name='Geba\u0308ude')
    vectors.transformers = [ClassInferenceTransformerConfig(class_name_mapping={'Geb\u00e4ude': 'building'})]
    assert class_ids_of(build('detection', vectors)) == [1]


@pytest.mark.parametrize('task', ['segmentation', 'inferred cells'])
@pytest.mark.parametrize('background', [3, -1])
def test_a_background_that_is_no_class_is_refused(write, task, background):
    with pytest.raises(ConfigError, match=rf'background_class_id(: must be .*given: | is ){background}'):
        build(task, write(class_id=1), background=background)


@pytest.mark.parametrize('options', [{'default_class_id': 3}, {'class_id_to_filter': {-1: ['has', 'a']}}])
def test_rules_that_give_ids_of_no_class_are_refused(write, options):
    vectors = write(class_id=1)
    with pytest.raises(ConfigError, match=r'class ids go from 0 to 2|must be a whole number from 0'):
        vectors.transformers = [ClassInferenceTransformerConfig(**options)]
        build('detection', vectors)


@pytest.mark.parametrize('task', TASKS)
def test_labels_none_of_which_has_a_class_are_an_error(write, task):
    with pytest.raises(LabelError, match=r"None of the 1 features .*'tree'"):
        build(task, write(class_name='tree'))


def test_boxes_have_whole_class_ids():
    with pytest.raises(LabelError, match=r'whole numbers.*1\.5'):
        ObjectDetectionLabels(np.zeros((2, 4)), np.array([1.0, 1.5]))
