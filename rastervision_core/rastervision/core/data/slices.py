"""From `array[rows, columns, ...]` to a window."""

from types import EllipsisType
from typing import Any

from rastervision.core.box import Box
from rastervision.pipeline.errors import ArgumentError, ArgumentTypeError, TooManyIndicesError, UnsupportedSliceError

FORM = 'Write [ymin:ymax, xmin:xmax], with numbers from 0 up, and a step if need be.'


def parse_array_slices_2d(key: Any, extent: Box) -> tuple[Box, list[Any]]:
    """Parse the key of a two-dimensional array; see `parse_array_slices_Nd`."""
    return parse_array_slices_Nd(key, extent, dims=2, h_dim=-2, w_dim=-1)


def parse_array_slices_Nd(
    key: Any, extent: Box, dims: int = 3, h_dim: int = -3, w_dim: int = -2
) -> tuple[Box, list[Any]]:
    """Parse the key of an array into a window and what is left.

    Args:
        key: What is between the brackets: one slice, or a tuple of slices, which may have an ellipsis. Other axes than
            the vertical and the horizontal may have anything that numpy takes.
        extent: The extent of the array, for open ends of slices.
        dims: Number of axes.
        h_dim: The vertical axis.
        w_dim: The horizontal axis.

    Returns:
        The window, and for each axis its part of the key: a slice with numbers filled in for the vertical and the
        horizontal axis, and `slice(None)` for an axis that the key does not reach.

    Raises:
        ArgumentError: If the vertical or the horizontal part is no slice, or there are two ellipses.
        ArgumentTypeError: If a part is None.
        TooManyIndicesError: If there are too many parts.
        UnsupportedSliceError: If one of them has negative numbers or steps.
    """
    parts = _spread(key if isinstance(key, tuple) else (key,), dims)
    h_dim, w_dim = h_dim % dims, w_dim % dims
    h = parts[h_dim] = _closed(parts[h_dim], extent.ymin, extent.ymax)
    w = parts[w_dim] = _closed(parts[w_dim], extent.xmin, extent.xmax)
    return Box(h.start, w.start, h.stop, w.stop), parts


def sampled_shape(h: slice, w: slice) -> tuple[int, int] | None:
    """Height and width of what slices with a step select, or None if neither has one."""
    if h.step in (None, 1) and w.step in (None, 1):
        return None
    return (h.stop - h.start) // (h.step or 1), (w.stop - w.start) // (w.step or 1)


def _spread(key: tuple[Any, ...], dims: int) -> list[Any]:
    """The key with as many parts as there are axes."""
    if any(part is None for part in key):
        raise ArgumentTypeError(f'Cannot index a raster by None, as in {key!r}. {FORM}')
    if sum(isinstance(part, EllipsisType) for part in key) > 1:
        raise ArgumentError(f'{key!r} has more than one "...". {FORM}')
    where = next((i for i, part in enumerate(key) if isinstance(part, EllipsisType)), len(key))
    rest = key[where + 1 :]
    missing = dims - where - len(rest)
    if missing < 0:
        raise TooManyIndicesError(f'{key!r} has more parts than the array has axes ({dims}). {FORM}')
    return [*key[:where], *[slice(None)] * missing, *rest]


def _closed(part: Any, start: int, stop: int) -> slice:
    """A slice with its open ends filled in."""
    if not isinstance(part, slice):
        raise ArgumentError(f'Cannot index rows or columns of a raster by {part!r}. {FORM}')
    filled = slice(start if part.start is None else part.start, stop if part.stop is None else part.stop, part.step)
    if filled.start < 0 or filled.stop < 0 or (filled.step is not None and filled.step <= 0):
        raise UnsupportedSliceError(f'Cannot index rows or columns of a raster by {part!r}. {FORM}')
    return filled
