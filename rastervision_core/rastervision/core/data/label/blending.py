"""Weights of pixels in a window, by which predictions of windows that overlap are blended."""

import numpy as np

RAMPS = {'linear': lambda t: t, 'cosine': lambda t: np.sin(np.pi / 2 * t) ** 2}


def window_weights(size: int, overlap: int, blend: str) -> np.ndarray:
    """Weights that fall towards the edges of a window where other windows overlap it.

    In the overlap of two windows their weights add up to one; with more windows, sums are to be divided by the sum of
    the weights, as at the edges of an image.

    Args:
        size: Height and width of the window in pixels.
        overlap: How many pixels two windows side by side have in common. 0: all weights are one.
        blend: How weights fall: 'linear', or 'cosine', which is smooth at both ends.

    Returns:
        (size, size), float32, greater than zero, at most one.
    """
    ramp = min(overlap, size / 2)
    to_edge = np.arange(size) + 0.5
    to_edge = np.minimum(to_edge, to_edge[::-1])
    share = np.minimum(to_edge / ramp, 1) if ramp > 0 else np.ones(size)
    profile = RAMPS[blend](share)
    return np.outer(profile, profile).astype(np.float32)
