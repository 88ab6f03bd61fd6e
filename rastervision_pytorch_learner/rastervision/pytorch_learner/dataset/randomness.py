"""Where the randomness of samples comes from."""

import random
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import albumentations as A


@dataclass
class SampleRandomness:
    """Random generators for the samples of a dataset.

    Sample `index` draws from a generator that depends only on the attributes and the index, so that a sample is the
    same whichever worker makes it, and however many were made before.

    Attributes:
        seed: Seed of the run.
        epoch: The epoch; each has its own samples.
        stream: Tells apart datasets that are used together.
        first: Number of the first sample among those of the datasets that go on with each other.
    """

    seed: int = 0
    epoch: int = 0
    stream: int = 0
    first: int = 0

    def generator(self, index: int) -> np.random.Generator:
        """The generator of a sample; another one each time that an epoch has it, see `Wish`."""
        wish = current_wish()
        again = [wish.time] if wish is not None and wish.time else []
        return np.random.default_rng([self.seed, self.epoch, self.stream, self.first + index, *again])

    def generator_of(self, key: object) -> np.random.Generator:
        """The generator of what has no index but another key, which tells it by how it is written."""
        return np.random.default_rng([self.seed, self.epoch, self.stream, stream_of(repr(key)), 0])


_current: ContextVar[np.random.Generator | None] = ContextVar('generator', default=None)


@contextmanager
def drawing_from(rng: np.random.Generator) -> Iterator[None]:
    """While this is entered, what is drawn without naming a generator comes from this one, in this thread only."""
    token = _current.set(rng)
    try:
        yield
    finally:
        _current.reset(token)


def current_generator() -> np.random.Generator | None:
    """The generator of `drawing_from`, if that is entered."""
    return _current.get()


@dataclass(frozen=True)
class Wish:
    """What is wanted of a sample that is drawn because of the classes in it.

    Attributes:
        class_ids: The classes.
        has_them: Whether the sample is to have any of them. Random windows are drawn accordingly.
        time: How often the epoch has had the sample before; a random window and transforms are others each time.
    """

    class_ids: tuple[int, ...]
    has_them: bool
    time: int = 0


_wish: ContextVar[Wish | None] = ContextVar('wish', default=None)


@contextmanager
def wishing(wish: Wish) -> Iterator[None]:
    """While this is entered, samples are made as they are wanted, in this thread only."""
    token = _wish.set(wish)
    try:
        yield
    finally:
        _wish.reset(token)


def current_wish() -> Wish | None:
    """What is wanted of samples, if `wishing` is entered."""
    return _wish.get()


def stream_of(name: str) -> int:
    """A number for a name, the same in every process."""
    return zlib.crc32(name.encode())


def seed_transform(transform: 'A.BasicTransform | A.BaseCompose', rng: np.random.Generator) -> None:
    """Let a transform draw from a generator.

    All transforms inside get the same two generators. `set_random_seed` is not the way: it gives each its own with
    the same seed, so that, say, horizontal and vertical flips would always come together. Takes about 20 microseconds.
    """
    transform.set_random_state(rng, random.Random(int(rng.integers(2**63))))
