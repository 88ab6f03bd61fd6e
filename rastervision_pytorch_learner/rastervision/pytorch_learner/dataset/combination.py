"""Datasets made of other datasets."""

from bisect import bisect_right
from collections.abc import Sequence, Sized
from typing import Any, cast

import numpy as np
from torch.utils.data import ConcatDataset, Dataset, Subset

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.dataset.errors import SampleIndexError

SUBSET_SEED = 1234


class Concatenation(ConcatDataset[Any]):
    """Datasets one after the other; there may be none.

    Args:
        datasets: The datasets.
    """

    def __init__(self, datasets: Sequence[Dataset[Any]]) -> None:
        self.datasets = list(datasets)
        self.cumulative_sizes = self.cumsum(self.datasets)  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1] if self.datasets else 0

    def __getitem__(self, idx: int) -> Any:
        if not -len(self) <= idx < len(self):
            raise SampleIndexError(f'Sample {idx!r}: the dataset has {len(self)} samples.')
        return super().__getitem__(idx)  # type: ignore[no-untyped-call]

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the samples to those of an epoch; see `AlbumentationsDataset.set_epoch`."""
        for dataset in self.datasets:
            set_epoch(dataset, epoch, seed)


class Selection(Subset[Any]):
    """Some samples of a dataset.

    Args:
        dataset: The dataset.
        indices: Their indices.
    """

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the samples to those of an epoch; see `AlbumentationsDataset.set_epoch`."""
        set_epoch(self.dataset, epoch, seed)


class SameEachEpoch(Selection):
    """Some samples of a dataset, the same in each epoch, with the same augmentation."""

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Nothing: no epoch changes the samples."""


def sample_name(dataset: Any, index: int) -> str:
    """What people call a sample: its file, or scene and window, if the dataset, or the one in it, knows.

    Args:
        dataset: The dataset.
        index: Index of the sample.
    """
    if hasattr(dataset, 'sample_name'):
        return str(dataset.sample_name(index))
    if isinstance(dataset, ConcatDataset):
        part = bisect_right(dataset.cumulative_sizes, index)
        first = dataset.cumulative_sizes[part - 1] if part else 0
        return sample_name(dataset.datasets[part], index - first)
    if isinstance(dataset, Subset):
        return sample_name(dataset.dataset, dataset.indices[index])
    return f'sample {index}'


def num_samples(dataset: Dataset[Any] | None) -> int:
    """How many samples a dataset has; 0 if there is no dataset. Datasets of PyTorch need not have a length, ours do."""
    return len(cast(Sized, dataset)) if dataset is not None else 0


def set_epoch(dataset: Any, epoch: int, seed: int = 0) -> None:
    """Change the samples of any dataset, or of the datasets in it, to those of an epoch.

    Datasets that know nothing of epochs stay as they are.

    Args:
        dataset: The dataset.
        epoch: The epoch.
        seed: Seed of the run.
    """
    if callable(getattr(dataset, 'set_epoch', None)):
        dataset.set_epoch(epoch, seed)
        return
    for inner in (getattr(dataset, 'dataset', None), *(getattr(dataset, 'datasets', None) or ())):
        if isinstance(inner, Dataset):
            set_epoch(inner, epoch, seed)


def random_subset(dataset: Dataset[Any], *, size: int | None = None, fraction: float | None = None) -> Dataset[Any]:
    """Some samples of a dataset, chosen at random, in the order of the dataset.

    The choice depends on the length of the dataset and on how many are asked for, and on nothing else; no other random
    generator is touched.

    Args:
        dataset: The dataset.
        size: How many; more than there are: all.
        fraction: Which part, instead of `size`.

    Returns:
        The samples; the dataset itself if neither is given.

    Raises:
        ConfigError: If both are given, or are not possible.
    """
    if size is None and fraction is None:
        return dataset
    if size is not None and fraction is not None:
        raise ConfigError(f'size {size!r} and fraction {fraction!r} are both given. Leave one out.')
    total = num_samples(dataset)
    wanted = size if size is not None else round(fraction * total)  # type: ignore[operator]
    if wanted < 0 or (fraction is not None and fraction > 1):
        raise ConfigError(f'size {size!r}, fraction {fraction!r}: give a size from 0, or a fraction from 0 to 1.')
    return Selection(dataset, _chosen(total, wanted))


def few_samples(dataset: Dataset[Any], size: int) -> SameEachEpoch:
    """Some samples of a dataset, chosen as by `random_subset`, that are the same in each epoch.

    Args:
        dataset: The dataset.
        size: How many; more than there are: all.
    """
    return SameEachEpoch(dataset, _chosen(num_samples(dataset), size))


def _chosen(total: int, count: int) -> list[int]:
    """So many indices, at random but always the same, in order."""
    return sorted(np.random.default_rng(SUBSET_SEED).permutation(total)[:count].tolist())
