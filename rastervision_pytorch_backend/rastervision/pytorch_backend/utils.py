"""Putting samples that are to be written as chips into batches, for each task."""

from typing import TYPE_CHECKING, Any

from rastervision.pytorch_learner.object_detection_utils import BoxList as BoxList

if TYPE_CHECKING:
    import numpy as np

    from rastervision.core.box import Box

Boxes = tuple['np.ndarray', 'np.ndarray', str]
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
    batch: 'list[tuple[tuple[np.ndarray, BoxList | Boxes | None], Box]]',
) -> 'tuple[tuple[list[np.ndarray], list[BoxList | None]], list[Box]]':
    """Batch of object detection; see `chip_collate_fn_ss`. Labels are boxes in pixels of the chip."""
    (chips, labels), windows = _unzip(batch)
    return (chips, [as_box_list(label) for label in labels]), windows


def as_box_list(label: 'BoxList | Boxes | None') -> BoxList | None:
    """Boxes as they are, or made of what label sources and datasets of arrays give: boxes, class ids and format."""
    return BoxList.from_arrays(*label) if isinstance(label, tuple) else label


def _unzip(batch: Batch) -> tuple[tuple[list[Any], list[Any]], list['Box']]:
    samples, windows = zip(*batch, strict=True)
    chips, labels = zip(*samples, strict=True)
    return (list(chips), list(labels)), list(windows)
