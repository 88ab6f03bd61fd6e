"""Putting samples that are to be written as chips into batches, for each task."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torch.utils.data import Subset

from rastervision.core.data.chip import Chip
from rastervision.pytorch_learner.dataset.dataset import GeoDataset
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


class CollateWithChips:
    """Puts samples into a batch with another function, which gets images as arrays, and keeps the :class:`.Chip`s.

    Args:
        collate_fn: The function.
    """

    def __init__(self, collate_fn: Callable[[list[Any]], Any]) -> None:
        self.collate_fn = collate_fn

    def __call__(self, batch: Batch) -> tuple[Any, list[Chip | None]]:
        """The batch, and the chip of each sample; None if its image was an array before."""
        chips = [x if isinstance(x, Chip) else None for (x, _), _ in batch]
        arrays = [((x.pixels if isinstance(x, Chip) else x, y), window) for (x, y), window in batch]
        return self.collate_fn(arrays), chips


@contextmanager
def giving_chips(dataset: Any) -> Iterator[None]:
    """Let a dataset of windows, or each of several, give its images with what is data in them."""
    changed = [part for part in _parts(dataset) if isinstance(part, GeoDataset) and not part.gives_chips]
    for part in changed:
        part.gives_chips = True
    try:
        yield
    finally:
        for part in changed:
            part.gives_chips = False


def _parts(dataset: Any) -> Iterator[Any]:
    inner = getattr(dataset, 'datasets', None)
    if inner is None and isinstance(dataset, Subset):
        inner = [dataset.dataset]
    if inner is None:
        yield dataset
    for part in inner or ():
        yield from _parts(part)


def as_box_list(label: 'BoxList | Boxes | None') -> BoxList | None:
    """Boxes as they are, or made of what label sources and datasets of arrays give: boxes, class ids and format."""
    return BoxList.from_arrays(*label) if isinstance(label, tuple) else label


def _unzip(batch: Batch) -> tuple[tuple[list[Any], list[Any]], list['Box']]:
    samples, windows = zip(*batch, strict=True)
    chips, labels = zip(*samples, strict=True)
    return (list(chips), list(labels)), list(windows)
