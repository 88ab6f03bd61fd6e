"""What evaluations write is taken by reports, whatever the number of classes."""

import json

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator
from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator
from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator
from rastervision.core.report.recorded import checked_evaluation
from rastervision.pipeline.errors import DataError

EXTENT = Box(0, 0, 8, 8)
CELLS = EXTENT.get_windows(2, 2)


def cells(class_ids):
    return ChipClassificationLabels.from_predictions(CELLS, [np.eye(5)[class_id] for class_id in class_ids.ravel()])


def boxes(class_ids):
    return ObjectDetectionLabels(np.array([tuple(cell) for cell in CELLS], float), class_ids.ravel())


def pixels(class_ids):
    labels = SemanticSegmentationLabels.make_empty(EXTENT, 5, smooth=False)
    labels.add_window(EXTENT, np.kron(class_ids, np.ones((2, 2), int)))
    return labels


@pytest.mark.parametrize('num_classes', [1, 2, 3, 5])
@pytest.mark.parametrize(
    ('evaluator', 'labels'),
    [
        (ChipClassificationEvaluator, cells),
        (ObjectDetectionEvaluator, boxes),
        (SemanticSegmentationEvaluator, pixels),
    ],
)
def test_an_evaluation_is_one(evaluator, labels, num_classes, tmp_path):
    rng = np.random.default_rng(num_classes)
    names = ClassConfig(names=[f'c{number}' for number in range(num_classes)], null_class='c0')
    truth, predicted = (labels(rng.integers(0, num_classes, (4, 4))) for _ in range(2))
    evaluation = evaluator(names).evaluate_predictions(truth, predicted)
    evaluation.save(str(tmp_path / 'eval.json'))
    content = json.loads((tmp_path / 'eval.json').read_text())

    checked = checked_evaluation(content, 'eval.json', num_classes)

    assert len(checked['overall']) == num_classes + 1
    with pytest.raises(DataError, match='class_id'):
        checked_evaluation(content, 'eval.json', num_classes - 1)
