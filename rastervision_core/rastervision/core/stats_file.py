"""What a stats.json must be, whoever wrote it."""

import math
from typing import Any

from rastervision.core.defaults import MAX_CHANNELS
from rastervision.pipeline.errors import DataError


def checked_stats(content: Any, uri: str) -> dict[str, Any]:
    """The content of a stats.json.

    Args:
        content: What was read.
        uri: The file, for messages.

    Returns:
        Lists of one number for each channel: 'means', 'stds' and perhaps 'counts'.

    Raises:
        DataError: If it is something else.
    """
    advice = 'Give a stats.json that RasterStats or the analyze command wrote.'
    if not isinstance(content, dict) or 'means' not in content or 'stds' not in content:
        raise DataError(f'{uri!r} has no "means" and "stds". {advice}')
    lengths = set()
    for name in ('means', 'stds', 'counts'):
        numbers = content.get(name)
        if numbers is None and name == 'counts':
            continue
        if not isinstance(numbers, list) or not all(map(_is_number, numbers)) or not 0 < len(numbers) <= MAX_CHANNELS:
            raise DataError(
                f'{uri!r}: {name!r} is {numbers!r:.120}, not a list of one number for each channel. {advice}'
            )
        lengths.add(len(numbers))
    if len(lengths) > 1:
        raise DataError(
            f'{uri!r}: the numbers of means, standard deviations and counts differ: {sorted(lengths)}. {advice}'
        )
    if any(std < 0 for std in content['stds']):
        raise DataError(f'{uri!r}: a standard deviation is negative: {content["stds"]!r:.120}. {advice}')
    return content


def _is_number(value: Any) -> bool:
    """Whether a value is a number that arrays of floats can hold; NaN is that of a channel without pixels."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and not math.isinf(float(value))
    except OverflowError:
        return False
