"""Cropping predictions of windows."""

from collections.abc import Iterable, Iterator

import numpy as np

from rastervision.core.box import Box
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


def crop_prediction(prediction: np.ndarray, crop_sz: int) -> np.ndarray:
    """A view of labels, (height, width), or scores, (classes, height, width), without their edges."""
    return prediction[..., crop_sz : prediction.shape[-2] - crop_sz, crop_sz : prediction.shape[-1] - crop_sz]
