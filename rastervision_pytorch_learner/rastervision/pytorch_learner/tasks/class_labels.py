"""Steps that tasks share whose labels are class ids: of pixels, or of whole chips."""

from typing import TYPE_CHECKING, Any

from torch import Tensor

from rastervision.pytorch_learner.metrics import (
    CONF_MAT,
    MetricDict,
    aggregate_metrics,
    compute_conf_mat,
    compute_conf_mat_metrics,
)

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner.learner import Learner


def train_step(learner: 'Learner', batch: Any) -> dict[str, Any]:
    """The loss of a batch of images, (n, channels, h, w), and class ids, (n, h, w) or (n)."""
    x, y = batch[:2]
    out = learner.post_forward(learner.model(x))
    return {'train_loss': learner.loss(out, y)}  # type: ignore[misc]


def validate_step(learner: 'Learner', batch: Any) -> dict[str, Any]:
    """The loss and the confusion matrix of a batch."""
    x, y = batch[:2]
    out: Tensor = learner.post_forward(learner.model(x))
    num_labels = learner.cfg.data.num_classes
    return {
        'val_loss': learner.loss(out, y),  # type: ignore[misc]
        CONF_MAT: compute_conf_mat(learner.prob_to_pred(out), y, num_labels),
    }


def validate_end(learner: 'Learner', outputs: list[dict[str, Any]]) -> MetricDict:
    """The mean loss over batches, and precision, recall and F1 over all elements."""
    metrics = aggregate_metrics(outputs, exclude_keys=(CONF_MAT,))
    ignored = learner.cfg.solver.ignore_class_index if learner.cfg.solver is not None else None
    conf_mat = sum(output[CONF_MAT] for output in outputs)
    return metrics | compute_conf_mat_metrics(conf_mat, learner.cfg.data.class_names, ignore_idx=ignored)
