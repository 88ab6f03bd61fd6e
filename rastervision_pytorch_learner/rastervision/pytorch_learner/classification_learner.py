"""Learns the class of a chip."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rastervision.pytorch_learner.dataset.visualizer.classification_visualizer import ClassificationVisualizer
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.tasks import class_labels

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
    from rastervision.pytorch_learner.metrics import MetricDict


class ClassificationLearner(Learner):
    """Learner for chip classification. The model gives logits, (batch, classes)."""

    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples."""
        return ClassificationVisualizer

    def train_step(self, batch: Any, batch_ind: int) -> 'MetricDict':
        """The loss of a batch."""
        return class_labels.train_step(self, batch)

    def validate_step(self, batch: Any, batch_ind: int) -> 'MetricDict':
        """The loss and the confusion matrix of a batch."""
        return class_labels.validate_step(self, batch)

    def validate_end(self, outputs: list[dict[str, Any]]) -> 'MetricDict':
        """The mean loss, and precision, recall and F1 of each class over all chips."""
        return class_labels.validate_end(self, outputs)

    def prob_to_pred(self, x: Tensor) -> Tensor:
        """The best class of each chip."""
        return torch.argmax(x, dim=-1)
