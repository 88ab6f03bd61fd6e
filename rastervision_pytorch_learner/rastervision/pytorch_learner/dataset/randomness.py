"""Where the randomness of samples comes from."""

import random
import zlib
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
        """The generator of a sample."""
        return np.random.default_rng([self.seed, self.epoch, self.stream, self.first + index])


def stream_of(name: str) -> int:
    """A number for a name, the same in every process."""
    return zlib.crc32(name.encode())


def seed_transform(transform: 'A.BasicTransform | A.BaseCompose', rng: np.random.Generator) -> None:
    """Let a transform draw from a generator.

    All transforms inside get the same two generators. `set_random_seed` is not the way: it gives each its own with
    the same seed, so that, say, horizontal and vertical flips would always come together. Takes about 20 microseconds.
    """
    transform.set_random_state(rng, random.Random(int(rng.integers(2**63))))
