"""Training samples of which a given share has rare classes."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.utils.data import ConcatDataset, Dataset, Subset

from rastervision.pytorch_learner.dataset.combination import Selection, num_samples, sample_name
from rastervision.pytorch_learner.dataset.dataset import ListedWindowGeoDataset, RandomWindowGeoDataset
from rastervision.pytorch_learner.dataset.errors import DatasetError
from rastervision.pytorch_learner.dataset.randomness import Wish, stream_of, wishing
from rastervision.pytorch_learner.dataset.samples import ImageDataset
from rastervision.pytorch_learner.dataset.wanted_windows import draw_wanted, places_of

log = logging.getLogger(__name__)

STREAM = stream_of('rare classes')


class Oversampled(Selection):
    """As many samples as a dataset has, a given share of which has rare classes in it.

    In each epoch, samples with rare classes are drawn for that share, and samples without for the rest: each of them
    as often as any other, or once more. One that comes again in an epoch is transformed in another way; windows at
    random places are other windows, around what is rare or apart from it. All of it follows from the seed and the
    epoch.

    Args:
        dataset: The samples: of datasets of this package, or such datasets put together.
        class_ids: The rare classes. What is outside of the AOI, or no data, does not count.
        desired_prob: The share of samples that have any of these classes, 0 to 1.

    Raises:
        DatasetError: If no sample has any of the classes, or it cannot be told of the dataset.
    """

    def __init__(self, dataset: Dataset[Any], class_ids: Sequence[int], desired_prob: float) -> None:
        super().__init__(dataset, [0] * num_samples(dataset))
        self.class_ids, self.desired_prob = tuple(class_ids), desired_prob
        self.wishes: list[Wish] = []
        can_have, can_lack = _survey(dataset, self.class_ids)
        self.having, self.lacking = np.flatnonzero(can_have.any(axis=1)), np.flatnonzero(can_lack)
        self._check(can_have)
        self._draw(0, 0)

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the samples to those of an epoch; see `AlbumentationsDataset.set_epoch`."""
        super().set_epoch(epoch, seed)
        self._draw(epoch, seed)

    def __getitem__(self, idx: int) -> Any:
        with wishing(self.wishes[idx]):
            return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Several samples; what data loaders call."""
        return [self[index] for index in indices]

    def sample_name(self, index: int) -> str:
        """What people call a sample, for messages."""
        with wishing(self.wishes[index]):
            return sample_name(self.dataset, self.indices[index])

    def _check(self, can_have: np.ndarray) -> None:
        missing = [class_id for class_id, column in zip(self.class_ids, can_have.T, strict=True) if not column.any()]
        if not len(self.having):
            raise DatasetError(
                f'None of the {len(can_have)} training samples has a pixel or object of rare_class_ids '
                f'{list(self.class_ids)!r}, so none can be drawn more often. Check the ids, which are places in the '
                'names of class_config, and the labels of the training scenes, or leave out rare_class_ids.'
            )
        log.info(
            '%d of %d training samples can have one of rare_class_ids %s; desired_prob of those that are drawn: %g',
            len(self.having),
            len(can_have),
            list(self.class_ids),
            self.desired_prob,
        )
        if missing:
            log.warning('No training sample has anything of the classes %s of rare_class_ids.', missing)
        if not len(self.lacking) and self.desired_prob < 1:
            log.warning(
                'All training samples have one of rare_class_ids %s, so desired_prob %s has no effect.',
                list(self.class_ids),
                self.desired_prob,
            )

    def _draw(self, epoch: int, seed: int) -> None:
        """Draw the samples of an epoch, into lists that shallow copies of this dataset have, too."""
        rng, total = np.random.default_rng([seed, epoch, STREAM]), len(self.indices)
        count = round(self.desired_prob * total) if len(self.lacking) else total
        drawn = [
            (index, Wish(self.class_ids, has_them, time))
            for pool, has_them, number in ((self.having, True, count), (self.lacking, False, total - count))
            for index, time in _cycled(pool, number, rng)
        ]
        order = [drawn[place] for place in rng.permutation(total)]
        self.indices[:], self.wishes[:] = [index for index, _ in order], [wish for _, wish in order]  # type: ignore[index]


def oversampled(dataset: Dataset[Any], class_ids: Sequence[int] | None, desired_prob: float) -> Dataset[Any]:
    """A dataset in which samples with rare classes come more often, if that is asked for; see `Oversampled`."""
    if class_ids is None or not num_samples(dataset):
        return dataset
    return Oversampled(dataset, class_ids, desired_prob)


def _survey(dataset: Any, class_ids: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Which classes each sample can have, bool (n, classes), and whether it can be without all of them, bool (n,)."""
    if isinstance(dataset, ConcatDataset):
        parts = [_survey(part, class_ids) for part in dataset.datasets]
        return np.concatenate([have for have, _ in parts]), np.concatenate([lack for _, lack in parts])
    if isinstance(dataset, Subset):
        can_have, can_lack = _survey(dataset.dataset, class_ids)
        return can_have[list(dataset.indices)], can_lack[list(dataset.indices)]
    if isinstance(dataset, RandomWindowGeoDataset):
        have, lack = _outlook(dataset, class_ids)
        return np.tile(have, (len(dataset), 1)), np.full(len(dataset), lack)
    if not isinstance(dataset, ListedWindowGeoDataset | ImageDataset):
        raise DatasetError(
            f'{type(dataset).__name__} does not tell which classes its samples have, so rare ones cannot be drawn more '
            'often. Use a dataset of rastervision.pytorch_learner, or leave out rare_class_ids.'
        )
    found = [dataset.sample_classes(index, class_ids) for index in range(num_samples(dataset))]
    can_have = np.array(found, dtype=bool).reshape(-1, len(class_ids))
    return can_have, np.asarray(~can_have.any(axis=1))


def _cycled(pool: np.ndarray, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """So many from a pool, in random order again and again, and how often each was there before."""
    if not count:
        return []
    times = -(-count // len(pool))
    return [(int(index), time) for time in range(times) for index in rng.permutation(pool)][:count]


def _outlook(dataset: RandomWindowGeoDataset, class_ids: tuple[int, ...]) -> tuple[np.ndarray, bool]:
    """Which of some classes random windows can have, bool (n,), and whether they can be without all of them.

    Known from where the classes are, and from a few windows, at most as many as are tried for each sample.
    """
    can_have, can_lack = np.zeros(len(class_ids), dtype=bool), False
    if not len(dataset):
        return can_have, can_lack
    rng = np.random.default_rng(0)
    window, *_ = draw_wanted(dataset, rng, Wish(class_ids, has_them=True))
    can_have = dataset.classes_seen(window, class_ids)
    places = places_of(dataset, class_ids)
    if can_have.any() and places is not None:
        can_have = can_have | places.found
    for _ in range(dataset.max_sample_attempts):
        if can_lack:
            break
        can_lack = not dataset.classes_at(dataset.draw_window(rng), class_ids).any()
    return can_have, can_lack
