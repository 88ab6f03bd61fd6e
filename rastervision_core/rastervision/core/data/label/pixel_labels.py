"""What labels of pixels have in common."""

import logging
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely
from affine import Affine
from rasterio.features import geometry_mask

from rastervision.core.box import Box
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label.utils import check_shape, crop_to_extent, crop_without_gaps
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from shapely.geometry import Polygon

log = logging.getLogger(__name__)

DISCRETE = 'rastervision.core.data.label.semantic_segmentation_labels:SemanticSegmentationDiscreteLabels'
SMOOTH = 'rastervision.core.data.label.semantic_segmentation_labels:SemanticSegmentationSmoothLabels'


class SemanticSegmentationLabels(Labels):
    """Votes or scores of the pixels of a scene.

    Windows may overlap each other and the edges of the extent: what lies outside is left out. All arrays are held in
    memory; :meth:`.LabelStore.writer` does without.

    Args:
        extent: The pixels that have labels.
        num_classes: Number of classes.
        dtype: Type of the numbers that are kept for each class and pixel.

    Attributes:
        ymin: First row of the extent.
        xmin: First column of the extent.
        height: Rows of the extent.
        width: Columns of the extent.
    """

    def __init__(self, extent: Box, num_classes: int, dtype: Any) -> None:
        self.extent = extent
        self.num_classes = num_classes
        self.dtype = np.dtype(dtype)
        self.ymin, self.xmin = extent.ymin, extent.xmin
        self.height, self.width = extent.size

    __hash__ = None  # type: ignore[assignment]

    def __setitem__(self, window: Box, values: np.ndarray) -> None:
        """The same as `add_window`. To replace what is there, delete the window first."""
        self.add_window(window, values)

    @abstractmethod
    def __delitem__(self, window: Box) -> None:
        """Forget the labels of a window."""

    @abstractmethod
    def __getitem__(self, window: Box) -> np.ndarray:
        """The labels, or scores, of a window."""

    @abstractmethod
    def add_window(self, window: Box, values: np.ndarray) -> None:
        """Add the prediction of a window to what is there."""

    def add_weighted_window(self, window: Box, values: np.ndarray, weights: np.ndarray) -> None:
        """Add the scores of a window, of which some count more than others.

        Args:
            window: The window.
            values: Scores, (classes, height, width).
            weights: How much each pixel counts, (height, width), greater than zero.

        Raises:
            DataError: If these labels are votes.
        """
        raise DataError(f'{type(self).__name__}: votes have no weights. Use labels with scores (smooth=True).')

    @abstractmethod
    def get_score_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """Scores of a window.

        Args:
            window: The window. What lies outside the extent is left out.
            null_class_id: Has no effect: where nothing was predicted no class has a score.

        Returns:
            (classes, height, width), floating point. NaN where nothing was predicted.
        """

    @abstractmethod
    def get_label_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """Labels of a window.

        Args:
            window: The window. What lies outside the extent is left out.
            null_class_id: Label of pixels that nothing was predicted for.

        Returns:
            (height, width), int64. The class with the highest score, the lowest id of equals.
        """

    @abstractmethod
    def get_hit_arr(self, window: Box) -> np.ndarray:
        """How many predictions each pixel of a window has: (height, width), unsigned."""

    @abstractmethod
    def mask_fill(self, window: Box, mask: np.ndarray, fill_value: Any) -> None:
        """Label part of a window, whatever was there.

        Args:
            window: The window.
            mask: Which pixels, (height, width), bool.
            fill_value: Their class.
        """

    def get_class_mask(self, window: Box, class_id: int, threshold: float | None = None) -> np.ndarray:
        """Which pixels of a window have a high score of a class.

        Args:
            window: The window.
            class_id: The class.
            threshold: The least score. None: 1 / number of classes.

        Returns:
            (height, width), bool.
        """
        threshold = 1 / self.num_classes if threshold is None else threshold
        mask: np.ndarray = self.get_score_arr(window)[class_id] >= threshold
        return mask

    def get_windows(self, **kwargs: Any) -> list[Box]:
        """Sliding windows over the extent.

        Args:
            kwargs: As for :meth:`.Box.get_windows`. Without `size`: the extent as one window.
        """
        if 'size' not in kwargs:
            return [self.extent]
        return self.extent.get_windows(**{'stride': kwargs['size'], **kwargs})

    def filter_by_aoi(self, aoi_polygons: 'Iterable[Polygon]', null_class_id: int, **kwargs: Any) -> Self:  # type: ignore[override]
        """Give pixels outside an area of interest the null class, in place.

        Args:
            aoi_polygons: The area, in pixel coordinates. None at all: nothing is changed.
            null_class_id: The null class.
            kwargs: How to go through the extent; see `get_windows`.

        Returns:
            These labels.
        """
        polygons = np.array(list(aoi_polygons), dtype=object)
        if not len(polygons):
            return self
        tree = shapely.STRtree(polygons)
        for window in self.get_windows(**kwargs):
            inside = polygons[tree.query(window.to_shapely(), predicate='intersects')]
            if len(inside):
                corner = Affine.translation(window.xmin, window.ymin)
                mask = geometry_mask(list(inside), out_shape=window.size, transform=corner)
                self.mask_fill(window, mask, null_class_id)
            else:
                del self[window]
        return self

    @classmethod
    def make_empty(  # type: ignore[override]
        cls, extent: Box, num_classes: int, smooth: bool = False
    ) -> 'SemanticSegmentationLabels':
        """Labels of nothing.

        Args:
            extent: The pixels that will have labels.
            num_classes: Number of classes.
            smooth: For scores, not votes.
        """
        labels: SemanticSegmentationLabels = lazy.load(SMOOTH if smooth else DISCRETE)(extent, num_classes)
        return labels

    @classmethod
    def from_predictions(  # type: ignore[override]
        cls,
        windows: Iterable[Box],
        predictions: Iterable[Any],
        extent: Box,
        num_classes: int,
        smooth: bool = False,
        crop_sz: int | None = None,
        *,
        weights: np.ndarray | None = None,
    ) -> 'SemanticSegmentationLabels':
        """Labels from a model's predictions.

        Args:
            windows: The windows that were predicted.
            predictions: For each the class ids, (height, width), or, if `smooth`, the scores,
                (classes, height, width); (height, width) is the same score for all classes.
            extent: The pixels that have labels.
            num_classes: Number of classes.
            smooth: Whether predictions are scores.
            crop_sz: How many pixels to leave out at each side of a window that is not at an edge of the extent. Fewer,
                with a warning, where a list of windows shows that no other window has these pixels.
            weights: How much each pixel that is left of a window counts; see `add_weighted_window`. None: the same.
        """
        labels = SemanticSegmentationLabels.make_empty(extent, num_classes, smooth=smooth)
        labels.add_predictions(windows, predictions, crop_sz=crop_sz, weights=weights)
        return labels

    def add_predictions(
        self,
        windows: Iterable[Box],
        predictions: Iterable[Any],
        crop_sz: int | None = None,
        *,
        weights: np.ndarray | None = None,
    ) -> None:
        """Add predictions of windows; see `from_predictions`."""
        crop = self._crop(windows, crop_sz) if crop_sz else (0, 0)
        for window, prediction in zip(windows, predictions, strict=True):
            factors = weights
            if crop_sz:
                window, prediction, factors = crop_to_extent(
                    window, prediction, weights, extent=self.extent, crop_sz=crop
                )
            if factors is None:
                self.add_window(window, prediction)
            else:
                self.add_weighted_window(window, prediction, factors)

    # ---------------------------------------------------------------- internals
    def _crop(self, windows: Iterable[Box], crop_sz: int) -> tuple[int, int]:
        """How much to cut off (top and bottom, left and right)."""
        if not isinstance(windows, Sequence):
            return crop_sz, crop_sz
        crop = crop_without_gaps(windows, crop_sz)
        if min(crop) < crop_sz:
            log.warning(
                f'crop_sz={crop_sz} would leave gaps between these windows. Only {crop[0]} (top and bottom) and '
                f'{crop[1]} (left and right) pixels are cut off. Use a smaller stride, or a smaller crop_sz.'
            )
        return crop

    def _slices(self, window: Box) -> tuple[slice, slice]:
        """Rows and columns of the arrays that a window covers."""
        local = window.intersection(self.extent).to_local_coords(self.extent)
        if not window.intersects(self.extent):
            return slice(0, 0), slice(0, 0)
        return slice(local.ymin, local.ymax), slice(local.xmin, local.xmax)

    def _inside(self, window: Box, values: np.ndarray) -> np.ndarray:
        """The part of a window's values, (..., height, width), that lies in the extent."""
        values = np.asarray(values)  # a model may give tensors
        check_shape(window, values)
        ys, xs = self._slices(window)
        dy, dx = self.ymin - window.ymin, self.xmin - window.xmin
        return values[..., ys.start + dy : ys.stop + dy, xs.start + dx : xs.stop + dx]

    def _check_same_kind(self, other: Self) -> None:
        if type(self) is not type(other) or self.extent != other.extent or self.num_classes != other.num_classes:
            raise DataError(
                f'Labels can only be added if kind, extent and classes are the same: {type(self).__name__}, '
                f'{self.extent!r}, {self.num_classes} and {type(other).__name__}, {other.extent!r}, '
                f'{other.num_classes}.'
            )
