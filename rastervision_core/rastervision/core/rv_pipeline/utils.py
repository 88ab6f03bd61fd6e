"""Which chips are worth keeping."""

import zlib

import numpy as np

from rastervision.core.data.chip import Chip


def nodata_below_threshold(chip: np.ndarray, threshold: float, nodata_val: int = 0) -> bool:
    """Whether less than a fraction of a chip is NODATA.

    Args:
        chip: Pixels, (..., height, width, channels). A pixel is NODATA if all its channels are.
        threshold: The fraction, 0 to 1.
        nodata_val: The value that means NODATA.
    """
    return bool((chip == nodata_val).all(axis=-1).mean() < threshold)


def pixels_with_data(chip: Chip) -> np.ndarray | None:
    """Which pixels of a chip (height, width) are data, 0 included where it is a value like others.

    None: those that are not 0 in all channels, which is all that is known.
    """
    if chip.zero_is_data:
        return np.ones(chip.pixels.shape[-3:-1], dtype=bool) if chip.valid is None else chip.valid
    if chip.valid is None:
        return None
    some = np.asarray(chip.pixels != 0).any(axis=-1)
    return chip.valid & (some.any(axis=0) if some.ndim == 3 else some)


def draw(chip: np.ndarray) -> float:
    """A number in [0, 1) that looks random but depends on the pixels only.

    So which chips survive a draw is the same in every run, split and worker.
    """
    return zlib.crc32(np.ascontiguousarray(chip).tobytes()) / 2**32
