"""The metrics of one class."""

import math
from typing import Any, Self

import numpy as np

from rastervision.core.evaluation.evaluation_item import EvaluationItem
from rastervision.pipeline.errors import DataError

METRICS = ('recall', 'precision', 'f1', 'sensitivity', 'specificity')


def ratio(part: float, whole: float) -> float:
    """A fraction; NaN of nothing."""
    return float(part / whole) if whole else math.nan


class ClassEvaluationItem(EvaluationItem):
    """The counts of one class, and the metrics that follow from them.

    Metrics that are not defined, because nothing is there to count, are NaN.

    Attributes:
        class_id: Id of the class.
        class_name: Name of the class.
        conf_mat: [[TN, FP], [FN, TP]]; TN is NaN where it has no meaning, as in object detection.
        extra_info: Further values that `to_json` adds.
    """

    def __init__(
        self, class_id: int, class_name: str, tp: int, fp: int, fn: int, tn: int | None = None, **kwargs: Any
    ) -> None:
        """Keep the counts.

        Args:
            class_id: Id of the class.
            class_name: Name of the class.
            tp: True positives.
            fp: False positives.
            fn: False negatives.
            tn: True negatives. None where they cannot be counted.
            kwargs: Further values for `to_json`.
        """
        self.class_id = class_id
        self.class_name = class_name
        self.conf_mat = np.array([[math.nan if tn is None else tn, fp], [fn, tp]])
        self.extra_info = kwargs

    @classmethod
    def from_multiclass_conf_mat(cls, conf_mat: np.ndarray, class_id: int, class_name: str, **kwargs: Any) -> Self:
        """The counts of one class against all others.

        Args:
            conf_mat: Counts, (classes, classes): a row for each true class, a column for each predicted one.
            class_id: Id of the class.
            class_name: Name of the class.
            kwargs: Further values for `to_json`.
        """
        tp = conf_mat[class_id, class_id]
        fp = conf_mat[:, class_id].sum() - tp
        fn = conf_mat[class_id].sum() - tp
        tn = conf_mat.sum() - tp - fp - fn
        return cls(class_id, class_name, tp=tp, fp=fp, fn=fn, tn=tn, **kwargs)

    def merge(self, other: 'ClassEvaluationItem') -> None:
        """Add the counts of another item.

        Raises:
            DataError: If it is about another class.
        """
        if self.class_id != other.class_id:
            raise DataError(
                f'Counts of class {other.class_id} ({other.class_name!r}) cannot be added to those of class '
                f'{self.class_id} ({self.class_name!r}).'
            )
        self.conf_mat = self.conf_mat + other.conf_mat

    @property
    def true_pos(self) -> int:
        """How often the class was predicted and true."""
        return self.conf_mat[1, 1].item()  # type: ignore[no-any-return]

    @property
    def false_pos(self) -> int:
        """How often the class was predicted but not true."""
        return self.conf_mat[0, 1].item()  # type: ignore[no-any-return]

    @property
    def false_neg(self) -> int:
        """How often the class was true but not predicted."""
        return self.conf_mat[1, 0].item()  # type: ignore[no-any-return]

    @property
    def true_neg(self) -> int | None:
        """How often the class was neither predicted nor true; None where that cannot be counted."""
        count = self.conf_mat[0, 0].item()
        return None if math.isnan(count) else count

    @property
    def gt_count(self) -> int:
        """How often the class is true."""
        return self.true_pos + self.false_neg

    @property
    def pred_count(self) -> int:
        """How often the class is predicted."""
        return self.true_pos + self.false_pos

    @property
    def recall(self) -> float:
        """TP / (TP + FN)."""
        return ratio(self.true_pos, self.gt_count)

    @property
    def sensitivity(self) -> float:
        """Another name for recall."""
        return self.recall

    @property
    def specificity(self) -> float | None:
        """TN / (TN + FP); None where true negatives cannot be counted."""
        return None if self.true_neg is None else ratio(self.true_neg, self.true_neg + self.false_pos)

    @property
    def precision(self) -> float:
        """TP / (TP + FP)."""
        return ratio(self.true_pos, self.pred_count)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN if both are 0."""
        return ratio(2 * self.precision * self.recall, self.precision + self.recall)

    def to_json(self) -> dict[str, Any]:
        """Counts and metrics as plain data, with NaN for what is not defined."""
        counts = {
            'class_id': self.class_id,
            'class_name': self.class_name,
            'gt_count': self.gt_count,
            'pred_count': self.pred_count,
            'count_error': abs(self.gt_count - self.pred_count),
        }
        metrics = {'metrics': {name: getattr(self, name) for name in METRICS}}
        if self.true_neg is None:
            positives = {
                'true_pos': self.true_pos,
                'false_pos': self.false_pos,
                'false_neg': self.false_neg,
            }
            return {**counts, **metrics, **positives, **self.extra_info}
        frequency = ratio(self.gt_count, self.conf_mat.sum())
        return {**counts, 'relative_frequency': frequency, **metrics, **self._tables(), **self.extra_info}

    def _tables(self) -> dict[str, Any]:
        """The counts as a table and by name, absolute and as fractions."""
        fractions = _fractions(self.conf_mat)
        return {
            'conf_mat': self.conf_mat.tolist(),
            'conf_mat_frac': fractions.tolist(),
            'conf_mat_dict': _by_name(self.conf_mat),
            'conf_mat_frac_dict': _by_name(fractions),
        }


def _fractions(counts: np.ndarray) -> np.ndarray:
    total = counts.sum()
    return counts / total if total else np.full(counts.shape, math.nan)


def _by_name(table: np.ndarray) -> dict[str, float]:
    return dict(zip(('TN', 'FP', 'FN', 'TP'), table.ravel().tolist(), strict=True))
