"""What tasks share whose labels are class ids: of pixels, or of whole chips."""

from typing import Any

from torch import Tensor

from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.metrics import (
    CONF_MAT,
    MetricDict,
    aggregate_metrics,
    compute_conf_mat,
    compute_conf_mat_metrics,
)


class ClassLabelsLearner(Learner):
    """Learner of class ids. The model gives logits, (batch, classes) or (batch, classes, height, width)."""

    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The loss of a batch of images, (n, channels, h, w), and class ids, (n, h, w) or (n)."""
        x, y = batch[:2]
        out = self.post_forward(self.model(x))
        return {'train_loss': self.loss(out, y)}  # type: ignore[misc]

    def validate_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The loss and the confusion matrix of a batch."""
        x, y = batch[:2]
        out: Tensor = self.post_forward(self.model(x))
        conf_mat = compute_conf_mat(self.prob_to_pred(out), y, self.cfg.data.num_classes)
        return {'val_loss': self.loss(out, y), CONF_MAT: conf_mat}  # type: ignore[misc]

    def validate_end(self, outputs: list[dict[str, Any]]) -> MetricDict:
        """The mean loss over batches, and precision, recall and F1 of each class over all elements."""
        metrics = aggregate_metrics(outputs, exclude_keys=(CONF_MAT,))
        ignored = self.cfg.solver.ignore_class_index if self.cfg.solver is not None else None
        conf_mat = sum(output[CONF_MAT] for output in outputs)
        return metrics | compute_conf_mat_metrics(conf_mat, self.cfg.data.class_names, ignore_idx=ignored)
