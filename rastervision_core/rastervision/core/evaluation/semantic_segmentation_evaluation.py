"""The metrics of predicted classes of pixels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.box import Box
from rastervision.core.defaults import BLOCK_SZ
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation, count_pairs
from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels

lazy.also_give(__name__, 'rastervision.core.evaluation.class_evaluation_item: ClassEvaluationItem')

MAX_PIXELS = 2**22


def row_blocks(extent: Box) -> Iterator[Box]:
    """Cut an extent into blocks of whole rows, of at most about four million pixels.

    Heights are multiples of the block size of rasters, so that no block of a file is read twice.
    """
    rows = max(1, MAX_PIXELS // max(1, extent.width) // BLOCK_SZ) * BLOCK_SZ
    for ymin in range(extent.ymin, extent.ymax, rows):
        yield Box(ymin, extent.xmin, min(ymin + rows, extent.ymax), extent.xmax)


class SemanticSegmentationEvaluation(ClassificationEvaluation):
    """Counts pixels, by true and predicted class.

    Attributes:
        ignore_null: Whether pixels whose true class is the null class are left out.
    """

    def __init__(self, class_config: 'ClassConfig', *, ignore_null: bool = False) -> None:
        """Keep the classes.

        Args:
            class_config: The classes.
            ignore_null: See the class.
        """
        super().__init__()
        self.class_config = class_config
        self.ignore_null = ignore_null

    def compute(self, gt_labels: 'SemanticSegmentationLabels', pred_labels: 'SemanticSegmentationLabels') -> None:
        """Count the pixels of the extent of the true labels; pixels without label are of the null class.

        Args:
            gt_labels: True classes.
            pred_labels: Predicted classes.

        Raises:
            ValueError: If there is no null class.
        """
        null_class_id = self.class_config.null_class_id
        self.set_pixel_counts(
            sum(
                self.count(
                    gt_labels.get_label_arr(window, null_class_id), pred_labels.get_label_arr(window, null_class_id)
                )
                for window in row_blocks(gt_labels.extent)
            )
        )

    def count(self, gt: np.ndarray, pred: np.ndarray) -> np.ndarray:
        """Confusion matrix of pixels, int64; see :func:`.count_pairs`."""
        return count_pairs(gt, pred, len(self.class_config.names))

    def set_pixel_counts(self, conf_mat: np.ndarray | int) -> None:
        """Take over the counts of a confusion matrix, (classes, classes), but those that are left out.

        Counts are written as floats, as in all files of this kind. They are exact up to 2**53.
        """
        names = self.class_config.names
        counts = np.broadcast_to(conf_mat, (len(names), len(names))).astype(float)
        if self.ignore_null:
            counts[self.class_config.null_class_id] = 0
        self.set_conf_mat(counts, names)
