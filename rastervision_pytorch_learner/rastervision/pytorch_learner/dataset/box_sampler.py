"""Random windows with and without boxes in them."""

from collections.abc import Callable

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.window_sampler import RandomWindowSampler
from rastervision.pytorch_learner.dataset.errors import SamplingOptionsError, WindowSamplingError


class BoxWindowSampler:
    """Draws windows with a box in them, and without.

    Attributes:
        neg_prob: How many of all windows are to be without.

    Args:
        windows: Draws windows anywhere; tells which are allowed.
        npboxes: The boxes (n, 4): ymin, xmin, ymax, xmax, in pixels of the scene.
        neg_ratio: How many windows without a box there are for each with one.
        neg_ioa_thresh: A window is without boxes if less than this part of each lies in it.

    Raises:
        SamplingOptionsError: If there are no boxes, or one is larger than the largest window.
    """

    def __init__(
        self, windows: RandomWindowSampler, npboxes: np.ndarray, neg_ratio: float, neg_ioa_thresh: float
    ) -> None:
        self.windows = windows
        self.boxes = np.asarray(npboxes, dtype=float).reshape(-1, 4)
        if not neg_ratio >= 0:
            raise SamplingOptionsError(f'neg_ratio {neg_ratio!r} is no share of windows. Use 0 or more.')
        self.neg_prob = neg_ratio / (neg_ratio + 1)
        self.neg_ioa_thresh = neg_ioa_thresh
        if not len(self.boxes):
            raise SamplingOptionsError(f'neg_ratio {neg_ratio!r} needs boxes, and there are none.')
        largest = np.array([windows.h_lims[1] - 1, (windows.w_lims or windows.h_lims)[1] - 1])
        sides = np.ceil(self.boxes[:, 2:]) - np.floor(self.boxes[:, :2])
        if (sides > largest).any():
            raise SamplingOptionsError(
                f'The largest box is {int(sides[:, 0].max())} x {int(sides[:, 1].max())} pixels, the largest window '
                f'{largest[0]} x {largest[1]}. Use larger windows.'
            )

    def without_box(self, draw: Callable[[], Box]) -> Box:
        """A window without boxes; after too many attempts, the last one, whatever is in it.

        Args:
            draw: Draws a window anywhere.
        """
        for _ in range(self.windows.max_attempts):
            window = draw()
            if (self._ioa(window) < self.neg_ioa_thresh).all():
                break
        return window

    def with_box(self, rng: np.random.Generator, draw_size: Callable[[], tuple[int, int]]) -> Box:
        """A window around a random box; takes time in proportion to the number of boxes.

        Args:
            rng: Where to draw from.
            draw_size: Draws height and width of a window; it is made as large as the box.

        Raises:
            WindowSamplingError: If none was found that suits the area of the windows.
        """
        for _ in range(self.windows.max_attempts):
            box = self.boxes[rng.integers(len(self.boxes))]
            window = window_around(box, draw_size(), self.windows, rng)
            if window is not None:
                return window
        raise WindowSamplingError(
            f'None of {self.windows.max_attempts} windows around a random box suits the AOI. Use within_aoi=False, '
            'smaller windows, or a larger max_sample_attempts.'
        )

    def _ioa(self, window: Box) -> np.ndarray:
        """Which part of each box lies in a window."""
        low = np.maximum(self.boxes[:, :2], [window.ymin, window.xmin])
        high = np.minimum(self.boxes[:, 2:], [window.ymax, window.xmax])
        inside = np.clip(high - low, 0, None).prod(axis=1)
        areas = (self.boxes[:, 2:] - self.boxes[:, :2]).prod(axis=1)
        touched = (high >= low).all(axis=1).astype(float)  # a box without area is in a window, or not
        ratio: np.ndarray = np.divide(inside, areas, out=touched, where=areas > 0)
        return ratio


def window_around(
    box: np.ndarray, size: tuple[int, int], windows: RandomWindowSampler, rng: np.random.Generator
) -> Box | None:
    """A random window with a box in it.

    Args:
        box: The box (4,), ymin, xmin, ymax, xmax, in pixels of the scene.
        size: Height and width of the window; it is made as large as the box.
        windows: Tells which windows are allowed.
        rng: Where to draw from.

    Returns:
        The window; if possible, it does not reach too far beyond the scene. None: it is not allowed.
    """
    first, last = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int)
    sides = np.maximum(size, last - first)
    sides = np.full(2, sides.max()) if windows.w_lims is None else sides
    corner = _corner(last - sides, first, sides, windows, rng)
    if not windows.suits(corner[np.newaxis], sides[np.newaxis])[0]:
        return None
    (ymin, xmin), (height, width) = corner.tolist(), sides.tolist()
    return Box(ymin, xmin, ymin + height, xmin + width)


def _corner(
    low: np.ndarray, high: np.ndarray, size: np.ndarray, windows: RandomWindowSampler, rng: np.random.Generator
) -> np.ndarray:
    """A corner (y, x) between two, if possible one whose window is not too far beyond the scene."""
    least, most = (bound[0] for bound in windows.bounds(size[np.newaxis]))
    near_low, near_high = np.maximum(low, least), np.minimum(high, most)
    possible = near_low <= near_high
    low, high = np.where(possible, near_low, low), np.where(possible, near_high, high)
    return np.asarray(rng.integers(low, high, endpoint=True))
