"""The metrics of predicted classes of cells."""

from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem as ClassEvaluationItem
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation, count_pairs

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels


class ChipClassificationEvaluation(ClassificationEvaluation):
    """Counts cells, by true and predicted class."""

    def __init__(self, class_config: 'ClassConfig') -> None:
        """Keep the classes."""
        super().__init__()
        self.class_config = class_config

    def compute(self, gt_labels: 'ChipClassificationLabels', pred_labels: 'ChipClassificationLabels') -> None:
        """Count the cells that both have; a cell must be the same box in both.

        Args:
            gt_labels: True classes.
            pred_labels: Predicted classes.
        """
        cells = [cell for cell in gt_labels.get_cells() if cell in pred_labels]
        gt = np.array([gt_labels.get_cell_class_id(cell) for cell in cells], dtype=np.int64)
        pred = np.array([pred_labels.get_cell_class_id(cell) for cell in cells], dtype=np.int64)
        names = self.class_config.names
        self.set_conf_mat(count_pairs(gt, pred, len(names)), names)
