"""The metrics of all classes, over one or several scenes."""

import copy
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rastervision.core.evaluation.class_evaluation_item import METRICS, ClassEvaluationItem
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import LabelError
from rastervision.pipeline.file_system.utils import str_to_file

lazy.also_give(__name__, 'rastervision.core.data.plain_data: ensure_json_serializable')

AVERAGE = 'average'


class ClassificationEvaluation(ABC):
    """Counts and metrics by class. Evaluations merge in any order and grouping, with the same result.

    Attributes:
        class_to_eval_item: Class id -> counts of the class.
        scene_to_eval: Scene id -> evaluation of the scene, of those that were merged with an id.
        conf_mat: Counts, (classes, classes), a row for each true class; None where there is none.
        avg_item: Mean of the metrics over classes, weighted by how often each is true.
    """

    def __init__(self) -> None:
        """Start without counts."""
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self.class_to_eval_item: dict[int, ClassEvaluationItem] = {}
        self.scene_to_eval: dict[str, ClassificationEvaluation] = {}
        self.conf_mat: np.ndarray | None = None
        self.avg_item: dict[str, Any] | None = None

    @abstractmethod
    def compute(self, ground_truth_labels: Any, prediction_labels: Any) -> None:
        """Count agreement of labels, in place of what was counted before."""

    def to_json(self) -> dict[str, Any] | list[Any]:
        """Metrics as plain data, with NaN for what is not defined.

        Returns:
            A list of an item for each class and the average; with scenes merged, a dict of such lists:
            `{'overall': ..., 'per_scene': {scene id: ...}}`.
        """
        items = self.items_to_json()
        if not self.scene_to_eval:
            return items
        return {'overall': items, 'per_scene': {name: scene.to_json() for name, scene in self.scene_to_eval.items()}}

    def items_to_json(self) -> list[dict[str, Any]]:
        """The metrics of each class and the average, of all scenes together."""
        items = [item.to_json() for _, item in sorted(self.class_to_eval_item.items())]
        return items if self.avg_item is None else [*items, copy.deepcopy(self.avg_item)]

    def save(self, output_uri: str) -> None:
        """Write the metrics as JSON, with null for what is not defined.

        Args:
            output_uri: URI of the file.
        """
        str_to_file(json.dumps(_nan_to_none(self.to_json()), indent=4, allow_nan=False), output_uri)

    def merge(self, other: 'ClassificationEvaluation', scene_id: str | None = None) -> None:
        """Add the counts of another evaluation; it is not changed.

        Args:
            other: The evaluation.
            scene_id: Id of the scene that it is about, to list it by itself too.
        """
        for class_id, item in other.class_to_eval_item.items():
            if class_id in self.class_to_eval_item:
                self.class_to_eval_item[class_id].merge(item)
            else:
                self.class_to_eval_item[class_id] = copy.deepcopy(item)
        if other.conf_mat is not None:
            self.conf_mat = other.conf_mat if self.conf_mat is None else self.conf_mat + other.conf_mat
        for name, scene in [(scene_id, other)] if scene_id is not None else other.scene_to_eval.items():
            self._add_scene(name, scene)
        self.compute_avg()

    def compute_avg(self) -> None:
        """Average over classes, weighted by how often each is true; undefined metrics count as 0.

        If nothing is true, all are 0.
        """
        items = list(self.class_to_eval_item.values())
        total = sum(item.gt_count for item in items)
        self.avg_item = {
            'class_name': AVERAGE,
            'metrics': {name: _weighted(items, name, total) for name in METRICS},
            'gt_count': total,
            'pred_count': sum(item.pred_count for item in items),
            'count_error': sum(abs(item.gt_count - item.pred_count) for item in items),
        }
        if self.conf_mat is not None:
            count = self.conf_mat.sum()
            self.avg_item['conf_mat'] = self.conf_mat.tolist()
            self.avg_item['conf_mat_frac'] = (
                self.conf_mat / count if count else np.full(self.conf_mat.shape, math.nan)
            ).tolist()

    def set_conf_mat(self, conf_mat: np.ndarray, class_names: Iterable[str]) -> None:
        """Take over the counts of a confusion matrix.

        Args:
            conf_mat: Counts, (classes, classes), a row for each true class.
            class_names: Name of each class.
        """
        self.reset()
        self.conf_mat = conf_mat
        self.class_to_eval_item = {
            class_id: ClassEvaluationItem.from_multiclass_conf_mat(conf_mat, class_id, name)
            for class_id, name in enumerate(class_names)
        }
        self.compute_avg()

    def _add_scene(self, scene_id: str, evaluation: 'ClassificationEvaluation') -> None:
        known = self.scene_to_eval.get(scene_id)
        copied = copy.deepcopy(evaluation)
        copied.scene_to_eval = {}
        if known is None:
            self.scene_to_eval[scene_id] = copied
        else:
            known.merge(copied)


def count_pairs(gt: np.ndarray, pred: np.ndarray, num_classes: int) -> np.ndarray:
    """Confusion matrix of class ids.

    Args:
        gt: True class ids, any shape, integers.
        pred: Predicted class ids, of the same shape.
        num_classes: How many classes there are. Pairs with an id that is none of them are left out.

    Returns:
        (num_classes, num_classes), int64, a row for each true class. Cost: one pass.
    """
    gt, pred = gt.ravel().astype(np.int64), pred.ravel().astype(np.int64)
    known = (gt >= 0) & (gt < num_classes) & (pred >= 0) & (pred < num_classes)
    if not known.all():
        gt, pred = gt[known], pred[known]
    return np.bincount(gt * num_classes + pred, minlength=num_classes**2).reshape(num_classes, num_classes)


def check_class_ids(class_ids: np.ndarray, names: Sequence[str], what: str) -> None:
    """See that objects are of the classes that are evaluated.

    Args:
        class_ids: (n,), integers.
        names: Names of the classes.
        what: The objects, for the message, such as `'true boxes'`.

    Raises:
        LabelError: If some are of others, which would be left out.
    """
    wrong = (class_ids < 0) | (class_ids >= len(names))
    if wrong.any():
        raise LabelError(
            f'{np.count_nonzero(wrong)} of {len(class_ids)} {what} have class ids that are no class: '
            f'{np.unique(class_ids[wrong])[:10].tolist()!r}. Class ids go from 0 to {len(names) - 1}: {names!r:.500}.'
        )


def _weighted(items: list[ClassEvaluationItem], name: str, total: float) -> float:
    """Mean of a metric by how often each class is true; 0 if none is."""
    if not total:
        return 0.0
    values = [(item.gt_count, getattr(item, name)) for item in items]
    return float(sum(count * value for count, value in values if value is not None and not math.isnan(value)) / total)


def _nan_to_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _nan_to_none(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_nan_to_none(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
