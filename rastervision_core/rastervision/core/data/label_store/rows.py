"""Finished rows of the labels of a scene, on their way to the outputs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels


def labels_dtype(num_classes: int) -> 'np.dtype[Any]':
    """The type of class ids in a raster: uint8, or uint16 if there are more than 256 classes."""
    return np.min_scalar_type(max(num_classes - 1, 0))


class Rows:
    """Some rows of labels, as wide as the extent. What several outputs need is computed once.

    Args:
        labels: The labels.
        window: The rows.
        null_class_id: Label of pixels that nothing was predicted for.
    """

    def __init__(self, labels: SemanticSegmentationLabels, window: Box, null_class_id: int) -> None:
        self.labels, self.window, self.null_class_id = labels, window, null_class_id

    @cached_property
    def label_arr(self) -> np.ndarray:
        """Class ids, (height, width), of the type of `labels_dtype`."""
        dtype = labels_dtype(max(self.labels.num_classes, self.null_class_id + 1))
        return self.labels.get_label_arr(self.window, self.null_class_id).astype(dtype)

    @cached_property
    def score_arr(self) -> np.ndarray:
        """Scores, (classes, height, width), float32; NaN where nothing was predicted."""
        return self.labels.get_score_arr(self.window).astype(np.float32, copy=False)

    @cached_property
    def hit_arr(self) -> np.ndarray:
        """How many predictions each pixel has, (height, width), unsigned."""
        return self.labels.get_hit_arr(self.window)


class RowOutput(ABC):
    """Takes finished rows, from the first to the last. A context manager."""

    @abstractmethod
    def write(self, rows: Rows) -> None:
        """Take the next rows."""

    def finish(self) -> None:  # noqa: B027
        """Write what is left, after the last row."""

    @abstractmethod
    def close(self) -> None:
        """Close the file, whether it is finished or not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()


def iter_rows(labels: SemanticSegmentationLabels, height: int, null_class_id: int) -> Iterator[Rows]:
    """The rows of labels, some at a time.

    Args:
        labels: The labels.
        height: How many rows at a time.
        null_class_id: Label of pixels that nothing was predicted for.
    """
    extent = labels.extent
    for ymin in range(extent.ymin, extent.ymax, height):
        window = Box(ymin, extent.xmin, min(ymin + height, extent.ymax), extent.xmax)
        yield Rows(labels, window, null_class_id)
