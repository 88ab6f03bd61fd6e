"""Learns the class of a chip."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rastervision.pipeline import lazy
from rastervision.pytorch_learner.dataset.visualizer.classification_visualizer import ClassificationVisualizer
from rastervision.pytorch_learner.learner.learner import Learner as Learner
from rastervision.pytorch_learner.tasks.class_labels import NO_PREDICTION, ClassLabelsLearner

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer

lazy.also_give(
    __name__, 'rastervision.pytorch_learner.metrics: aggregate_metrics compute_conf_mat compute_conf_mat_metrics'
)


class ClassificationLearner(ClassLabelsLearner):
    """Learner for chip classification. The model gives logits, (batch, classes)."""

    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples."""
        return ClassificationVisualizer

    def nothing(self, size: tuple[int, int], *, raw_out: bool) -> Tensor:
        """See the base class."""
        return torch.full((self.cfg.data.num_classes,), torch.nan) if raw_out else torch.tensor(NO_PREDICTION)

    def prob_to_pred(self, x: Tensor) -> Tensor:
        """The best class of each chip."""
        return torch.argmax(x, dim=-1)
