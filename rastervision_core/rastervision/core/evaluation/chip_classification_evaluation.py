"""The metrics of predicted classes of cells."""

from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem as ClassEvaluationItem
from rastervision.core.evaluation.classification_evaluation import (
    ClassificationEvaluation,
    check_class_ids,
    count_pairs,
)

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels


class ChipClassificationEvaluation(ClassificationEvaluation):
    """Counts cells, by true and predicted class.

    Attributes:
        labeled_count: Number of labelled cells.
        predicted_count: Number of predicted cells.
        matched_count: Number of cells that have both; metrics are about these.
        example: A labelled and a predicted cell, None where there are none, to tell what kind they are.
    """

    def __init__(self, class_config: 'ClassConfig', *, report_cells: bool = False) -> None:
        """Keep the classes.

        Args:
            class_config: The classes.
            report_cells: Add the numbers of cells to the average, under the key `cells`.
        """
        self.report_cells = report_cells
        self.class_config = class_config
        super().__init__()

    def reset(self) -> None:
        """Forget all counts."""
        super().reset()
        self.labeled_count = self.predicted_count = self.matched_count = 0
        self.example: tuple[Box | None, Box | None] = (None, None)

    @property
    def uncovered_count(self) -> int:
        """Number of labelled cells without a prediction."""
        return self.labeled_count - self.matched_count

    def compute(self, gt_labels: 'ChipClassificationLabels', pred_labels: 'ChipClassificationLabels') -> None:
        """Count the cells that both have; a few pixels more or less do not make another cell, see `pair_cells`.

        Args:
            gt_labels: True classes.
            pred_labels: Predicted classes.

        Raises:
            LabelError: If a cell is of no class.
        """
        truth = gt_labels.snap_to(pred_labels)
        cells = [cell for cell in truth.get_cells() if cell in pred_labels]
        gt = np.array([truth.get_cell_class_id(cell) for cell in cells], dtype=np.int64)
        pred = np.array([pred_labels.get_cell_class_id(cell) for cell in cells], dtype=np.int64)
        names = self.class_config.names
        check_class_ids(np.array(gt_labels.get_class_ids(), dtype=np.int64), names, 'true cells')
        check_class_ids(np.array(pred_labels.get_class_ids(), dtype=np.int64), names, 'predicted cells')
        self.set_conf_mat(count_pairs(gt, pred, len(names)), names)
        self.labeled_count, self.predicted_count, self.matched_count = len(gt_labels), len(pred_labels), len(cells)
        self.example = (next(iter(gt_labels.get_cells()), None), next(iter(pred_labels.get_cells()), None))
        self.compute_avg()

    def merge(self, other: ClassificationEvaluation, scene_id: str | None = None) -> None:
        """Add the counts of another evaluation; see the base class."""
        if isinstance(other, ChipClassificationEvaluation):
            self.labeled_count += other.labeled_count
            self.predicted_count += other.predicted_count
            self.matched_count += other.matched_count
            self.example = (self.example[0] or other.example[0], self.example[1] or other.example[1])
        super().merge(other, scene_id)

    def compute_avg(self) -> None:
        """Average over classes, and count cells if asked for."""
        super().compute_avg()
        if self.report_cells and self.avg_item is not None:
            self.avg_item['cells'] = {
                'labeled': self.labeled_count,
                'predicted': self.predicted_count,
                'matched': self.matched_count,
                'uncovered': self.uncovered_count,
            }
