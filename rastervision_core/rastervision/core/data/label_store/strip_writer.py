"""Blending predictions of overlapping windows without holding the scene."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.label.utils import crop_to_extent
from rastervision.core.data.label_store.rows import RowOutput, Rows
from rastervision.pipeline.errors import DataError


class StripWriter:
    """Adds up predictions in strips of rows, and writes each strip when no later window can touch it.

    The result is that of `SemanticSegmentationLabels.from_predictions`. Memory: the strips that a window touches, so
    it depends on the width of the scene, the size of windows and the number of classes, not on the scene's height.

    Args:
        extent: The pixels that have labels.
        height: Rows of a strip.
        make_strip: Makes empty labels of an extent.
        outputs: What to write finished rows to.
        null_class_id: Label of pixels that nothing was predicted for.
        crop_sz: How many pixels to leave out at each side of a window that is not at an edge of the extent.
        weights: How much each pixel that is left of a window counts, (height, width). None: the same.
    """

    def __init__(
        self,
        extent: Box,
        height: int,
        make_strip: Callable[[Box], SemanticSegmentationLabels],
        outputs: Sequence[RowOutput],
        *,
        null_class_id: int,
        crop_sz: int | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        self._extent, self._height, self._make_strip = extent, height, make_strip
        self._outputs, self._null_class_id = outputs, null_class_id
        self._crop_sz, self._weights = crop_sz, weights
        self._strips: dict[int, SemanticSegmentationLabels] = {}
        self._next_row = extent.ymin

    @property
    def num_rows_held(self) -> int:
        """How many rows are in memory."""
        return sum(strip.height for strip in self._strips.values())

    def write(self, window: Box, prediction: Any) -> None:
        """Add the prediction of a window.

        Args:
            window: The window. Windows come by ymin; they may overlap each other and the edges of the extent.
            prediction: Scores, (classes, height, width), or class ids, (height, width), of the whole window.

        Raises:
            DataError: If a window touches rows that are written already.
        """
        weights = self._weights
        if self._crop_sz:
            window, prediction, weights = crop_to_extent(
                window, prediction, weights, extent=self._extent, crop_sz=self._crop_sz
            )
        self._write_rows(until=window.ymin)
        part = window.intersection(self._extent)
        if not part.area:
            return
        if part.ymin < self._next_row:
            raise DataError(
                f'Window {window!r} comes too late: rows before {self._next_row} are written. '
                'Predict windows by ymin, as Box.get_windows gives them.'
            )
        for ymin in range(self._strip_of(part.ymin), part.ymax, self._height):
            if ymin not in self._strips:
                self._strips[ymin] = self._make_strip(self._rows_of(ymin))
            self._strips[ymin].add_predictions([window], [prediction], weights=weights)

    def finish(self) -> None:
        """Write the remaining rows."""
        self._write_rows(until=self._extent.ymax)

    def _write_rows(self, until: int) -> None:
        while self._next_row < self._extent.ymax and self._rows_of(self._next_row).ymax <= until:
            window = self._rows_of(self._next_row)
            strip = self._strips.pop(window.ymin, None) or self._make_strip(window)
            rows = Rows(strip, window, self._null_class_id)
            for output in self._outputs:
                output.write(rows)
            self._next_row = window.ymax

    def _strip_of(self, row: int) -> int:
        return row - (row - self._extent.ymin) % self._height

    def _rows_of(self, ymin: int) -> Box:
        return Box(ymin, self._extent.xmin, min(ymin + self._height, self._extent.ymax), self._extent.xmax)
