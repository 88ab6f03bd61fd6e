"""Putting samples that are to be written as chips into batches, for each task."""

from typing import TYPE_CHECKING, Any

from rastervision.pipeline import lazy

if TYPE_CHECKING:
    import numpy as np

    from rastervision.core.box import Box
    from rastervision.pytorch_learner.object_detection_utils import BoxList

__getattr__ = lazy.names(__name__, 'rastervision.pytorch_learner.object_detection_utils:BoxList')

Batch = list[tuple[tuple[Any, Any], 'Box']]


def chip_collate_fn_ss(
    batch: 'list[tuple[tuple[np.ndarray, np.ndarray], Box]]',
) -> 'tuple[tuple[list[np.ndarray], list[np.ndarray]], list[Box]]':
    """Batch of semantic segmentation.

    Args:
        batch: Samples `((chip, label), window)`; chips are (height, width, channels), labels (height, width).

    Returns:
        `((chips, labels), windows)`.
    """
    return _unzip(batch)


def chip_collate_fn_cc(
    batch: 'list[tuple[tuple[np.ndarray, np.ndarray], Box]]',
) -> 'tuple[tuple[list[np.ndarray], list[np.ndarray]], list[Box]]':
    """Batch of chip classification; see `chip_collate_fn_ss`. Labels are class ids."""
    return _unzip(batch)


def chip_collate_fn_od(
    batch: 'list[tuple[tuple[np.ndarray, BoxList], Box]]',
) -> 'tuple[tuple[list[np.ndarray], list[BoxList]], list[Box]]':
    """Batch of object detection; see `chip_collate_fn_ss`. Labels are boxes in pixels of the chip."""
    return _unzip(batch)


def _unzip(batch: Batch) -> tuple[tuple[list[Any], list[Any]], list['Box']]:
    samples, windows = zip(*batch, strict=True)
    chips, labels = zip(*samples, strict=True)
    return (list(chips), list(labels)), list(windows)
