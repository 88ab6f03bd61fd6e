"""Samples of any dataset, transformed, scaled and made into tensors."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from rastervision.core.data.chip import Chip
from rastervision.pytorch_learner.dataset.combination import sample_name
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, SampleIndexError
from rastervision.pytorch_learner.dataset.gaps import transformed_around_gaps
from rastervision.pytorch_learner.dataset.image_files import load_valid
from rastervision.pytorch_learner.dataset.labels import NO_CLASS, ignore_pixels
from rastervision.pytorch_learner.dataset.places import classes_in
from rastervision.pytorch_learner.dataset.randomness import SampleRandomness, seed_transform
from rastervision.pytorch_learner.dataset.sample_chips import SampleChip
from rastervision.pytorch_learner.dataset.transform import (
    Sample,
    SampleTransform,
    Transform,
    TransformType,
    is_transform,
    is_unscaled,
    keeps_places,
    makes_gaps,
)


class AlbumentationsDataset(Dataset[Any]):
    """Samples of another dataset, transformed and made into tensors.

    Sample `i` is the same each time it is asked for, in any process, until `set_epoch` is called.

    Attributes:
        orig_dataset: Gives images (height, width, channels) and labels by index, or by other keys.
        transform_type: What kind of labels there are.
        normalize: Whether pixels that are unsigned integers are scaled.
        to_pytorch: Whether samples are tensors.
        gives_chips: Whether images of samples are given as :class:`.SampleChip`.
        mixes_gaps: Whether pixels that are no data are mixed, as zeros, into others by the transform, as up to 0.31.

    Args:
        orig_dataset: Gives images (height, width, channels) and labels by index, or by other keys.
        transform: Applied to each sample.
        transform_type: What kind of labels there are.
        normalize: Scale pixels that are unsigned integers, after the transform, to 0-1 by the largest value of their
            type.
        to_pytorch: Make tensors: images float32 (channels, height, width), labels as the task has them, NaN where
            there is none. Else arrays are given as they are, and None where there is no label.
    """

    gives_chips: bool = False
    mixes_gaps: bool = False

    def __init__(
        self,
        orig_dataset: Any,
        transform: Transform | None = None,
        transform_type: TransformType = TransformType.noop,
        normalize: bool = True,
        to_pytorch: bool = True,
    ) -> None:
        self.orig_dataset = orig_dataset
        self.transform_type = transform_type
        self._transform: Callable[[Sample], Sample] = SampleTransform(transform, transform_type)
        self.normalize = normalize
        self.to_pytorch = to_pytorch
        self.randomness = SampleRandomness()

    @property
    def transform(self) -> Callable[[Sample], Sample]:
        """What is done to each sample before it is scaled: a function of image and label that gives both.

        It may be set: to another such function, to a transform of albumentations, or to None.
        """
        return self._transform

    @transform.setter
    def transform(self, transform: Callable[[Sample], Sample] | Transform | None) -> None:
        """Set it."""
        if transform is None or is_transform(transform):
            transform = SampleTransform(transform, self.transform_type)
        self._transform = transform

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the samples to those of an epoch.

        Call it in the main process, before the workers of a data loader are started.

        Args:
            epoch: The epoch.
            seed: Seed of the run.
        """
        self.randomness.epoch, self.randomness.seed = epoch, seed

    def __getitem__(self, key: Any) -> Any:
        """Image and label of a sample.

        Args:
            key: An index; or whatever else `orig_dataset` knows, as a `Box` if that is a scene.

        Raises:
            SampleIndexError: If there is no sample of that index.
        """
        if not hasattr(key, '__index__'):
            x, y = self.orig_dataset[key]
            return self._finish_chip((x, y), self.randomness.generator_of(key), Chip(x))
        index = self._index(key)
        x, y = self.orig_dataset[index]
        valid = self._valid(index, x.shape[-3:-1])
        if valid is not None:
            x, y = Chip(x, valid).filled().pixels, self._mark_label(y, valid)
        return self._finish_chip((x, y), self.randomness.generator(index), Chip(x, valid))

    def __len__(self) -> int:
        return len(self.orig_dataset)

    def _index(self, key: int) -> int:
        """The index, counted from the front.

        Raises:
            SampleIndexError: If it is out of range.
        """
        size, index = len(self), operator.index(key)
        if not -size <= index < size:
            raise SampleIndexError(f'Sample {index}: the dataset has {size} samples.')
        return index % size

    def _valid(self, index: int, size: tuple[int, ...]) -> np.ndarray | None:
        """Which pixels of a sample, bool (height, width), are data, as far as its source says so. None: all."""
        return None

    def _finish_chip(self, sample: tuple[np.ndarray, Any], rng: np.random.Generator, chip: Chip) -> tuple[Any, Any]:
        """What is made of a sample that has been read.

        Args:
            sample: Image and label.
            rng: What transforms draw from.
            chip: Says which pixels (height, width) are data, apart from those that are not finite.
        """
        x, y, invalid = self._without_gaps(*sample, chip.valid)
        dtype, transform, in_window = x.dtype, self._transform, None if invalid is None else ~invalid
        if not isinstance(transform, SampleTransform):
            x, y = transform((x, y))
            invalid = invalid if invalid is not None and invalid.shape == x.shape[-3:-1] else None
            unscaled, in_window = dtype.kind == 'u' and x.dtype.kind == 'u', None
        else:
            x, y, invalid = self._transformed(transform, (x, y), invalid, rng)
            unscaled = is_unscaled(dtype, x.dtype, transform.transform)
            in_window = in_window if keeps_places(transform.transform) else None
        scale = np.iinfo(dtype).max if unscaled and self._scales() else None
        image = image_to_tensor(x, scale) if self.to_pytorch else (x if scale is None else x / scale)
        label = self._label_to_tensor(y) if self.to_pytorch else y
        if not self.gives_chips:
            return image, label
        valid = None if invalid is None else ~invalid
        return SampleChip(image, valid, zero_is_data=chip.zero_is_data, in_window=in_window), label

    def _transformed(
        self, transform: SampleTransform, sample: Sample, invalid: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[np.ndarray, Any, np.ndarray | None]:
        """A sample after a transform, and which of its pixels are no data then."""
        if invalid is None and makes_gaps(transform.transform):
            invalid = np.zeros(sample[0].shape[-3:-1], dtype=bool)
        if transform.transform is not None and invalid is not None:
            done, invalid = transformed_around_gaps(
                sample, invalid, transform.transform, self.transform_type, rng, mixed=self.mixes_gaps
            )
            image, label = done
            if makes_gaps(transform.transform):
                label = self._mark_label(label, ~invalid)
            return image, label, invalid if invalid.any() else None
        if transform.transform is not None:
            seed_transform(transform.transform, rng)
        return *transform(sample), invalid

    def _without_gaps(
        self, x: np.ndarray, y: Any, valid: np.ndarray | None
    ) -> tuple[np.ndarray, Any, np.ndarray | None]:
        """A sample with zeros instead of pixels that are not finite, which do not count, and what is no data in it."""
        invalid = None if valid is None or valid.all() else ~valid
        if x.dtype.kind != 'f':
            return x, y, invalid
        gaps = ~np.isfinite(x).all(axis=-1)
        if not gaps.any():
            return x, y, invalid
        x = np.where(gaps[..., np.newaxis], x.dtype.type(0), x)
        gaps = gaps.reshape(-1, *gaps.shape[-2:]).any(axis=0)
        invalid = gaps if invalid is None else gaps | invalid
        return x, self._mark_label(y, ~invalid), invalid

    def _mark_label(self, y: Any, valid: np.ndarray) -> Any:
        """A label of which nothing counts but where pixels, bool (height, width), are data."""
        if y is None or valid.all():
            return y
        if self.transform_type is TransformType.semantic_segmentation:
            return ignore_pixels(np.asarray(y), ~valid)
        return NO_CLASS if self.transform_type is TransformType.classification and not valid.any() else y

    def _scales(self) -> bool:
        return self.normalize

    def _label_to_tensor(self, y: Any) -> Any:
        return label_to_tensor(y, self.transform_type)


class ImageDataset(AlbumentationsDataset):
    """Samples from image files."""

    def _valid(self, index: int, size: tuple[int, ...] | None) -> np.ndarray | None:
        if not hasattr(self.orig_dataset, 'image_path'):
            return None
        path = self.orig_dataset.image_path(index)
        valid = load_valid(path)
        if valid is not None and size is not None and valid.shape != size:
            raise ImageDatasetError(
                f'{path!r}: its mask has {valid.shape[0]} x {valid.shape[1]} pixels, the image {size[0]} x {size[1]}. '
                'Make it anew, or remove it.'
            )
        return valid

    def sample_classes(self, index: int, class_ids: Sequence[int]) -> np.ndarray:
        """Which classes, bool (n,), are in the label of a sample, where the mask of its image says that there is data.

        Images are not read, if their dataset gives labels alone: by a method `label`.
        """
        data = self.orig_dataset
        label = data.label(index) if hasattr(data, 'label') else data[index][1]
        is_mask = self.transform_type is TransformType.semantic_segmentation and label is not None
        valid = self._valid(index, label.shape if is_mask else None)
        return classes_in(label if valid is None else self._mark_label(label, valid), class_ids, self.transform_type)

    def sample_name(self, index: int) -> str:
        """The file of a sample, for messages."""
        return sample_name(self.orig_dataset, index)


def image_to_tensor(x: np.ndarray, scale: float | None = None) -> torch.Tensor:
    """An image, or a time series of them, as a tensor.

    Args:
        x: (..., height, width, channels).
        scale: What to divide by; None: nothing.

    Returns:
        Float32, (..., channels, height, width). Pixels are moved in their own type, then cast once.
    """
    moved = np.ascontiguousarray(np.moveaxis(x, -1, -3))
    tensor = torch.from_numpy(moved).to(torch.float32, copy=True)
    return tensor if scale is None else tensor.div_(scale)


def label_to_tensor(y: Any, transform_type: TransformType) -> torch.Tensor:
    """A label as a tensor: int64 for classes, float for numbers, NaN if there is none."""
    if y is None:
        return torch.tensor(math.nan)
    if transform_type is TransformType.regression:
        return torch.as_tensor(np.asarray(y), dtype=torch.float32)
    array = np.ascontiguousarray(y)
    if transform_type is TransformType.noop and array.dtype.kind == 'f':
        return torch.from_numpy(array)
    return torch.from_numpy(array.astype(np.int64)).reshape(np.shape(y))
