"""Predicted polygons against true ones, by values that are computed by hand."""

import math

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from rastervision.core.box import Box
from rastervision.core.evaluation.polygon_comparison import compare_polygons
from rastervision.pipeline.errors import ArgumentError

SQUARE = box(0, 0, 10, 10)
FAR = box(100, 100, 110, 110)
BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])  # invalid: two triangles that meet in a point
RING = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 2), (8, 2), (8, 8), (2, 8)]])  # area 64


def counts(truth, predicted, *args, **kwargs):
    """True positives, false positives, false negatives."""
    comparison = compare_polygons(truth, predicted, *args, **kwargs)
    item = comparison.to_item(1, 'building')
    return item.true_pos, item.false_pos, item.false_neg


@pytest.mark.parametrize(
    ('truth', 'predicted', 'expected'),
    {
        'the same': ([SQUARE], [SQUARE], (1, 0, 0)),
        'apart': ([SQUARE], [FAR], (0, 1, 1)),
        'IoU of 100 / 200, which is enough': ([SQUARE], [box(0, 0, 20, 10)], (1, 0, 0)),
        'IoU of 100 / 201': ([SQUARE], [box(0, 0, 20.1, 10)], (0, 1, 1)),
        'IoU of 50 / 150': ([SQUARE], [box(5, 0, 15, 10)], (0, 1, 1)),
        'a duplicate is a false alarm': ([SQUARE], [SQUARE, SQUARE], (1, 1, 0)),
        'a true duplicate needs a second prediction': ([SQUARE, SQUARE], [SQUARE], (1, 0, 1)),
        'each part of a multipolygon is an object': ([MultiPolygon([SQUARE, FAR])], [SQUARE], (1, 0, 1)),
        'and of a predicted one': ([SQUARE, FAR], [MultiPolygon([SQUARE, FAR])], (2, 0, 0)),
        'a hole counts: IoU of 64 / 100': ([SQUARE], [RING], (1, 0, 0)),
        'what is in the hole is another object': ([RING, box(3, 3, 7, 7)], [box(3, 3, 7, 7)], (1, 0, 1)),
        'what is invalid is repaired, as elsewhere: two triangles': ([SQUARE], [BOW_TIE], (0, 2, 1)),
        'touching buildings are two': ([SQUARE, box(10, 0, 20, 10)], [SQUARE, box(10, 0, 20, 10)], (2, 0, 0)),
        'two that are predicted as one are one': ([SQUARE, box(10, 0, 20, 10)], [box(0, 0, 20, 10)], (1, 0, 1)),
        'lines, points and empty ones are no objects': (
            [SQUARE, shapely.LineString([(0, 0), (1, 1)]), shapely.Point(1, 1)],
            [Polygon(), None, SQUARE],
            (1, 0, 0),
        ),
        'nothing predicted': ([SQUARE], [], (0, 0, 1)),
        'nothing true': ([], [SQUARE], (0, 1, 0)),
        'nothing at all': ([], [], (0, 0, 0)),
    }.values(),
)
def test_pairs_are_those_of_spacenet(truth, predicted, expected):
    assert counts(truth, predicted) == expected


def test_precision_recall_and_f1_are_those_of_the_counts():
    truth = [box(20 * i, 0, 20 * i + 10, 10) for i in range(4)]
    predicted = [*truth[:3], FAR, box(200, 0, 210, 10)]
    metrics = compare_polygons(truth, predicted).to_item(1, 'building').to_json()['metrics']
    assert (metrics['precision'], metrics['recall']) == (3 / 5, 3 / 4)
    assert metrics['f1'] == pytest.approx(2 * 0.6 * 0.75 / 1.35)


def test_metrics_of_nothing_are_undefined():
    metrics = compare_polygons([], []).to_item(1, 'building').to_json()['metrics']
    assert all(value is None or math.isnan(value) for value in metrics.values())


# Both predictions overlap the square by half or more; the wide one, of IoU 100 / 180, less than the other, 80 / 100.
WIDE, NARROW = box(0, 0, 18, 10), box(0, 0, 8, 10)


def test_the_larger_prediction_chooses_first():
    comparison = compare_polygons([SQUARE], [NARROW, WIDE])
    assert comparison.is_right.tolist() == [False, True]


def test_the_prediction_with_the_higher_score_chooses_first():
    assert compare_polygons([SQUARE], [WIDE, NARROW], [0.4, 0.9]).is_right.tolist() == [False, True]
    assert compare_polygons([SQUARE], [WIDE, NARROW], [0.9, 0.4]).is_right.tolist() == [True, False]
    assert compare_polygons([SQUARE], [WIDE, NARROW], [math.nan, 0.1]).is_right.tolist() == [False, True]


def test_of_equal_predictions_the_first_is_right():
    assert compare_polygons([SQUARE], [SQUARE, SQUARE], [0.5, 0.5]).is_right.tolist() == [True, False]


def test_a_prediction_takes_the_true_one_that_it_overlaps_most_of_those_left():
    # IoU with the large one 180 / 200 for the first prediction, 150 / 200 for the second, which has 100 / 150 too.
    large, small = box(0, 0, 20, 10), box(0, 0, 10, 10)
    comparison = compare_polygons([small, large], [box(0, 0, 18, 10), box(0, 0, 15, 10)])
    assert comparison.is_found.tolist() == [True, True]
    assert counts([small, large], [box(0, 0, 18, 10), box(0, 0, 15, 10)]) == (2, 0, 0)


def test_a_chain_of_wishes_is_followed_one_after_another():
    truth = [box(2 * i, 0, 2 * i + 10, 10) for i in range(6)]  # each overlaps the next by 80 / 120
    assert counts(truth, truth) == (6, 0, 0)
    greedy = [box(2 * i + 1, 0, 2 * i + 11, 10) for i in range(6)]  # lies between two true ones, IoU 90 / 110 each
    assert counts(truth, greedy) == (6, 0, 0)


def test_the_result_is_that_of_going_through_the_predictions_one_by_one():
    rng = np.random.default_rng(0)

    def some(count):
        corners, sides = rng.uniform(0, 40, (count, 2)), rng.uniform(8, 16, (count, 2))
        return shapely.box(*corners.T, *(corners + sides).T)

    truth, predicted = some(120), some(150)
    scores = rng.integers(0, 20, len(predicted)) / 20
    iou = shapely.area(shapely.intersection(truth, predicted[:, None]))
    iou /= shapely.area(shapely.union(truth, predicted[:, None]))
    left, right = np.ones(len(truth), dtype=bool), np.zeros(len(predicted), dtype=bool)
    for i in sorted(range(len(predicted)), key=lambda i: (-scores[i], -predicted[i].area)):
        best = int(np.argmax(np.where(left, iou[i], -1)))
        if iou[i, best] >= 0.5:
            left[best], right[i] = False, True
    comparison = compare_polygons(truth, predicted, scores)
    assert 20 < right.sum() < 100
    assert comparison.is_right.tolist() == right.tolist()
    assert comparison.is_found.tolist() == (~left).tolist()


def test_objects_count_if_more_than_half_of_them_is_in_the_areas():
    area = [box(0, 0, 50, 5), box(-5, 0, 20, 5)]  # they overlap: what both hold counts once
    half, more = SQUARE, box(20, 0, 30, 9.9)
    assert counts([half, more], [], areas=area) == (0, 0, 1)
    assert counts([], [half, more], areas=area) == (0, 1, 0)
    assert counts([FAR], [FAR], areas=area) == (0, 0, 0)


def test_a_pair_counts_as_its_true_object_does():
    area = [box(0, 0, 10, 10)]
    mostly_in, mostly_out = box(4, 0, 14, 10), box(6, 0, 16, 10)  # IoU 80 / 120
    assert counts([mostly_in], [mostly_out], areas=area) == (1, 0, 0)
    assert counts([mostly_out], [mostly_in], areas=area) == (0, 0, 0)


def test_an_area_with_a_hole_leaves_out_what_is_in_it():
    area = [box(-20, -20, 40, 40).difference(box(-1, -1, 11, 11))]
    assert counts([SQUARE, box(20, 20, 30, 30)], [], areas=area) == (0, 0, 1)


def test_polygons_are_cut_at_the_edges_of_the_image():
    extent = Box(0, 0, 50, 50)
    over_the_edge, outside = box(-30, 0, 10, 10), box(60, 60, 70, 70)
    assert counts([over_the_edge, outside], [SQUARE, box(-80, 0, 0, 10)], extent=extent) == (1, 0, 0)
    in_two_parts = shapely.union(box(-5, 0, 10, 4), shapely.union(box(-5, 6, 10, 10), box(-5, 0, -1, 10)))
    assert counts([in_two_parts], [], extent=extent) == (0, 0, 1)


def test_another_threshold_can_be_chosen():
    assert counts([SQUARE], [box(5, 0, 15, 10)], iou_thresh=1 / 3) == (1, 0, 0)
    for wrong in (0, 1.5, math.nan):
        with pytest.raises(ArgumentError, match='iou_thresh'):
            compare_polygons([SQUARE], [SQUARE], iou_thresh=wrong)


def test_there_is_a_score_for_each_prediction():
    with pytest.raises(ArgumentError, match='1 scores for 2'):
        compare_polygons([SQUARE], [SQUARE, FAR], [0.5])
    assert counts([SQUARE], [MultiPolygon([SQUARE, FAR])], [0.5]) == (1, 1, 0)
