"""Which epoch was best, and whether training still gets better."""

from collections.abc import Mapping, Sequence
from typing import Any

from rastervision.pipeline.errors import ConfigError, did_you_mean

LESS_IS_BETTER = ('loss', 'error')


def best_index(rows: Sequence[Mapping[str, Any]], metric: str) -> int:
    """The row with the best value of a metric; of equals the first.

    Args:
        rows: The metrics of each epoch, at least one; as numbers or text.
        metric: Name of the metric. Less is better where it ends in 'loss' or 'error'. NaN is worst.

    Raises:
        ConfigError: If there is no such metric.
    """
    if metric not in rows[-1]:
        known = [name for name in rows[-1] if name != 'epoch' and 'time' not in name]
        raise ConfigError(
            f'solver.best_metric {metric!r}: there is no such metric{did_you_mean(metric, known) or "."} '
            f'Choose from {", ".join(known)}.'
        )
    sign = -1 if metric.endswith(LESS_IS_BETTER) else 1
    values = [sign * float(row[metric]) for row in rows]
    return max(range(len(rows)), key=lambda index: (values[index] == values[index], values[index], -index))


def has_stalled(rows: Sequence[Mapping[str, Any]], metric: str, patience: int | None) -> bool:
    """Whether the last epochs brought nothing better.

    Args:
        rows: See `best_index`.
        metric: See `best_index`.
        patience: How many epochs. None: never.
    """
    return patience is not None and bool(rows) and len(rows) - 1 - best_index(rows, metric) >= patience
