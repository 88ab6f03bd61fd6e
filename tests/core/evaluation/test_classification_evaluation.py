import itertools
import json
import math

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationDiscreteLabels
from rastervision.core.evaluation.chip_classification_evaluation import ChipClassificationEvaluation
from rastervision.core.evaluation.classification_evaluation import count_pairs
from rastervision.core.evaluation.object_detection_evaluation import ObjectDetectionEvaluation, compute_metrics
from rastervision.core.evaluation.semantic_segmentation_evaluation import SemanticSegmentationEvaluation

CLASSES = ClassConfig(names=['a', 'b', 'null'], colors=['red', 'green', 'black'])


def make_cells(rng):
    cells = [cell for cell in Box(0, 0, 40, 40).get_windows(10, 10) if rng.random() < 0.8]
    return ChipClassificationLabels({cell: (int(rng.integers(3)), None) for cell in cells})


def make_boxes(rng):
    boxes = np.concatenate([corners := rng.random((8, 2)) * 50, corners + 10 + rng.random((8, 2))], axis=1)
    return ObjectDetectionLabels(boxes, rng.integers(3, size=8), np.ones(8))


def make_pixels(rng):
    labels = SemanticSegmentationDiscreteLabels.make_empty(Box(0, 0, 20, 30), 3)
    labels[Box(0, 0, 20, 30)] = rng.integers(3, size=(20, 30)).astype(np.uint8)
    return labels


FAMILY = [
    pytest.param(ChipClassificationEvaluation, make_cells, id='cells'),
    pytest.param(ObjectDetectionEvaluation, make_boxes, id='boxes'),
    pytest.param(SemanticSegmentationEvaluation, make_pixels, id='pixels'),
]


def evaluate(kind, make, seed):
    rng = np.random.default_rng(seed)
    evaluation = kind(CLASSES)
    evaluation.compute(make(rng), make(rng))
    return evaluation


def as_text(evaluation):
    return json.dumps(evaluation.to_json(), sort_keys=True)


@pytest.mark.parametrize(('kind', 'make'), FAMILY)
def test_scenes_merge_alike_in_any_order(kind, make):
    texts = set()
    for order in itertools.permutations(range(3)):
        total = kind(CLASSES)
        for seed in order:
            total.merge(evaluate(kind, make, seed), scene_id=str(seed))
        texts.add(as_text(total))
    assert len(texts) == 1


@pytest.mark.parametrize(('kind', 'make'), FAMILY)
def test_parts_merge_as_the_whole_does(kind, make):
    whole, first, second = kind(CLASSES), kind(CLASSES), kind(CLASSES)
    for seed in range(4):
        whole.merge(evaluate(kind, make, seed), scene_id=str(seed))
        (first if seed < 2 else second).merge(evaluate(kind, make, seed), scene_id=str(seed))
    first.merge(second)
    assert as_text(first) == as_text(whole)


@pytest.mark.parametrize(('kind', 'make'), FAMILY)
def test_merging_leaves_the_merged_one_alone(kind, make):
    part, total = evaluate(kind, make, 0), kind(CLASSES)
    before = as_text(part)
    total.merge(part, scene_id='x')
    total.merge(evaluate(kind, make, 1), scene_id='x')
    assert as_text(part) == before


@pytest.mark.parametrize(('kind', 'make'), FAMILY)
def test_what_is_not_defined_is_written_as_null(kind, make, tmp_path):
    evaluation = kind(CLASSES)
    evaluation.compute(*(make(np.random.default_rng(0)) for _ in range(2)))
    for item in evaluation.class_to_eval_item.values():
        item.conf_mat = item.conf_mat * 0
    evaluation.compute_avg()
    evaluation.save(str(tmp_path / 'eval.json'))

    items = json.loads((tmp_path / 'eval.json').read_text())
    assert items[0]['metrics']['recall'] is None
    assert math.isnan(evaluation.to_json()[0]['metrics']['recall'])


def test_averages_are_weighted_by_true_counts_with_nan_as_zero():
    evaluation = ChipClassificationEvaluation(CLASSES)
    evaluation.set_conf_mat(np.array([[3, 0, 0], [1, 0, 0], [0, 0, 0]]), CLASSES.names)
    average = evaluation.to_json()[-1]
    assert average['class_name'] == 'average'
    assert average['metrics']['recall'] == 3 / 4
    assert average['metrics']['precision'] == (3 * 3 / 4 + 1 * 0) / 4


def test_pairs_with_an_unknown_id_are_left_out():
    assert count_pairs(np.array([0, 1, 255]), np.array([0, 1, 0]), 2).tolist() == [[1, 0], [0, 1]]


def boxes(rows, class_ids):
    return ObjectDetectionLabels(np.array(rows, dtype=float).reshape(-1, 4), np.array(class_ids, dtype=int))


def test_boxes_are_paired_by_overlap_whatever_their_class():
    gt = boxes([[0, 0, 10, 10]], [0])
    pred = boxes([[0, 0, 10, 10], [0, 0, 10, 9]], [1, 0])
    tps, fps, fns = compute_metrics(gt, pred, 2)
    assert (tps.tolist(), fps.tolist(), fns.tolist()) == ([0, 0], [1, 1], [1, 0])


def test_a_predicted_box_counts_once():
    gt = boxes([[0, 0, 10, 10], [0, 0, 10, 9]], [0, 0])
    tps, fps, fns = compute_metrics(gt, boxes([[0, 0, 10, 10]], [0]), 1)
    assert (tps.item(), fps.item(), fns.item()) == (1, 0, 1)


def test_an_overlap_of_exactly_the_threshold_is_not_enough():
    tps, _, _ = compute_metrics(boxes([[0, 0, 10, 10]], [0]), boxes([[0, 0, 10, 5]], [0]), 1, iou_thresh=0.5)
    assert tps.item() == 0


@pytest.mark.parametrize(('gt', 'pred'), [([], []), ([[0, 0, 1, 1]], []), ([], [[0, 0, 1, 1]])])
def test_either_side_may_have_no_boxes(gt, pred):
    tps, fps, fns = compute_metrics(boxes(gt, [0] * len(gt)), boxes(pred, [0] * len(pred)), 1)
    assert (tps.item(), fps.item(), fns.item()) == (0, len(pred), len(gt))


def test_segmentation_needs_a_null_class():
    with pytest.raises(ValueError, match='null'):
        SemanticSegmentationEvaluation(ClassConfig(names=['a', 'b', 'c'], colors=['red', 'green', 'blue'])).compute(
            make_pixels(np.random.default_rng(0)), make_pixels(np.random.default_rng(1))
        )


def test_averages_of_nothing_are_0():
    evaluation = ObjectDetectionEvaluation(ClassConfig(names=['a']))
    boxes = ObjectDetectionLabels(np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([0]))

    evaluation.compute(ObjectDetectionLabels.make_empty(), boxes)

    assert set(evaluation.avg_item['metrics'].values()) == {0.0}
