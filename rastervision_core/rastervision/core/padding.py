"""How much an image must be padded so that sliding windows cover all of it."""

from typing import Literal, TypeVar

from rastervision.pipeline.errors import ArgumentError, ArgumentTypeError

T = TypeVar('T')

PadDirection = Literal['start', 'end', 'both']
PAD_DIRECTIONS = ('start', 'end', 'both')


def ensure_tuple(x: T | tuple[T, ...], n: int = 2) -> tuple[T, ...]:
    """A value repeated `n` times, or the tuple of `n` values that it is already.

    Raises:
        ArgumentTypeError: If a sequence is given that is not a tuple.
        ArgumentError: If a tuple has another length.
    """
    if isinstance(x, tuple):
        if len(x) != n:
            raise ArgumentError(f'{x!r} has {len(x)} values. Give one value or a tuple of {n}.')
        return x
    if isinstance(x, list):
        raise ArgumentTypeError(f'{x!r} is a list. Give one value or a tuple of {n}.')
    return (x,) * n


def least_padding(extent_sz: tuple[int, int], window_sz: tuple[int, int]) -> tuple[int, int]:
    """How far windows of a size must reach over each side of an extent: not at all, where it is large enough.

    Args:
        extent_sz: Height and width of the extent.
        window_sz: Height and width of the smallest window.
    """
    down, across = (max(-(-(window - extent) // 2), 0) for extent, window in zip(extent_sz, window_sz, strict=True))
    return down, across


def calculate_required_padding(
    extent_sz: int | tuple[int, int],
    chip_sz: int | tuple[int, int],
    stride: int | tuple[int, int],
    pad_direction: PadDirection,
    crop_sz: int | None = None,
) -> tuple[int, int]:
    """The least padding with which windows cover an extent completely.

    Args:
        extent_sz: Height and width of the extent; a single number stands for both, here and below.
        chip_sz: Height and width of a window.
        stride: Vertical and horizontal distance between windows.
        pad_direction: The sides to pad.
        crop_sz: Width of the margin that will be cut off all sides of a window. What is left must cover the extent.
            Only with `'both'`.

    Returns:
        Padding in pixels of the vertical and of the horizontal axis: on each side for `'both'`, else on the one side.

    Raises:
        ArgumentError: If windows, less the margin, are smaller than the stride, so that gaps would be left.
    """
    crop = max(crop_sz or 0, 0)
    if crop and pad_direction != 'both':
        raise ArgumentError(f"crop_sz={crop_sz!r} needs pad_direction 'both', not {pad_direction!r}.")
    sizes, chips, strides = ensure_tuple(extent_sz), ensure_tuple(chip_sz), ensure_tuple(stride)
    inner = tuple(chip - 2 * crop for chip in chips)
    if any(chip < step for chip, step in zip(inner, strides, strict=True)):
        raise ArgumentError(
            f'Windows of {chips!r} pixels, less crop_sz={crop} on each side, are smaller than the stride {strides!r} '
            'and would leave gaps. Use a smaller stride or crop_sz.'
        )
    missing = [_missing(*axis) for axis in zip(sizes, inner, strides, strict=True)]
    if pad_direction == 'both':
        missing = [-(-pixels // 2) + crop for pixels in missing]
    return missing[0], missing[1]


def _missing(size: int, chip: int, stride: int) -> int:
    """How many pixels the last window reaches over the end of an axis."""
    steps = max(-(-(size - chip) // stride), 0)
    return chip + steps * stride - size
