"""The metrics of predicted boxes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.core.data.label.boxes import one_to_one, overlapping_pairs
from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation, check_class_ids

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels


def compute_metrics(
    gt_labels: 'ObjectDetectionLabels',
    pred_labels: 'ObjectDetectionLabels',
    num_classes: int,
    iou_thresh: float = 0.5,
    *,
    by_class: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count right, wrong and missed boxes by class.

    A predicted box is right if it is paired with a true one of its class.

    Args:
        gt_labels: True boxes.
        pred_labels: Predicted boxes.
        num_classes: How many classes there are.
        iou_thresh: Only boxes with a larger intersection over union are paired.
        by_class: Pair only boxes of the same class, best overlap first, each box once. Else as earlier versions do,
            whatever the classes: each true box takes the predicted one that overlaps it best, and of those that took
            the same, the best keeps it; so a box of the wrong class can take the place of a right one.

    Returns:
        True positives, false positives, false negatives: each (num_classes,), float64. Time and memory grow with the
        number of overlapping pairs, not with the product of the numbers of boxes.
    """
    gt_ids, pred_ids = gt_labels.get_class_ids(), pred_labels.get_class_ids()
    found, _ = match_boxes(gt_labels, pred_labels, iou_thresh, by_class=by_class)
    tps, gts, preds = (
        np.bincount(ids, minlength=num_classes)[:num_classes].astype(float) for ids in (gt_ids[found], gt_ids, pred_ids)
    )
    return tps, preds - tps, gts - tps


def match_boxes(
    gt_labels: 'ObjectDetectionLabels',
    pred_labels: 'ObjectDetectionLabels',
    iou_thresh: float = 0.5,
    *,
    by_class: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Which true boxes were found, and by which predicted ones.

    Args:
        gt_labels: True boxes.
        pred_labels: Predicted boxes.
        iou_thresh: See :func:`.compute_metrics`.
        by_class: See :func:`.compute_metrics`.

    Returns:
        Indices of the true boxes that are found, and of the right boxes that they are paired with: each (found,).
    """
    gt_ids, pred_ids = gt_labels.get_class_ids(), pred_labels.get_class_ids()
    gt_inds, pred_inds, iou = overlapping_pairs(gt_labels.get_npboxes(), pred_labels.get_npboxes(), iou_thresh)
    near = iou > iou_thresh
    candidates = near & (gt_ids[gt_inds] == pred_ids[pred_inds]) if by_class else near
    pairs = gt_inds[candidates], pred_inds[candidates], iou[candidates]
    gt_inds, pred_inds = one_to_one(*pairs) if by_class else _best_of_best(*pairs)
    right = gt_ids[gt_inds] == pred_ids[pred_inds]
    return gt_inds[right], pred_inds[right]


class ObjectDetectionEvaluation(ClassificationEvaluation):
    """Counts boxes, by class; computes average precision, if wanted.

    For average precision the boxes of all scenes are kept until `to_json`.
    """

    def __init__(
        self,
        class_config: 'ClassConfig',
        iou_thresh: float = 0.5,
        *,
        by_class: bool = False,
        score_thresh: float | None = None,
        average_precision: bool = False,
    ) -> None:
        """Keep the arguments.

        Args:
            class_config: The classes.
            iou_thresh: See :func:`.compute_metrics`.
            by_class: See :func:`.compute_metrics`.
            score_thresh: Count only predicted boxes with a larger score. Average precision looks at all.
            average_precision: Compute the average precision of each class, and its mean.
        """
        super().__init__()
        self.class_config = class_config
        self.iou_thresh = iou_thresh
        self.by_class = by_class
        self.score_thresh = score_thresh
        self.average_precision = average_precision

    def reset(self) -> None:
        """Forget all counts and boxes."""
        super().reset()
        self._truths: list[ObjectDetectionLabels] = []
        self._predictions: list[ObjectDetectionLabels] = []

    def compute(self, ground_truth_labels: 'ObjectDetectionLabels', prediction_labels: 'ObjectDetectionLabels') -> None:
        """Count boxes; see :func:`.compute_metrics`.

        Args:
            ground_truth_labels: True boxes.
            prediction_labels: Predicted boxes.

        Raises:
            LabelError: If a box is of no class.
        """
        self.reset()
        names = self.class_config.names
        check_class_ids(ground_truth_labels.get_class_ids(), names, 'true boxes')
        check_class_ids(prediction_labels.get_class_ids(), names, 'predicted boxes')
        counted = prediction_labels
        if self.score_thresh is not None:
            counted = counted.filter_by_score(self.score_thresh)
        self.class_to_eval_item = self.compute_eval_items(
            ground_truth_labels, counted, self.class_config, self.iou_thresh, by_class=self.by_class
        )
        self.compute_avg()
        if self.average_precision:
            self._truths, self._predictions = [ground_truth_labels], [prediction_labels]

    def merge(self, other: 'ClassificationEvaluation', scene_id: str | None = None) -> None:
        """Add the counts and boxes of another evaluation; see :meth:`.ClassificationEvaluation.merge`."""
        super().merge(other, scene_id)
        if isinstance(other, ObjectDetectionEvaluation):
            self._truths = self._truths + other._truths
            self._predictions = self._predictions + other._predictions

    def items_to_json(self) -> list[dict[str, Any]]:
        """As of :class:`.ClassificationEvaluation`, with average precision among the metrics, if wanted.

        Classes have `AP`, the mean over IoU thresholds from 0.5 to 0.95, and `AP50`, that at 0.5. The average item has
        `mAP` and `mAP50`, their means over the classes that have true boxes. They are NaN where there are none.
        """
        items = super().items_to_json()
        if not self.average_precision or not items:
            return items
        from rastervision.core.evaluation.average_precision import average_precision

        columns = average_precision(self._truths, self._predictions, len(self.class_config.names))
        for name, column in zip(('AP', 'AP50'), columns, strict=True):
            for item in items:
                if 'class_id' in item:
                    item['metrics'][name] = float(column[item['class_id']])
                else:
                    known = column[~np.isnan(column)]
                    item['metrics'][f'm{name}'] = float(known.mean()) if len(known) else float('nan')
        return items

    @staticmethod
    def compute_eval_items(
        gt_labels: 'ObjectDetectionLabels',
        pred_labels: 'ObjectDetectionLabels',
        class_config: 'ClassConfig',
        iou_thresh: float = 0.5,
        *,
        by_class: bool = False,
    ) -> dict[int, ClassEvaluationItem]:
        """Counts by class id; see :func:`.compute_metrics`."""
        counts = compute_metrics(gt_labels, pred_labels, len(class_config.names), iou_thresh, by_class=by_class)
        return {
            class_id: ClassEvaluationItem(class_id, name, tp=tp, fp=fp, fn=fn)
            for class_id, (name, tp, fp, fn) in enumerate(zip(class_config.names, *counts, strict=True))
        }


def _best_of_best(gt: np.ndarray, pred: np.ndarray, iou: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of pairs, given by the indices of both boxes, the best of each true box; of these, of each predicted box."""
    best = _best_of_each(gt, pred, iou)
    gt, pred, iou = gt[best], pred[best], iou[best]
    best = _best_of_each(pred, gt, iou)
    return gt[best], pred[best]


def _best_of_each(taker: np.ndarray, taken: np.ndarray, iou: np.ndarray) -> np.ndarray:
    """Index of the pair with the best overlap for each taker; of equals the one with the first taken box."""
    order: np.ndarray = np.lexsort((taken, -iou, taker))
    _, first = np.unique(taker[order], return_index=True)
    return order[first]
