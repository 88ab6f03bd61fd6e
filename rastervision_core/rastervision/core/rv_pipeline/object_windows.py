"""Windows of object detection that follow from the boxes, or are the whole scene."""

import math
from typing import TYPE_CHECKING, cast

import numpy as np

from rastervision.core.box import ON_EDGE, Box
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig

MAX_PIXELS = 2**26  # of a window that is held as it is: 8192 x 8192, 200 MB of 8 bit colours
REDUCED_PIXELS = 2**22  # to which larger windows are reduced while they are read: 2048 x 2048


def object_windows(scene: 'Scene', sampling: 'ObjectDetectionWindowSamplingConfig') -> list[Box]:
    """The windows of a scene that `label` and `image` mean, whatever the AOI.

    Args:
        scene: The scene.
        sampling: How windows are chosen.

    Returns:
        Windows in pixels of the scene, inside of it. `image`: the scene. `label`: for each box the whole pixels that it
        is in, and `label_buffer` more on each side; none without labels.
    """
    if sampling.method is WindowSamplingMethod.image:
        return [scene.extent]
    boxes = boxes_of(scene)
    low = np.floor(boxes[:, :2] + ON_EDGE).astype(int) - sampling.label_buffer
    high = np.ceil(boxes[:, 2:] - ON_EDGE).astype(int) + sampling.label_buffer
    low, high = np.maximum(low, 0), np.minimum(high, scene.extent.size)
    has_pixels = (low < high).all(axis=1)
    return [Box(*edges) for edges in np.hstack([low, high])[has_pixels].tolist()]


def boxes_of(scene: 'Scene') -> np.ndarray:
    """Boxes of the objects of a scene, (n, 4), as ymin, xmin, ymax, xmax, in pixels of the scene."""
    if scene.label_source is None:
        return np.zeros((0, 4))
    origin = np.array([scene.bbox.ymin, scene.bbox.xmin] * 2)
    labels = cast('ObjectDetectionLabels', scene.label_source.get_labels())
    return np.asarray(labels.get_npboxes() - origin)


def reduced_shape(window: Box) -> tuple[int, int] | None:
    """Height and width to read a window at, if it is a large one; None: as it is."""
    if window.area <= REDUCED_PIXELS:
        return None
    scale = math.sqrt(REDUCED_PIXELS / window.area)
    height, width = (min(max(1, round(side * scale)), REDUCED_PIXELS) for side in window.size)
    return height, width


def check_sizes(scene: 'Scene', windows: list[Box]) -> None:
    """See that no window is too large to be held in memory as it is.

    Raises:
        DataError: If one is.
    """
    largest = max(windows, key=lambda window: window.area, default=None)
    if largest is not None and largest.area > MAX_PIXELS:
        raise DataError(
            f'scene {scene.id!r}: a window of {largest.height} x {largest.width} pixels (height x width) is too large '
            f'to be read as a whole; {MAX_PIXELS} pixels are the most. Use method sliding or random, or an image of '
            'larger pixels.'
        )
