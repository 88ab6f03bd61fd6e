"""Average precision of predicted boxes, as COCO defines it, for scenes of any number of boxes."""

import contextlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rastervision.core.data.label.boxes import areas, overlapping_pairs

if TYPE_CHECKING:
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels

SMALLEST_IOU = 0.5  # of COCO's thresholds: 0.5, 0.55, ..., 0.95
NUM_IOUS, NUM_RECALLS = 10, 101
TOLERANCE = 1e-9
GROUP_SIZE = 64
ANY_AREA = [0, 1e10]

Side = Sequence['ObjectDetectionLabels']


def average_precision(truths: Side, predictions: Side, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The area under the curve of precision over recall, by class.

    COCO compares all boxes of an image with each other, and looks at 100 predictions per image. Neither suits scenes of
    thousands of objects. So each scene is cut into groups of boxes that no pair of matching boxes crosses, and these
    are what pycocotools gets as images: the result is that of the whole scenes, with all their predictions.

    Args:
        truths: True boxes of each scene.
        predictions: Predicted boxes of each scene, with scores.
        num_classes: How many classes there are.

    Returns:
        The mean over IoU thresholds from 0.5 to 0.95, and that at 0.5: each (num_classes,), float. NaN for classes
        without true boxes. Time and memory grow with the number of boxes and of those that overlap.
    """
    precision = precision_curves(truths, predictions, num_classes)
    return precision.mean(axis=(0, 1)), precision[0].mean(axis=0)


def precision_curves(truths: Side, predictions: Side, num_classes: int) -> np.ndarray:
    """The highest precision that goes with each recall, as COCO defines it; see :func:`average_precision`.

    Args:
        truths: True boxes of each scene.
        predictions: Predicted boxes of each scene, with scores.
        num_classes: How many classes there are.

    Returns:
        Precision by IoU threshold (0.5, 0.55, ..., 0.95), recall (0, 0.01, ..., 1) and class,
        (10, 101, num_classes), float; NaN for classes without true boxes.
    """
    true_boxes: list[dict[str, Any]] = []
    predicted_boxes: list[dict[str, Any]] = []
    num_groups = 0
    for truth, prediction in zip(truths, predictions, strict=True):
        groups = _groups(truth, prediction) + num_groups
        num_groups = int(groups.max(initial=num_groups - 1)) + 1
        true_boxes += _annotations(truth, groups[: len(truth)], first_id=len(true_boxes) + 1)
        predicted_boxes += _annotations(prediction, groups[len(truth) :], first_id=len(predicted_boxes) + 1)
    if not true_boxes:
        return np.full((NUM_IOUS, NUM_RECALLS, num_classes), np.nan)
    precision = _precision(true_boxes, predicted_boxes, num_groups, num_classes)
    precision[precision < 0] = np.nan  # what pycocotools says of classes without true boxes
    return precision


def _groups(truth: 'ObjectDetectionLabels', prediction: 'ObjectDetectionLabels') -> np.ndarray:
    """Number of the group of each box, first true then predicted ones, (n + m,), from 0 without gaps.

    Boxes that can match are in one group; groups are filled up to `GROUP_SIZE` boxes.
    """
    a, b = truth.get_npboxes(), prediction.get_npboxes()
    i, j, _ = overlapping_pairs(a, b, SMALLEST_IOU - TOLERANCE)
    match = truth.get_class_ids()[i] == prediction.get_class_ids()[j]
    n = len(a) + len(b)
    graph = coo_array((np.ones(match.sum()), (i[match], len(a) + j[match])), shape=(n, n))
    _, clusters = connected_components(graph, directed=False)
    fill = np.cumsum(np.bincount(clusters, minlength=1)) // GROUP_SIZE
    _, groups = np.unique(fill[clusters], return_inverse=True)
    return groups


def _annotations(labels: 'ObjectDetectionLabels', groups: np.ndarray, *, first_id: int) -> list[dict[str, Any]]:
    boxes = labels.get_npboxes()
    sizes = boxes[:, 2:] - boxes[:, :2]
    xywh = np.column_stack([boxes[:, [1, 0]], sizes[:, ::-1]])
    columns = (xywh, areas(boxes), groups, labels.get_class_ids(), labels.get_scores())
    return [
        {'id': id_, 'bbox': box, 'area': area, 'image_id': group, 'category_id': class_id, 'score': score, 'iscrowd': 0}
        for id_, (box, area, group, class_id, score) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True), start=first_id
        )
    ]


def _precision(
    truth: list[dict[str, Any]], predicted: list[dict[str, Any]], num_groups: int, num_classes: int
) -> np.ndarray:
    """Precision by IoU threshold, recall and class, (10, 101, num_classes); -1 for classes without true boxes."""
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
        sides = [_dataset(boxes, num_groups, num_classes) for boxes in (truth, predicted)]
        evaluation = _Evaluation(*sides, 'bbox')
        evaluation.params.maxDets = [len(predicted)]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [ANY_AREA], ['all']
        evaluation.evaluate()
        evaluation.accumulate()
    precision: np.ndarray = evaluation.eval['precision'][:, :, :, 0, 0]
    return precision


def _dataset(boxes: list[dict[str, Any]], num_groups: int, num_classes: int) -> COCO:
    coco = COCO()
    coco.dataset = {
        'images': [{'id': i} for i in range(num_groups)],
        'categories': [{'id': i} for i in range(num_classes)],
        'annotations': boxes,
    }
    coco.createIndex()
    return coco


class _Evaluation(COCOeval):  # type: ignore[misc]
    def computeIoU(self, imgId: int, catId: int) -> Any:
        """Intersection over union of all boxes of a group; 0 of boxes without area, instead of NaN, which matches."""
        return np.nan_to_num(super().computeIoU(imgId, catId))
