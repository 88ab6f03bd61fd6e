"""One pass over the truth and the predictions of a scene: where they differ, counted and drawn.

Each task has a function that makes a :class:`SceneScan`. Counts are kept by block: squares of the scene, at most
`MAX_BLOCKS` along each side.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rastervision.core.box import Box
from rastervision.core.report.frame import Frame

if TYPE_CHECKING:
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels

MAX_SIDE = 768  # pixels of a picture of a scene
MAX_BLOCKS = 64
SMALL_BLOCK, LARGE_BLOCK, BLOCKS = 64, 512, 8  # a scene is cut into about eight blocks a side, of such sides
BINS = 10
HIT, FALSE_ALARM, MISS, CONFUSED = (60, 170, 80), (220, 60, 50), (60, 110, 220), (235, 150, 30)
TP, FP, FN = range(3)


class Panels(NamedTuple):
    """Pictures of the same window, (h, w, 3), uint8."""

    image: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    errors: np.ndarray


@dataclass(frozen=True)
class Grid:
    """The blocks of a scene.

    Attributes:
        frame: The scene, as it is shown.
        block: Side of a block in pixels of the scene; a multiple of the frame's factor.
    """

    frame: Frame
    block: int

    @classmethod
    def of(cls, extent: Box) -> 'Grid':
        """The blocks of an extent."""
        frame, side = Frame.fit(extent, MAX_SIDE), max(extent.size)
        block = max(SMALL_BLOCK, min(LARGE_BLOCK, side // BLOCKS), -(-side // MAX_BLOCKS))
        return cls(frame, -(-block // frame.factor) * frame.factor)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns of blocks."""
        return -(-self.frame.window.height // self.block), -(-self.frame.window.width // self.block)

    def window(self, row: int, col: int) -> Box:
        """The window of a block, in pixels of the scene."""
        return Box.make_square(row * self.block, col * self.block, self.block).intersection(self.frame.window)

    def blocks_of(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the block that the middle of each box is in: (n, 4) -> (n,), (n,)."""
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        rows, cols = np.clip(middles // self.block, 0, np.array(self.shape) - 1).astype(int).T
        return rows, cols


@dataclass
class Tally:
    """What is counted in the blocks of a scene.

    Attributes:
        counts: True positives, false positives, false negatives of each class in each block,
            (rows, columns, classes, 3).
        errors: How much is wrong in each block, (rows, columns): pixels, cells or boxes.
        compared: How much is compared in each block, (rows, columns).
        reliability: For each bin of confidence how many predictions are in it, the sum of their confidences, and how
            many are right, (bins, 3).
    """

    counts: np.ndarray
    errors: np.ndarray
    compared: np.ndarray
    reliability: np.ndarray = field(default_factory=lambda: np.zeros((BINS, 3)))

    @classmethod
    def empty(cls, grid: Grid, num_classes: int) -> 'Tally':
        """Without counts."""
        return cls(np.zeros((*grid.shape, num_classes, 3)), np.zeros(grid.shape), np.zeros(grid.shape))

    def add_confusions(self, place: tuple[int, int], conf_mat: np.ndarray) -> None:
        """Count a confusion matrix, (classes, classes), a row for each true class, in a block."""
        right = np.diag(conf_mat)
        self.counts[place] += np.stack([right, conf_mat.sum(axis=0) - right, conf_mat.sum(axis=1) - right], axis=-1)
        self.errors[place] += conf_mat.sum() - right.sum()
        self.compared[place] += conf_mat.sum()

    def add_confidences(self, confidences: np.ndarray, right: np.ndarray) -> None:
        """Count predictions, (n,), that were made with some confidence, from 0 to 1, and were right or not."""
        bins = np.clip((confidences * BINS).astype(int), 0, BINS - 1)
        for column, weights in enumerate((None, confidences, right)):
            self.reliability[:, column] += np.bincount(bins, weights=weights, minlength=BINS)


@dataclass(frozen=True)
class SceneScan:
    """What is known of the predictions of a scene.

    Attributes:
        grid: Its blocks.
        tally: What was counted in them.
        panels: The whole scene.
        draw: Draws a part of the scene.
        unit: What is counted: pixels, cells or boxes.
        boxes: True and predicted boxes, with their scores, in object detection.
    """

    grid: Grid
    tally: Tally
    panels: Panels
    draw: Callable[[Frame], Panels]
    unit: str
    boxes: 'tuple[ObjectDetectionLabels, ObjectDetectionLabels] | None' = None


def dimmed(image: np.ndarray) -> np.ndarray:
    """A pale, grey version of an image, on which colours are seen."""
    grey = image.mean(axis=-1, keepdims=True)
    return np.repeat((0.6 * grey + 90).clip(0, 255), 3, axis=-1).astype(np.uint8)


def blend(image: np.ndarray, color: np.ndarray | tuple[int, int, int], weight: np.ndarray | float) -> np.ndarray:
    """An image with colour laid over it.

    Args:
        image: (h, w, 3), uint8.
        color: One for all pixels, or one for each.
        weight: How opaque the colour is, from 0 to 1; one for all pixels, or (h, w, 1).
    """
    mixed = image * (1 - np.asarray(weight)) + np.asarray(color) * np.asarray(weight)
    blended: np.ndarray = np.rint(mixed).clip(0, 255).astype(np.uint8)
    return blended
