"""How sure metrics are: intervals from drawing parts of the data again and again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rastervision.core.report.scan import FN, FP, TP

DRAWS = 1000
LEVEL = 95  # percent
FEWEST_SCENES, FEWEST_BLOCKS = 20, 8

Interval = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """Intervals in which metrics lie with a probability of 95 %.

    Attributes:
        precision: For each class its interval, (classes, 2); NaN where it is not defined.
        recall: The same.
        f1: The same.
        units: How many parts the data was cut into.
        kind: What the parts are: scenes or blocks.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    units: int
    kind: str


def bootstrap(counts: Sequence[np.ndarray], seed: int) -> Intervals | None:
    """Intervals by the percentile bootstrap (Efron 1979).

    Scenes are drawn with replacement, if there are at least `FEWEST_SCENES`; else blocks of scenes are. Blocks next to
    each other are alike, so intervals from blocks are rather too narrow.

    Cost: `DRAWS` times the number of blocks.

    Args:
        counts: For each scene, true positives, false positives and false negatives, (rows, columns, classes, 3).
        seed: Where random numbers start.

    Returns:
        None if there are too few blocks to say anything.
    """
    if not counts:
        return None
    by_scene = len(counts) >= FEWEST_SCENES
    parts = [part.sum(axis=(0, 1))[None] if by_scene else part.reshape(-1, *part.shape[2:]) for part in counts]
    units = np.concatenate(parts)
    units = units[units.sum(axis=(1, 2)) > 0]
    if len(units) < FEWEST_BLOCKS:
        return None
    rng = np.random.default_rng(seed)
    flat = units.reshape(len(units), -1)
    draws = [np.bincount(rng.integers(len(units), size=len(units)), minlength=len(units)) @ flat for _ in range(DRAWS)]
    tp, fp, fn = np.moveaxis(np.stack(draws).reshape(DRAWS, -1, 3), -1, 0)[[TP, FP, FN]]
    return Intervals(
        precision=_limits(_ratio(tp, tp + fp)),
        recall=_limits(_ratio(tp, tp + fn)),
        f1=_limits(_ratio(2 * tp, 2 * tp + fp + fn)),
        units=len(units),
        kind='scenes' if by_scene else 'blocks',
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return ratio


def _limits(values: np.ndarray) -> np.ndarray:
    """Percentiles of the draws, (draws, classes) -> (classes, 2); NaN for classes that no draw has."""
    limits = np.full((values.shape[1], 2), np.nan)
    known = ~np.isnan(values).all(axis=0)
    if not known.any():
        return limits
    tail = (100 - LEVEL) / 2
    limits[known] = np.nanpercentile(values[:, known], [tail, 100 - tail], axis=0).T
    return limits
