"""Which numbers of a run come first, and that nothing is said of nothing."""

import numpy as np
import pytest

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.evaluation.object_detection_evaluation import ObjectDetectionEvaluation
from rastervision.core.evaluation.semantic_segmentation_evaluation import SemanticSegmentationEvaluation
from rastervision.core.report.metrics import average_of
from rastervision.core.report.page import shown
from rastervision.core.report.summary import _group_facts

CLASSES = ClassConfig(names=['background', 'building', 'road'], null_class='background')


def pixel_items(counts, classes=CLASSES):
    evaluation = SemanticSegmentationEvaluation(classes)
    evaluation.set_pixel_counts(np.array(counts))
    return as_written(evaluation)


def as_written(evaluation):
    """Items as eval.json has them: null for what is not a number."""
    items = evaluation.items_to_json()
    for item in items:
        item['metrics'] = {k: None if v is None or np.isnan(v) else v for k, v in item['metrics'].items()}
    return items


def facts(items, null_class='background'):
    return [(name, shown(value)) for name, value in _group_facts('test', items, null_class)]


def test_the_rarest_class_leads_and_the_average_comes_last():
    items = pixel_items([[9000, 0, 0], [500, 500, 0], [30, 0, 10]])
    assert [name for name, _ in facts(items)] == [
        'F1 of road, test (40 true)',
        'F1 of building, test',
        'average F1, test',
    ]


def test_an_evaluation_of_background_only_says_nothing_of_classes_and_average():
    items = pixel_items([[9000, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert {value for _, value in facts(items)} == {'none'}
    assert items[-1]['metrics']['f1'] == 1  # what eval.json has
    assert average_of(items, 'background')['metrics']['f1'] is None


def test_a_background_that_is_no_null_class_does_not_lead_either():
    classes = ClassConfig(names=['background', 'building', 'null'])
    items = pixel_items([[9000, 0, 0], [0, 0, 0], [0, 0, 0]], classes)
    first, *_, last = facts(items, 'null')
    assert first == ('F1 of building, test (0 true)', 'none')
    assert last == ('average F1, test', 'none')


def box_items(truth, predicted):
    evaluation = ObjectDetectionEvaluation(ClassConfig(names=['car', 'boat']), by_class=True, average_precision=True)
    evaluation.compute(truth, predicted)
    return as_written(evaluation)


BOX = ObjectDetectionLabels(np.array([[0, 0, 9, 9]]), np.array([0]), np.array([0.9]))
NONE = ObjectDetectionLabels.make_empty()


def test_objects_of_one_class_have_an_average():
    items = box_items(BOX, BOX)
    assert facts(items, None)[0] == ('F1 of car, test (1 true)', '1.000')
    assert ('average F1, test', '1.000') in facts(items, None)


@pytest.mark.parametrize('predicted', [BOX, NONE])
def test_no_objects_have_no_metrics(predicted):
    items = box_items(NONE, predicted)
    assert {value for _, value in facts(items, None)} <= {'none'}
    assert items[-1]['metrics']['mAP'] is None
