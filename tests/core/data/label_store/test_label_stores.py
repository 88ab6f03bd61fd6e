"""What all label stores have in common."""

import json

import numpy as np
import pytest
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.label_store import LabelStore
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.label_store.utils import boxes_to_geojson
from rastervision.core.layout import Layout
from rastervision.pipeline.errors import ConfigError, MissingFileError, NotReadableError

CLASSES = ClassConfig(names=['a', 'b', 'null'])
BBOX = Box(0, 0, 20, 30)
WINDOWS = [Box(0, 0, 10, 10), Box(10, 10, 20, 20)]
BOXES = {'boxes': np.array([[1, 2, 8, 9]]), 'class_ids': np.array([1]), 'scores': np.array([0.5])}
CASES = {
    'cells': (ChipClassificationGeoJSONStoreConfig, [np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0, 0.0])]),
    'boxes': (ObjectDetectionGeoJSONStoreConfig, [BOXES, BOXES]),
    'pixels': (SemanticSegmentationLabelStoreConfig, [np.zeros((10, 10), np.uint8), np.ones((10, 10), np.uint8)]),
}
FEATURES = ['cells', 'boxes']


def labels_of(case: str):
    predictions = CASES[case][1]
    if case == 'cells':
        return ChipClassificationLabels.from_predictions(WINDOWS, predictions)
    if case == 'boxes':
        return ObjectDetectionLabels.from_predictions(WINDOWS, predictions)
    return SemanticSegmentationLabels.from_predictions(WINDOWS, predictions, BBOX, len(CLASSES))


@pytest.fixture
def make_store(tmp_path):
    def make(case, name='out', crs_transformer=None, bbox=BBOX):
        config = CASES[case][0](uri=str(tmp_path / name))
        return config.build(CLASSES, crs_transformer or IdentityCRSTransformer(), bbox=bbox)

    return make


@pytest.mark.parametrize('case', CASES)
def test_labels_come_back(make_store, case):
    store = make_store(case)
    store.save(labels_of(case))

    labels = store.get_labels()

    if case == 'pixels':
        np.testing.assert_array_equal(labels.get_label_arr(BBOX), labels_of(case).get_label_arr(BBOX, 2))
    else:
        assert labels == labels_of(case)


@pytest.mark.parametrize('case', CASES)
def test_written_predictions_are_those_that_are_saved(make_store, case):
    with make_store(case, 'written').writer() as writer:
        for window, prediction in zip(WINDOWS, CASES[case][1], strict=True):
            writer.write(window, prediction)
    make_store(case, 'saved').save(labels_of(case))

    assert make_store(case, 'written').get_labels() == make_store(case, 'saved').get_labels()


@pytest.mark.parametrize('case', CASES)
def test_caller_can_make_the_labels(make_store, case):
    with make_store(case).writer(make_labels=lambda windows, predictions: labels_of(case)):
        pass

    assert make_store(case).get_labels() is not None


@pytest.mark.parametrize('case', CASES)
def test_nothing_is_written_after_an_error(make_store, tmp_path, case):
    with pytest.raises(ZeroDivisionError), make_store(case).writer() as writer:
        writer.write(WINDOWS[0], CASES[case][1][0])
        raise ZeroDivisionError

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('case', CASES)
def test_missing_labels_are_an_error(make_store, case):
    with pytest.raises(MissingFileError, match='predict first'):
        make_store(case).get_labels()


@pytest.mark.parametrize('case', CASES)
def test_bbox_can_be_set(make_store, case):
    store = make_store(case, bbox=None)
    store.set_bbox(Box(1, 2, 3, 4))

    assert store.bbox == Box(1, 2, 3, 4)


@pytest.mark.parametrize('case', FEATURES)
def test_saved_labels_are_relative_to_the_bbox_and_read_ones_to_the_image(make_store, case):
    crs_transformer = RasterioCRSTransformer(Affine(0.5, 0, 600000, 0, -0.5, 200000), 'epsg:32637')
    store = make_store(case, crs_transformer=crs_transformer, bbox=Box(100, 200, 120, 230))
    store.save(labels_of(case))

    labels = store.get_labels()

    boxes = labels.get_cells() if case == 'cells' else labels.get_boxes()
    saved = labels_of(case).get_cells() if case == 'cells' else labels_of(case).get_boxes()
    expected = [box.to_global_coords(store.bbox) for box in saved]
    assert Box.to_npboxes(boxes) == pytest.approx(Box.to_npboxes(expected), abs=1e-6)


@pytest.mark.parametrize('case', FEATURES)
def test_no_labels_are_an_empty_collection(make_store, case):
    store = make_store(case)
    with store.writer():
        pass

    assert len(store.get_labels()) == 0
    with open(store.uri) as file:
        assert json.load(file) == {'type': 'FeatureCollection', 'features': []}


@pytest.mark.parametrize('case', FEATURES)
@pytest.mark.parametrize('text', ['[]', '{}', 'x'])
def test_file_that_is_no_geojson_is_an_error(make_store, case, text):
    store = make_store(case)
    with open(store.uri, 'w') as file:
        file.write(text)

    with pytest.raises(NotReadableError, match='is not'):
        store.get_labels()


def test_boxes_as_geojson_have_class_and_score():
    geojson = boxes_to_geojson(WINDOWS, [0, 1], IdentityCRSTransformer(), CLASSES, scores=[0.5, [0.1, 0.9]])

    assert [feature['properties'] for feature in geojson['features']] == [
        {'class_id': 0, 'class_name': 'a', 'score': 0.5},
        {'class_id': 1, 'class_name': 'b', 'scores': [0.1, 0.9]},
    ]


@pytest.mark.parametrize(
    ('scores', 'probabilities'),
    [
        ([0.0, float(np.log(2)), 0.0], [0.25, 0.5, 0.25]),
        ([1000.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ([0.2, 0.7, 0.1], [0.2, 0.7, 0.1]),
        (None, None),
    ],
)
def test_cells_have_probabilities_beside_their_scores(tmp_path, scores, probabilities):
    config = ChipClassificationGeoJSONStoreConfig(uri=str(tmp_path / 'out.json'))
    config.build(CLASSES, IdentityCRSTransformer()).save(ChipClassificationLabels({BBOX: (1, scores)}))

    with open(config.uri) as file:
        properties = json.load(file)['features'][0]['properties']
    assert properties == {'class_id': 1, 'class_name': 'b', 'scores': scores, 'probabilities': probabilities}


def test_cells_have_no_probabilities_if_they_are_not_asked_for(make_store, tmp_path):
    config = ChipClassificationGeoJSONStoreConfig(uri=str(tmp_path / 'out.json'), probabilities=False)
    config.build(CLASSES, IdentityCRSTransformer()).save(labels_of('cells'))
    assert 'probabilities' not in (tmp_path / 'out.json').read_text()


@pytest.mark.parametrize('round_pixels', [True, False])
def test_cells_that_reach_over_the_image_come_back(make_store, round_pixels):
    crs_transformer = RasterioCRSTransformer(
        Affine(0.5, 0, 600000, 0, -0.5, 200000), 'epsg:32637', round_pixels=round_pixels
    )
    store = make_store('cells', crs_transformer=crs_transformer)
    labels = ChipClassificationLabels({Box(-5, -5, 5, 5): (0, None), Box(95, 105, 105, 115): (1, None)})
    store.save(labels)

    assert store.get_labels() == labels


def test_store_of_a_plugin_says_which_labels_to_collect(tmp_path):
    class Store(LabelStore):
        bbox = crs_transformer = None

        def save(self, labels):
            self.saved = labels

        def get_labels(self):
            return self.saved

        def set_bbox(self, extent):
            pass

    with pytest.raises(ConfigError, match='labels_class'):
        Store().writer()

    Store.labels_class = ChipClassificationLabels
    store = Store()
    with store.writer() as writer:
        writer.write(WINDOWS[0], [0.1, 0.9])
    assert store.saved.get_class_ids() == [1]


# ------------------------------------------------------------------- configs
class Pipeline:
    layout = Layout.under('root')


class Scene:
    id = 'x'


@pytest.mark.parametrize(
    ('case', 'uri'), [('cells', 'root/predict/x.json'), ('boxes', 'root/predict/x.json'), ('pixels', 'root/predict/x')]
)
def test_unset_uri_is_filled(case, uri):
    config, own = CASES[case][0](), CASES[case][0](uri='own')

    for _ in range(2):
        config.update(pipeline=Pipeline(), scene=Scene())
        own.update(pipeline=Pipeline(), scene=Scene())

    assert (config.uri, own.uri) == (uri, 'own')


@pytest.mark.parametrize('case', CASES)
def test_store_without_uri_cannot_be_built(case):
    with pytest.raises(ConfigError, match='uri is not set'):
        CASES[case][0]().build(CLASSES, IdentityCRSTransformer())


def test_base_config_cannot_be_built():
    with pytest.raises(ConfigError, match='base class'):
        LabelStoreConfig().build(CLASSES, IdentityCRSTransformer())


def test_vector_output_is_named_after_its_class():
    assert PolygonVectorOutputConfig(class_id=1).get_uri('root') == 'root/class-1.json'
    classes = ClassConfig(names=['a', 'b/c'])
    assert PolygonVectorOutputConfig(class_id=1).get_uri('root', classes) == 'root/class-1-b_c.json'


@pytest.mark.parametrize(('class_ids', 'scores'), [([1, 2], None), ([1], [0.5, 0.5]), ([], None)])
def test_each_box_has_a_class(class_ids, scores):
    with pytest.raises(ValueError, match='there must be as many of each'):
        boxes_to_geojson([Box(0, 0, 5, 5)], class_ids, IdentityCRSTransformer(), CLASSES, scores)
