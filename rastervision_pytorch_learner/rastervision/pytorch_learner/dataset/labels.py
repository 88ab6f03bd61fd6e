"""Labels of pixels: class ids, and the number that says that a pixel does not count."""

from typing import Any

import numpy as np

from rastervision.pytorch_learner.dataset.errors import LabelError

NO_CLASS = -100  # what the losses of PyTorch ignore by default
SHOWN = 5  # values in a message


def as_class_ids(labels: np.ndarray) -> np.ndarray:
    """Labels of any type as class ids.

    Args:
        labels: Whole numbers of any type; NaN where there is no label.

    Returns:
        The same, as int16 (which image libraries can transform), or as they are if that is uint8; with `NO_CLASS`
        instead of NaN.

    Raises:
        LabelError: If there are other numbers than whole ones, or larger ones than a class id can be.
    """
    if labels.dtype == np.uint8:
        return labels
    if labels.dtype.kind == 'f':
        labels = np.where(np.isnan(labels), NO_CLASS, labels)
        _refuse(labels[~np.isfinite(labels) | (labels != np.round(labels))], 'a class id is a whole number')
    elif labels.dtype.kind not in 'biu':
        raise LabelError(f'Labels of type {labels.dtype} are no class ids. Use whole numbers.')
    limits = np.iinfo(np.int16)
    _refuse(labels[(labels < limits.min) | (labels > limits.max)], f'a class id is at most {limits.max}')
    return labels.astype(np.int16)


def ignore_pixels(labels: np.ndarray, invalid: np.ndarray) -> np.ndarray:
    """Class ids in which some pixels do not count.

    Args:
        labels: Class ids (height, width); it is not changed.
        invalid: Bool array (height, width): the pixels.

    Returns:
        As `labels`, with `NO_CLASS` at these pixels; int16 if there are any.
    """
    if not invalid.any():
        return labels
    return np.where(invalid, np.int16(NO_CLASS), as_class_ids(labels).astype(np.int16))


def has_labels(label: Any) -> bool:
    """Whether a label, class ids or anything else, has anything that counts. None, which is no label, has."""
    return not isinstance(label, np.ndarray | np.integer | int) or bool((np.asarray(label) != NO_CLASS).any())


def _refuse(wrong: np.ndarray, reason: str) -> None:
    if wrong.size:
        values = ', '.join(str(value) for value in np.unique(wrong)[:SHOWN].tolist())
        raise LabelError(f'{wrong.size} pixels have the label {values}, but {reason}. Correct the labels.')
