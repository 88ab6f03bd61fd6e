"""Samples whose images say which of their pixels are data, and batches of them."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import ConcatDataset, DataLoader, Subset, default_collate

from rastervision.core.data.chip import Chip
from rastervision.core.data.chips import resize
from rastervision.pipeline.overriding import is_overridden
from rastervision.pytorch_learner.own_class import own_class


@dataclass(frozen=True)
class SampleChip(Chip):
    """The image of a sample, transformed.

    Attributes:
        pixels: What the dataset gives otherwise: an array (height, width, channels), or a tensor with channels first;
            of a time series, with a time axis first.
        in_window: Which pixels of the window, before it was resized, are data. None: all; or it is not known, because
            the window is another one than that of the image: turned, cut, and so on.
    """

    pixels: Any
    in_window: np.ndarray | None = None

    def data_in(self, shape: Sequence[int]) -> np.ndarray | None:
        """Which pixels of the image in another size (height, width) are data: bool, of that size. None: all."""
        if self.in_window is not None and self.in_window.shape == tuple(shape):
            return self.in_window
        return None if self.valid is None else resize(self.valid, (shape[0], shape[1]), nearest=True)


class Chips(list[Chip | None]):
    """What is data in the images of a batch; None where it is not known."""


def with_options(dataset: Any, **options: Any) -> Any:
    """A dataset with the same samples, in which the datasets of this package have other attributes.

    Args:
        dataset: The dataset; it is not changed. Looked into, if it is made of others.
        options: Attributes of `AlbumentationsDataset`, such as `gives_chips`.

    Returns:
        A shallow copy; the dataset itself if it is another's, or has a `__getitem__` of others.
    """
    if isinstance(dataset, ConcatDataset):
        return _copy(dataset, datasets=[with_options(part, **options) for part in dataset.datasets])
    if isinstance(dataset, Subset):
        return _copy(dataset, dataset=with_options(dataset.dataset, **options))
    if not hasattr(dataset, 'gives_chips') or is_overridden(dataset, '__getitem__', base=own_class(dataset)):
        return dataset
    return _copy(dataset, **options)


class CollateWithChips:
    """Puts samples into a batch with another function, which gets images as they are otherwise.

    Args:
        collate_fn: The function. None: torch's default.
    """

    def __init__(self, collate_fn: Callable[[list[Any]], Any] | None = None) -> None:
        self.collate_fn = collate_fn or default_collate

    def __call__(self, batch: list[Any]) -> list[Any]:
        """The batch, and the chip of each of its images at its end, as :class:`Chips`."""
        return [*self.collate_fn([_plain(sample) for sample in batch]), Chips(map(_chip_of, batch))]


class LeaveOutEmpty(CollateWithChips):
    """Puts samples into a batch with another function, without those of which no pixel is data.

    If that leaves none, the batch has no samples, but parts of the same kind.
    """

    def __call__(self, batch: list[Any]) -> list[Any]:
        """The batch."""
        kept = [sample for sample in batch if (chip := _chip_of(sample)) is None or not chip.is_empty]
        parts = self.collate_fn([_plain(sample) for sample in kept or batch])
        return [part if kept else part[:0] for part in parts]


def first_batch(loader: DataLoader[Any]) -> Any:
    """The first batch of a loader that has any samples: images, labels, ...; None if there is none."""
    return next((batch for batch in loader if len(batch[0])), None)


def _copy(original: Any, **attributes: Any) -> Any:
    copied = copy.copy(original)
    for name, value in attributes.items():
        setattr(copied, name, value)
    return copied


def _chip_of(sample: Any) -> Chip | None:
    first = sample[0][0] if isinstance(sample[0], tuple) else sample[0]  # of a sample with its window, or of one
    return first if isinstance(first, Chip) else None


def _plain(sample: Any) -> Any:
    """A sample with its image as it is otherwise."""
    first, *others = sample
    if isinstance(first, tuple):
        return (_plain(first), *others)
    return (first.pixels, *others) if isinstance(first, Chip) else sample
