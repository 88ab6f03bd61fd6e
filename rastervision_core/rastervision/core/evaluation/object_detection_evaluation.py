"""The metrics of predicted boxes."""

from typing import TYPE_CHECKING

import numpy as np
import shapely

from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels


def compute_metrics(
    gt_labels: 'ObjectDetectionLabels',
    pred_labels: 'ObjectDetectionLabels',
    num_classes: int,
    iou_thresh: float = 0.5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count right, wrong and missed boxes by class.

    Boxes are paired by how well they overlap, whatever their classes: each true box takes the predicted box that
    overlaps it best, and of the true boxes that took the same one, the best keeps it. A pair is right if the classes
    are equal.

    Args:
        gt_labels: True boxes.
        pred_labels: Predicted boxes.
        num_classes: How many classes there are.
        iou_thresh: Only boxes with a larger intersection over union are paired.

    Returns:
        True positives, false positives, false negatives: each (num_classes,), float64. Time and memory grow with the
        number of overlapping pairs, not with the product of the numbers of boxes.
    """
    gt_ids = np.asarray(gt_labels.get_class_ids(), dtype=np.int64)
    pred_ids = np.asarray(pred_labels.get_class_ids(), dtype=np.int64)
    gt_inds, pred_inds = _best_pairs(gt_labels.get_npboxes(), pred_labels.get_npboxes(), iou_thresh)
    right = gt_ids[gt_inds][gt_ids[gt_inds] == pred_ids[pred_inds]]
    tps, gts, preds = (
        np.bincount(ids, minlength=num_classes)[:num_classes].astype(float) for ids in (right, gt_ids, pred_ids)
    )
    return tps, preds - tps, gts - tps


class ObjectDetectionEvaluation(ClassificationEvaluation):
    """Counts boxes, by class."""

    def __init__(self, class_config: 'ClassConfig', iou_thresh: float = 0.5) -> None:
        """Keep the classes and the threshold.

        Args:
            class_config: The classes.
            iou_thresh: See :func:`.compute_metrics`.
        """
        super().__init__()
        self.class_config = class_config
        self.iou_thresh = iou_thresh

    def compute(self, ground_truth_labels: 'ObjectDetectionLabels', prediction_labels: 'ObjectDetectionLabels') -> None:
        """Count boxes; see :func:`.compute_metrics`.

        Args:
            ground_truth_labels: True boxes.
            prediction_labels: Predicted boxes.
        """
        self.reset()
        self.class_to_eval_item = self.compute_eval_items(
            ground_truth_labels, prediction_labels, self.class_config, iou_thresh=self.iou_thresh
        )
        self.compute_avg()

    @staticmethod
    def compute_eval_items(
        gt_labels: 'ObjectDetectionLabels',
        pred_labels: 'ObjectDetectionLabels',
        class_config: 'ClassConfig',
        iou_thresh: float = 0.5,
    ) -> dict[int, ClassEvaluationItem]:
        """Counts by class id; see :func:`.compute_metrics`."""
        counts = compute_metrics(gt_labels, pred_labels, len(class_config.names), iou_thresh)
        return {
            class_id: ClassEvaluationItem(class_id, name, tp=tp, fp=fp, fn=fn)
            for class_id, (name, tp, fp, fn) in enumerate(zip(class_config.names, *counts, strict=True))
        }


def _best_pairs(gt: np.ndarray, pred: np.ndarray, iou_thresh: float) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the boxes that are paired, each (pairs,).

    Args:
        gt: Boxes, (n, 4): ymin, xmin, ymax, xmax.
        pred: Boxes, (m, 4).
        iou_thresh: Only boxes with a larger intersection over union are paired.
    """
    tree = shapely.STRtree(shapely.box(pred[:, 1], pred[:, 0], pred[:, 3], pred[:, 2]))
    gt_inds, pred_inds = tree.query(shapely.box(gt[:, 1], gt[:, 0], gt[:, 3], gt[:, 2]))
    iou = _iou(gt[gt_inds], pred[pred_inds])
    near = iou > iou_thresh
    pairs = np.stack([gt_inds[near], pred_inds[near]])
    iou = iou[near]
    for side in (0, 1):
        best = _best_of_each(pairs[side], pairs[1 - side], iou)
        pairs, iou = pairs[:, best], iou[best]
    return pairs[0], pairs[1]


def _best_of_each(taker: np.ndarray, taken: np.ndarray, iou: np.ndarray) -> np.ndarray:
    """Index of the pair with the best overlap for each taker; of equals the one with the first taken box."""
    order: np.ndarray = np.lexsort((taken, -iou, taker))
    _, first = np.unique(taker[order], return_index=True)
    return order[first]


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of box pairs, (n,); 0 of empty boxes."""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    intersection = np.clip(sides, 0, None).prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - intersection
    iou: np.ndarray = np.divide(intersection, union, out=np.zeros(len(a)), where=union > 0)
    return iou
