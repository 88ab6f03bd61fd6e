"""Which chips are worth keeping."""

import zlib

import numpy as np


def nodata_below_threshold(chip: np.ndarray, threshold: float, nodata_val: int = 0) -> bool:
    """Whether less than a fraction of a chip is NODATA.

    Args:
        chip: Pixels, (..., height, width, channels). A pixel is NODATA if all its channels are.
        threshold: The fraction, 0 to 1.
        nodata_val: The value that means NODATA.
    """
    return bool((chip == nodata_val).all(axis=-1).mean() < threshold)


def draw(chip: np.ndarray) -> float:
    """A number in [0, 1) that looks random but depends on the pixels only.

    So which chips survive a draw is the same in every run, split and worker.
    """
    return zlib.crc32(np.ascontiguousarray(chip).tobytes()) / 2**32
