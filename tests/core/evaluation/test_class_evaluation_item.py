import math

import numpy as np
import pytest

from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem
from rastervision.pipeline.errors import DataError


def test_metrics_follow_from_the_counts():
    item = ClassEvaluationItem(0, 'a', tp=6, fp=2, fn=3, tn=9)
    assert (item.gt_count, item.pred_count) == (9, 8)
    assert (item.precision, item.recall, item.specificity) == (6 / 8, 6 / 9, 9 / 11)
    assert item.sensitivity == item.recall
    assert item.f1 == pytest.approx(12 / 17)


def test_metrics_of_nothing_are_nan():
    item = ClassEvaluationItem(0, 'a', tp=0, fp=0, fn=0, tn=0)
    assert all(math.isnan(value) for value in (item.precision, item.recall, item.f1, item.specificity))


def test_without_true_negatives_there_is_no_specificity():
    item = ClassEvaluationItem(0, 'a', tp=1, fp=0, fn=0)
    assert item.true_neg is None
    assert item.to_json()['metrics']['specificity'] is None
    assert 'conf_mat' not in item.to_json()


def test_a_confusion_matrix_is_read_by_rows_of_true_classes():
    item = ClassEvaluationItem.from_multiclass_conf_mat(np.array([[5, 1], [2, 7]]), 0, 'a')
    assert (item.true_pos, item.false_neg, item.false_pos, item.true_neg) == (5, 1, 2, 7)


def test_merging_adds_counts_and_leaves_the_other_alone():
    item, other = (ClassEvaluationItem(0, 'a', tp=1, fp=2, fn=3) for _ in range(2))
    item.merge(other)
    assert (item.true_pos, item.false_pos, item.false_neg) == (2, 4, 6)
    assert other.true_pos == 1


def test_items_of_two_classes_do_not_merge():
    with pytest.raises(DataError, match="'b'"):
        ClassEvaluationItem(0, 'a', tp=1, fp=2, fn=3).merge(ClassEvaluationItem(1, 'b', tp=1, fp=2, fn=3))


def test_extra_values_are_written():
    assert ClassEvaluationItem(0, 'a', tp=1, fp=2, fn=3, note='x').to_json()['note'] == 'x'
