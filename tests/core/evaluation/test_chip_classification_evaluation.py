"""Which cells are compared, and what is told about the others."""

import json

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label_source.label_source import LabelSource
from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.evaluation.chip_classification_evaluation import ChipClassificationEvaluation
from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator
from rastervision.core.evaluation.chip_classification_evaluator_config import ChipClassificationEvaluatorConfig
from rastervision.pipeline.errors import DataError

CLASSES = ClassConfig(names=['a', 'b', 'c'], colors=['red', 'green', 'blue'])
A, B, C = Box(0, 0, 10, 10), Box(0, 10, 10, 20), Box(10, 0, 20, 10)


def labels(cells):
    return ChipClassificationLabels({cell: (class_id, None) for cell, class_id in cells.items()})


class GivenLabels(LabelSource):
    """Gives what it is given."""

    crs_transformer = IdentityCRSTransformer()
    bbox = Box(0, 0, 20, 30)

    def __init__(self, cells):
        self.labels = labels(cells)

    def get_labels(self, window=None):
        return self.labels

    def set_bbox(self, extent):
        pass

    def __getitem__(self, window):
        return self.labels[window].class_id


@pytest.fixture
def make_scene(tmp_path):
    """A function that makes a scene of 20 x 30 pixels with labelled and predicted cells."""
    import cv2

    cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((20, 30, 3), np.uint8))

    def make(name, true, predicted, **kwargs):
        image = RasterioSource(str(tmp_path / 'image.png'))
        store = ChipClassificationGeoJSONStore(str(tmp_path / f'{name}.json'), CLASSES, image.crs_transformer)
        store.save(labels(predicted))
        return Scene(name, image, GivenLabels(true), store, **kwargs)

    return make


@pytest.fixture
def evaluator(tmp_path):
    return ChipClassificationEvaluatorConfig(output_uri=str(tmp_path)).build(CLASSES)


def test_cells_are_compared_in_spite_of_rounding():
    evaluation = ChipClassificationEvaluation(CLASSES)
    evaluation.compute(labels({Box(-1, 0, 9, 10): 0, Box(0, 9, 10, 21): 1}), labels({A: 1, B: 1, C: 2}))
    assert evaluation.conf_mat.tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_labelled_cells_without_prediction_are_counted_apart(make_scene, evaluator, tmp_path, caplog):
    evaluator.process(
        [make_scene('x', {A: 0, B: 1, Box(0, 20, 10, 24): 1}, {A: 0, B: 1, C: 1}), make_scene('y', {A: 0}, {A: 0})]
    )

    report = json.loads((tmp_path / 'eval.json').read_text())
    cells = {'labeled': 4, 'predicted': 4, 'matched': 3, 'uncovered': 1}
    assert report['overall'][-1]['cells'] == cells
    assert report['per_scene']['y'][-1]['cells']['uncovered'] == 0
    assert "'x': 1 of 3 labelled cells overlap no predicted cell" in caplog.text


def test_without_being_asked_the_report_is_that_of_earlier_versions(make_scene, tmp_path):
    ChipClassificationEvaluator(CLASSES, str(tmp_path / 'eval.json')).process([make_scene('x', {A: 0}, {A: 0})])
    assert 'cells' not in json.loads((tmp_path / 'eval.json').read_text())['overall'][-1]


def test_a_scene_without_labelled_cells_counts_nothing(make_scene, evaluator, caplog):
    evaluator.process([make_scene('x', {}, {A: 0}), make_scene('y', {A: 0}, {A: 0})])
    assert evaluator.eval.conf_mat.sum() == 1
    assert "'x' has no labelled cells" in caplog.text


@pytest.mark.parametrize(
    ('true', 'predicted', 'message'),
    [
        ({A: 0}, {Box(0, 0, 20, 20): 0}, r"scenes 'x', no two.*of 10 x 10 pixels.*of 20 x 20.*chip_sz"),
        ({}, {A: 0}, r'Of 0 labelled.*aoi_uris'),
        ({A: 0}, {}, r'0 predicted.*aoi_uris'),
    ],
)
def test_nothing_to_compare_is_an_error(make_scene, evaluator, tmp_path, true, predicted, message):
    with pytest.raises(DataError, match=message):
        evaluator.process([make_scene('x', true, predicted)])
    assert not (tmp_path / 'eval.json').exists()


def test_an_aoi_takes_a_labelled_cell_with_the_predicted_one(make_scene, evaluator):
    rounded = Box(0, -1, 10, 11)
    evaluator.process([make_scene('x', {rounded: 0, B: 1}, {A: 0, B: 1}, aoi_polygons=[A.to_shapely()])])
    assert evaluator.eval.conf_mat.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_a_class_that_never_occurs_has_no_metrics(make_scene, evaluator, tmp_path):
    evaluator.process([make_scene('x', {A: 0, B: 0}, {A: 0, B: 1})])
    report = json.loads((tmp_path / 'eval.json').read_text())
    assert report['overall'][2]['metrics'] == dict.fromkeys(('recall', 'precision', 'f1', 'sensitivity'), None) | {
        'specificity': 1.0
    }
    assert report['overall'][-1]['metrics']['recall'] == 0.5


def test_labels_without_a_single_prediction_cannot_be_compared():
    labels = ChipClassificationLabels({Box(0, 0, 1, 1): (0, None)})
    evaluator = ChipClassificationEvaluator(ClassConfig(names=['a']))

    with pytest.raises(ValueError, match='not a single predicted'):
        evaluator.evaluate_predictions(labels, ChipClassificationLabels())
    nothing = evaluator.evaluate_predictions(ChipClassificationLabels(), ChipClassificationLabels())
    assert nothing.avg_item['gt_count'] == 0
