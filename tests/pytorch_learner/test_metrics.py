import math

import pytest
import torch
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_jaccard_index,
    multiclass_precision,
    multiclass_recall,
)

from rastervision.pytorch_learner.metrics import compute_conf_mat, compute_conf_mat_metrics, compute_overlap_metrics


def test_rows_of_the_confusion_matrix_are_true_classes():
    conf_mat = compute_conf_mat(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), 2)

    assert conf_mat.tolist() == [[1, 1], [0, 1]]


def test_labels_that_are_no_class_are_left_out():
    assert compute_conf_mat(torch.tensor([0, 1]), torch.tensor([0, 255]), 2).sum() == 1


@pytest.mark.parametrize('ignored', [2, -1])
def test_ignored_class_counts_neither_as_label_nor_as_prediction(ignored):
    conf_mat = torch.tensor([[3, 1, 9], [1, 5, 9], [9, 9, 9]])

    metrics = compute_conf_mat_metrics(conf_mat, ['a', 'b', 'c'], ignore_idx=ignored)

    assert metrics == pytest.approx(compute_conf_mat_metrics(conf_mat[:2, :2], ['a', 'b']))


def test_average_of_nothing_is_nan():
    assert math.isnan(compute_conf_mat_metrics(torch.zeros(2, 2), ['a', 'b'])['avg_f1'])


def test_overlap_is_that_of_torchmetrics():
    generator = torch.Generator().manual_seed(0)
    out, y = (torch.randint(0, 4, (200,), generator=generator) for _ in range(2))

    metrics = compute_overlap_metrics(compute_conf_mat(out, y, 5), ['a', 'b', 'c', 'd', 'absent'])

    ious = multiclass_jaccard_index(out, y, 5, average='none')
    assert [metrics[f'{name}_iou'] for name in ('a', 'b', 'c', 'd', 'absent')] == pytest.approx(ious.tolist())
    assert metrics['mean_iou'] == pytest.approx(multiclass_jaccard_index(out, y, 5, average='macro').item())
    assert metrics['accuracy'] == pytest.approx(multiclass_accuracy(out, y, 5, average='micro').item())


def test_averages_are_those_of_torchmetrics():
    generator = torch.Generator().manual_seed(1)
    out, y = (torch.randint(0, 3, (200,), generator=generator) for _ in range(2))

    metrics = compute_conf_mat_metrics(compute_conf_mat(out, y, 3), ['a', 'b', 'c'])

    for name, function in (('precision', multiclass_precision), ('recall', multiclass_recall)):
        assert metrics[f'avg_{name}'] == pytest.approx(function(out, y, 3, average='weighted').item())
        each = [metrics[f'{label}_{name}'] for label in ('a', 'b', 'c')]
        assert each == pytest.approx(function(out, y, 3, average='none').tolist())


def test_classes_called_as_averages_do_not_hide_them():
    conf_mat = torch.tensor([[8, 2], [4, 6]])
    usual, odd = (
        compute_conf_mat_metrics(conf_mat, names) | compute_overlap_metrics(conf_mat, names)
        for names in (['a', 'b'], ['avg', 'mean'])
    )
    renamed = {'a': 'class avg', 'b': 'class mean'}
    assert odd == {
        '_'.join([renamed.get(first, first), *rest]): value
        for (first, *rest), value in ((key.split('_'), value) for key, value in usual.items())
    }
    assert odd['mean_iou'] == usual['mean_iou']
    assert odd['class mean_iou'] == usual['b_iou']


@pytest.mark.parametrize('eps', [1e-6, 0.1])
@pytest.mark.parametrize('compute', [compute_conf_mat_metrics, compute_overlap_metrics])
def test_what_is_all_right_is_exactly_1(compute, eps):
    metrics = compute(torch.tensor([[2.0, 0], [0, 2]]), ['a', 'b'], eps=eps)

    assert set(metrics.values()) == {1.0}


def test_a_class_without_elements_is_0():
    metrics = compute_conf_mat_metrics(torch.tensor([[0.0, 0], [0, 2]]), ['a', 'b'])

    assert [metrics[f'a_{name}'] for name in ('precision', 'recall', 'f1')] == [0, 0, 0]
    assert metrics['avg_f1'] == 1


def test_counts_are_exact_however_many_there_are():
    assert compute_conf_mat(torch.tensor([0]), torch.tensor([0]), 1).dtype == torch.int64
