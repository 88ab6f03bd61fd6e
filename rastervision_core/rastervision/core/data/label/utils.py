"""Cropping predictions of windows."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rastervision.core.box import Box
from rastervision.core.padding import ensure_tuple
from rastervision.pipeline.errors import DataError


def discard_prediction_edges(
    windows: Iterable[Box], predictions: Iterable[np.ndarray], crop_sz: int
) -> tuple[list[Box], Iterator[np.ndarray]]:
    """Cut off the edges of predictions, which are less reliable.

    Args:
        windows: The windows that were predicted.
        predictions: For each the labels, (height, width), or scores, (classes, height, width).
        crop_sz: How many pixels to cut off each side. 0: none.

    Returns:
        The smaller windows and an iterator over views of the predictions.
    """
    windows = list(windows)
    return [crop_window(window, crop_sz) for window in windows], (
        crop_prediction(prediction, crop_sz) for prediction in predictions
    )


def crop_window(window: Box, crop_sz: int) -> Box:
    """A window without its edges.

    Raises:
        DataError: If nothing is left.
    """
    if crop_sz < 0 or 2 * crop_sz >= min(window.size):
        raise DataError(
            f'crop_sz {crop_sz!r} leaves nothing of window {window!r}. '
            f'Use a value from 0 to {(min(window.size) - 1) // 2}.'
        )
    return window.center_crop(crop_sz, crop_sz)


def crop_without_gaps(windows: Sequence[Box], crop_sz: int) -> tuple[int, int]:
    """How much to cut off windows at most, so that whatever they cover stays covered.

    Neighbours that overlap by less than twice `crop_sz` would have a gap between them. What cannot be known from
    windows one by one: those of a row and of a column are compared.

    Args:
        windows: All the windows.
        crop_sz: How many pixels to cut off each side if they overlap by enough.

    Returns:
        Pixels to cut off (top and bottom, left and right).

    Raises:
        DataError: If `crop_sz` is more than all of a window.
    """
    for window in {window.size: window for window in windows}.values():
        crop_window(window, crop_sz)
    boxes = np.array([window.npbox_format() for window in windows]).reshape(-1, 4)
    down, across = (_smallest_overlap(boxes[:, axis], boxes[:, axis + 2], most=2 * crop_sz) // 2 for axis in (0, 1))
    return down, across


def _smallest_overlap(starts: np.ndarray, ends: np.ndarray, most: int) -> int:
    """The least by which intervals, each (start, end), overlap the next one, or touch it; `most` if none does."""
    first, last = np.unique(np.stack([starts, ends], axis=1), axis=0).T
    following = np.searchsorted(first, first, side='right')
    has_next = following < len(first)
    overlaps = last[has_next] - first[following[has_next]]
    return int(overlaps[overlaps >= 0].min(initial=most))


def sides_to_crop(window: Box, extent: Box, crop_sz: int | tuple[int, int]) -> tuple[int, int, int, int]:
    """How many pixels to cut off each side of a window, so that an extent stays covered up to its edges.

    Args:
        window: The window.
        extent: The pixels that have labels.
        crop_sz: How many pixels to cut off the sides that are inside the extent, or (top and bottom, left and right).
            At its edges, and beyond, nothing is cut off, as no other window has these pixels.

    Returns:
        Pixels at (ymin, xmin, ymax, xmax).

    Raises:
        DataError: If a window that has others on all sides would have nothing left.
    """
    down, across = ensure_tuple(crop_sz)
    for size in {down, across}:
        crop_window(window, size)
    inside = (
        window.ymin > extent.ymin,
        window.xmin > extent.xmin,
        window.ymax < extent.ymax,
        window.xmax < extent.xmax,
    )
    ymin, xmin, ymax, xmax = (size * side for size, side in zip((down, across, down, across), inside, strict=True))
    return ymin, xmin, ymax, xmax


def crop_to_extent(
    window: Box, prediction: np.ndarray, weights: np.ndarray | None, *, extent: Box, crop_sz: int | tuple[int, int]
) -> tuple[Box, np.ndarray, np.ndarray | None]:
    """A window, its prediction and its weights, without the edges inside an extent; see `sides_to_crop`.

    Args:
        window: The window.
        prediction: Labels, (height, width), or scores, (classes, height, width), of the whole window.
        weights: Of what is left of a window that is cropped at all sides, (height, width). Where a side is not
            cropped, the weights at the edge go on to it. None: the same for all pixels.
        extent: The pixels that have labels.
        crop_sz: How many pixels to cut off the sides that are inside the extent, or (top and bottom, left and right).
    """
    check_shape(window, prediction)
    ymin, xmin, ymax, xmax = sides_to_crop(window, extent, crop_sz)
    rows, columns = slice(ymin, window.height - ymax), slice(xmin, window.width - xmax)
    if weights is not None:
        margins = [(window_side - side) // 2 for window_side, side in zip(window.size, weights.shape, strict=True)]
        weights = np.pad(weights, [(margin, margin) for margin in margins], mode='edge')[rows, columns]
    return window.pad(-ymin, -xmin, -ymax, -xmax), prediction[..., rows, columns], weights


def check_shape(window: Box, prediction: np.ndarray) -> None:
    """Raise DataError if a prediction, (..., height, width), is not of the size of its window."""
    if prediction.shape[-2:] != tuple(window.size):
        raise DataError(
            f'The prediction of window {window!r} has shape {prediction.shape!r}, '
            f'which does not end with the height and width {tuple(window.size)!r}.'
        )


def crop_prediction(prediction: np.ndarray, crop_sz: int) -> np.ndarray:
    """A view of labels, (height, width), or scores, (classes, height, width), without their edges."""
    return prediction[..., crop_sz : prediction.shape[-2] - crop_sz, crop_sz : prediction.shape[-1] - crop_sz]


def best_classes(scores: np.ndarray) -> np.ndarray:
    """The class with the highest score of each pixel.

    Args:
        scores: (classes, height, width); NaN where a pixel has no prediction.

    Returns:
        Class ids, (height, width), integers; -1 where a pixel has no prediction.
    """
    # Several times as fast as argmax along the first axis.
    class_ids, best = np.zeros(scores.shape[1:], dtype=np.min_scalar_type(-len(scores))), scores[0]
    for class_id, values in enumerate(scores[1:], start=1):
        np.putmask(class_ids, values > best, class_id)
        best = np.maximum(best, values)  # NaN if either is
    if scores.dtype.kind == 'f':
        class_ids[np.isnan(best)] = -1
    return class_ids
