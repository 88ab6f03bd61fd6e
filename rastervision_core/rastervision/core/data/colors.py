"""Colours of classes: reading them, numbering them, making them up.

A colour is a name or code that CSS knows (`'red'`, `'#abc'`, `'#a1b2c3'`, `'rgb(1,2,3)'`, `'hsl(120,100%,50%)'`), or a
triple of red, green, blue from 0 to 255.
"""

import colorsys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from rastervision.pipeline.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

Color: TypeAlias = 'str | Sequence[int]'
Triple: TypeAlias = tuple[int, int, int]

# Steps of the golden ratio keep any number of hues apart, and the colour of a class independent of how many there are.
# https://martin.ankerl.com/2009/12/09/how-to-create-random-colors-programmatically/
GOLDEN_RATIO = 0.618033988749895
SATURATION = 0.65
BRIGHTNESS = 0.95


def color_to_triple(color: 'Color | None' = None) -> Triple:
    """Red, green and blue of a colour, each from 0 to 255.

    Args:
        color: The colour. None: the first of those that `make_colors` makes.

    Raises:
        ConfigError: If there is no such colour.
    """
    if color is None:
        return nth_triple(0)
    if not isinstance(color, str):
        return _check_triple(color)
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(color)[:3]
    except ValueError as error:
        raise ConfigError(
            f'{color!r} is not a colour. Use a CSS name, #rrggbb, or red, green, blue from 0 to 255'
            f'{did_you_mean(color, ImageColor.colormap) or "."}'
        ) from error
    return red, green, blue


def color_to_integer(color: 'Color') -> int:
    """A colour as one number, red in the highest of three bytes."""
    red, green, blue = color_to_triple(color)
    return red << 16 | green << 8 | blue


def normalize_color(color: 'Color | Sequence[float] | None') -> tuple[float, float, float]:
    """Red, green and blue of a colour, each from 0 to 1.

    Args:
        color: The colour. A sequence with a float in it, and none above 1, is taken as already normalised. None: see
            `color_to_triple`.
    """
    if (
        color is not None
        and not isinstance(color, str)
        and any(isinstance(c, float) for c in color)
        and max(color) <= 1
    ):
        red, green, blue = color
        return float(red), float(green), float(blue)
    red, green, blue = color_to_triple(color)  # type: ignore[arg-type]
    return red / 255, green / 255, blue / 255


def rgb_to_int_array(rgb_array: 'np.ndarray') -> 'np.ndarray':
    """Pixels as numbers that `color_to_integer` gives for their colour.

    Args:
        rgb_array: Pixels, (..., 3), any integer dtype, 0 to 255.

    Returns:
        Array (...), uint32.
    """
    rgb = rgb_array.astype('uint32')
    integers: np.ndarray = rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    return integers


def nth_triple(index: int) -> Triple:
    """The n-th of an endless list of colours that are easy to tell apart; always the same."""
    channels = colorsys.hsv_to_rgb(index * GOLDEN_RATIO % 1, SATURATION, BRIGHTNESS)
    red, green, blue = (round(255 * channel) for channel in channels)
    return red, green, blue


def make_colors(count: int, taken: Iterable['Color'] = ()) -> list[str]:
    """Colours for classes that have none, as `'#rrggbb'`; the same ones each time.

    Args:
        count: How many.
        taken: Colours not to use.
    """
    avoid = {color_to_triple(color) for color in taken}
    free = (triple for triple in map(nth_triple, range(count + len(avoid))) if triple not in avoid)
    return ['#{:02x}{:02x}{:02x}'.format(*triple) for _, triple in zip(range(count), free, strict=False)]


def _is_triple(color: Any) -> bool:
    try:
        return len(color) >= 3 and all(0 <= channel <= 255 and channel == int(channel) for channel in color)
    except (TypeError, ValueError, OverflowError):  # of a colour from a file, which may hold anything
        return False


def _check_triple(color: Sequence[int]) -> Triple:
    if not _is_triple(color):
        raise ConfigError(f'{color!r} is not a colour. Give red, green and blue as whole numbers from 0 to 255.')
    red, green, blue = (int(channel) for channel in color[:3])
    return red, green, blue
