import math

import pytest
import torch

from rastervision.pytorch_learner.metrics import compute_conf_mat, compute_conf_mat_metrics


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
