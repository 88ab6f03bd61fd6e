"""Pairs of boxes, and average precision, by class and over scenes."""

import json
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.evaluation.average_precision import average_precision
from rastervision.core.evaluation.object_detection_evaluation import ObjectDetectionEvaluation, compute_metrics
from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator
from rastervision.core.evaluation.object_detection_evaluator_config import ObjectDetectionEvaluatorConfig
from rastervision.pipeline.errors import LabelError

CLASSES = ClassConfig(names=['a', 'b'], colors=['red', 'green'])
NONE = ObjectDetectionLabels.make_empty()


def labels(*rows):
    """Labels of rows (ymin, xmin, ymax, xmax, class id, score)."""
    table = np.array(rows, dtype=float).reshape(-1, 6)
    return ObjectDetectionLabels(table[:, :4], table[:, 4], table[:, 5])


def evaluate(truth, predicted, **kwargs):
    evaluation = ObjectDetectionEvaluation(CLASSES, by_class=True, average_precision=True, **kwargs)
    evaluation.compute(truth, predicted)
    return evaluation


def metrics_of(evaluation):
    """The metrics of class 0, class 1 and the average."""
    return [item['metrics'] for item in evaluation.to_json()]


def test_a_box_of_another_class_takes_no_place():
    truth = labels((0, 0, 10, 10, 0, 1))
    predicted = labels((0, 0, 10, 10, 1, 0.9), (0, 0, 10, 9, 0, 0.8))

    tps, fps, fns = compute_metrics(truth, predicted, 2, by_class=True)
    assert [tps.tolist(), fps.tolist(), fns.tolist()] == [[1, 0], [0, 1], [0, 0]]
    assert compute_metrics(truth, predicted, 2)[0].tolist() == [0, 0]


def test_classes_at_the_same_place_are_counted_each():
    both = labels((0, 0, 10, 10, 0, 1), (0, 0, 10, 10, 1, 1))

    assert compute_metrics(both, both, 2, by_class=True)[0].tolist() == [1, 1]


def test_a_box_that_lost_its_best_partner_takes_the_next_best():
    truth = labels((0, 0, 10, 10, 0, 1), (0, 1, 10, 11, 0, 1))
    predicted = labels((0, 1, 10, 11, 0, 1), (0, 2.5, 10, 12.5, 0, 1), (0, -2, 10, 8, 0, 1))

    assert compute_metrics(truth, predicted, 1, by_class=True)[0].tolist() == [2]


def test_boxes_without_area_are_missed_and_false():
    flat = labels((5, 5, 5, 9, 0, 1))

    assert [counts[0] for counts in compute_metrics(flat, flat, 1, by_class=True)] == [0, 1, 1]
    assert metrics_of(evaluate(flat, flat))[0]['AP'] == 0


@pytest.mark.parametrize(
    ('truth', 'predicted', 'expected'),
    [
        pytest.param(NONE, NONE, (math.nan, math.nan, math.nan), id='nothing'),
        pytest.param(NONE, labels((0, 0, 9, 9, 0, 1)), (math.nan, math.nan, math.nan), id='no truth'),
        pytest.param(labels((0, 0, 9, 9, 0, 1)), NONE, (0, math.nan, 0), id='no prediction'),
        pytest.param(labels((0, 0, 9, 9, 0, 1)), labels((0, 0, 9, 9, 0, 1)), (1, math.nan, 1), id='one class'),
    ],
)
def test_average_precision_is_that_of_classes_with_truth(truth, predicted, expected, tmp_path):
    evaluation = evaluate(truth, predicted)
    first, second, mean = metrics_of(evaluation)

    assert np.allclose((first['AP'], second['AP'], mean['mAP']), expected, equal_nan=True)
    evaluation.save(str(tmp_path / 'eval.json'))
    saved = json.loads((tmp_path / 'eval.json').read_text())  # null, not NaN
    assert saved[1]['metrics']['AP50'] is None


def make_scene(rng, count=150):
    """True boxes, many of which touch, and predictions near them and elsewhere."""
    corners = rng.uniform(0, 160, (count, 2))
    boxes, class_ids = np.hstack([corners, corners + rng.uniform(8, 30, (count, 2))]), rng.integers(0, 2, count)
    near = boxes + rng.normal(0, 2, boxes.shape)
    scores = rng.random(count)
    return ObjectDetectionLabels(boxes, class_ids), ObjectDetectionLabels(near, rng.permutation(class_ids), scores)


def coco_of_scenes(scenes, side):
    """The boxes of whole scenes, as images of a COCO dataset."""
    coco, annotations = COCO(), []
    for image_id, scene in enumerate(scenes):
        boxes = scene[side]
        for box, class_id, score in zip(boxes.get_boxes(), boxes.get_class_ids(), boxes.get_scores(), strict=True):
            xywh = [box.xmin, box.ymin, box.width, box.height]
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': image_id,
                    'category_id': int(class_id),
                    'bbox': xywh,
                    'area': box.area,
                    'score': score,
                    'iscrowd': 0,
                }
            )
    images = [{'id': image_id} for image_id in range(len(scenes))]
    coco.dataset = {'images': images, 'categories': [{'id': 0}, {'id': 1}], 'annotations': annotations}
    coco.createIndex()
    return coco


def test_average_precision_is_that_of_coco_with_all_boxes_of_a_scene():
    scenes = [make_scene(np.random.default_rng(seed)) for seed in range(3)]
    coco = COCOeval(coco_of_scenes(scenes, 0), coco_of_scenes(scenes, 1), 'bbox')
    coco.params.maxDets = [10**6]
    coco.params.areaRng, coco.params.areaRngLbl = [[0, 1e10]], ['all']
    coco.evaluate()
    coco.accumulate()
    expected = coco.eval['precision'][:, :, :, 0, 0]

    mean, at_half = average_precision(*zip(*scenes, strict=True), 2)

    assert np.allclose(mean, expected.mean(axis=(0, 1)))
    assert np.allclose(at_half, expected[0].mean(axis=0))
    assert (at_half > mean).all()


def test_average_precision_of_scenes_merges_in_any_order():
    parts = [evaluate(*make_scene(np.random.default_rng(seed), 40)) for seed in range(3)]
    forth, back = (ObjectDetectionEvaluation(CLASSES, average_precision=True) for _ in range(2))
    for index in range(3):
        forth.merge(parts[index], scene_id=str(index))
        back.merge(parts[-1 - index], scene_id=str(2 - index))

    report, other = forth.to_json(), back.to_json()
    assert report['overall'] == other['overall']
    assert report['per_scene'] == other['per_scene']
    assert report['per_scene']['0'] == parts[0].to_json()


def test_unsure_boxes_count_in_average_precision_only():
    truth = labels((0, 0, 9, 9, 0, 1))
    first, *_ = evaluate(truth, labels((0, 0, 9, 9, 0, 0.3)), score_thresh=0.3).to_json()

    assert (first['pred_count'], first['metrics']['recall']) == (0, 0)
    assert first['metrics']['AP'] == pytest.approx(1)


def test_the_evaluator_alone_counts_as_earlier_versions_did():
    evaluation = ObjectDetectionEvaluator(CLASSES).evaluate_predictions(NONE, NONE)

    assert 'AP' not in evaluation.to_json()[0]['metrics']
    assert not evaluation.by_class


def test_a_config_builds_what_counts_by_class():
    evaluator = ObjectDetectionEvaluatorConfig(iou_thresh=0.4, score_thresh=0.2).build(CLASSES)

    evaluation = evaluator.create_evaluation()
    assert (evaluation.iou_thresh, evaluation.score_thresh) == (0.4, 0.2)
    assert evaluation.by_class
    assert evaluation.average_precision


@pytest.mark.parametrize('class_ids', [[0, 1, 7], [0, 1, -1]])
@pytest.mark.parametrize('side', [0, 1])
def test_boxes_of_no_class_are_an_error(class_ids, side):
    odd = ObjectDetectionLabels(np.array([[0, 0, 9, 9], [20, 20, 29, 29], [40, 40, 49, 49]]), np.array(class_ids))
    sides = [ObjectDetectionLabels.make_empty(), ObjectDetectionLabels.make_empty()]
    sides[side] = odd
    with pytest.raises(LabelError, match=rf'1 of 3 (true|predicted) boxes .*\[{class_ids[-1]}\]'):
        ObjectDetectionEvaluation(ClassConfig(names=['a', 'b', 'c'])).compute(*sides)
