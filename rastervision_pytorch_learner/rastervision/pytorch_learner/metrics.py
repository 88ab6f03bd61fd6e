"""Metrics of training and validation."""

from collections.abc import Container, Sequence
from typing import Any

import torch
from torch import Tensor

MetricDict = dict[str, float]

CONF_MAT = 'conf_mat'
# Earlier versions spread the string 'conf_mat' into letters, so that metrics named by one of them were left out.
RESERVED = ('avg', 'mean')  # what metrics of all classes begin with
NOT_AVERAGED = frozenset({CONF_MAT, *CONF_MAT})


def compute_conf_mat(out: Tensor, y: Tensor, num_labels: int) -> Tensor:
    """Count how often each class was predicted as each.

    Args:
        out: Predicted class ids, any shape.
        y: True class ids, same number of elements. Ids outside 0..num_labels-1 are left out.
        num_labels: Number of classes.

    Returns:
        (num_labels, num_labels), int64; rows are true classes. One pass over the elements.
    """
    out, y = out.reshape(-1), y.reshape(-1)
    valid = (y >= 0) & (y < num_labels) & (out >= 0) & (out < num_labels)
    pairs = y[valid].long() * num_labels + out[valid].long()
    return torch.bincount(pairs, minlength=num_labels**2).reshape(num_labels, num_labels)


def compute_conf_mat_metrics(
    conf_mat: Tensor, label_names: Sequence[str], ignore_idx: int | None = None, eps: float = 1e-6
) -> MetricDict:
    """Precision, recall and F1 of each class and on average.

    Averages are weighted by the number of true elements of each class; avg_f1 is the harmonic mean of the averages.

    Args:
        conf_mat: (classes, classes), rows are true classes.
        label_names: Names of the classes.
        ignore_idx: Class that is left out, rows and columns. Negative: counted from the end.
        eps: What is divided by at least, so that quotients of classes without elements are 0.

    Returns:
        'avg_precision', 'avg_recall', 'avg_f1' and, with names for avg, those of each class. The averages are NaN if
        there are no elements.
    """
    conf_mat, names = _without_class(conf_mat, label_names, ignore_idx)
    hits, true, predicted = conf_mat.diag(), conf_mat.sum(1), conf_mat.sum(0)
    precision, recall = hits / predicted.clamp(min=eps), hits / true.clamp(min=eps)
    weights = true / true.sum()
    averages = (weights * precision).sum(), (weights * recall).sum()
    metrics = _named('avg', *averages, eps=eps)
    for name, p, r in zip(names, precision, recall, strict=True):
        metrics |= _named(name_in_metrics(name), p, r, eps=eps)
    return metrics


def compute_overlap_metrics(
    conf_mat: Tensor, label_names: Sequence[str], ignore_idx: int | None = None, eps: float = 1e-6
) -> MetricDict:
    """Accuracy, and intersection over union of each class and on average.

    Args:
        conf_mat: (classes, classes), rows are true classes.
        label_names: Names of the classes.
        ignore_idx: Class that is left out, rows and columns. Negative: counted from the end.
        eps: What is divided by at least, so that quotients of classes without elements are 0.

    Returns:
        'accuracy', the share of elements that are predicted rightly; 'mean_iou', over those classes that occur as
        label or prediction, each counting the same; '<name>_iou' of each class. The first two are NaN if there are no
        elements.
    """
    conf_mat, names = _without_class(conf_mat, label_names, ignore_idx)
    hits = conf_mat.diag()
    union = conf_mat.sum(0) + conf_mat.sum(1) - hits
    ious = hits / union.clamp(min=eps)
    metrics = {'accuracy': (hits.sum() / conf_mat.sum()).item(), 'mean_iou': ious[union > 0].mean().item()}
    return metrics | {f'{name_in_metrics(name)}_iou': iou.item() for name, iou in zip(names, ious, strict=True)}


def _without_class(conf_mat: Tensor, names: Sequence[str], ignored: int | None) -> tuple[Tensor, list[str]]:
    kept = [i for i in range(len(names)) if ignored is None or i != ignored % len(names)]
    return conf_mat.to(torch.float64)[kept][:, kept], [names[i] for i in kept]


def name_in_metrics(name: str) -> str:
    """The name of a class in metrics: another one if those of all classes are called so."""
    return f'class {name}' if name in RESERVED else name


def _named(name: str, precision: Tensor, recall: Tensor, *, eps: float) -> MetricDict:
    f1 = 2 * precision * recall / (precision + recall).clamp(min=eps)
    return {f'{name}_precision': precision.item(), f'{name}_recall': recall.item(), f'{name}_f1': f1.item()}


def aggregate_metrics(
    outputs: Sequence[dict[str, Any]], exclude_keys: Container[str] = NOT_AVERAGED
) -> dict[str, float]:
    """Mean of each metric over the batches that have it; each batch counts the same.

    Args:
        outputs: The metrics of each batch: numbers, or tensors of one element.
        exclude_keys: Metrics that are left out.
    """
    values: dict[str, list[Tensor]] = {}
    for output in outputs:
        for key, value in output.items():
            if key not in exclude_keys:
                values.setdefault(key, []).append(torch.as_tensor(value).detach().float())
    return {key: torch.stack(found).mean().item() for key, found in values.items()}
