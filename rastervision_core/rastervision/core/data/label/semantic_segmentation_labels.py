"""Labels of pixels."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.counters import divide, highest, sum_type, with_room
from rastervision.core.data.label.pixel_labels import SemanticSegmentationLabels as SemanticSegmentationLabels
from rastervision.core.data.label.utils import discard_prediction_edges as discard_prediction_edges
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.semantic_segmentation_label_store_config import VectorOutputConfig

lazy.also_give(__name__, 'rastervision.core.data.label.labels: Labels')

STORE = 'rastervision.core.data.label_store.semantic_segmentation_label_store:SemanticSegmentationLabelStore'
BLOCK_SZ_OF_SAVE = 512


class SemanticSegmentationDiscreteLabels(SemanticSegmentationLabels):
    """Votes for the classes of pixels: each prediction of a pixel is one.

    Memory: a counter for each class and pixel, and a flag for each pixel. Counters are made wider when they are full.

    Args:
        extent: The pixels that have labels.
        num_classes: Number of classes.
        dtype: Type of the counters to begin with, unsigned.

    Attributes:
        pixel_counts: Votes, (classes, height, width).
        hit_mask: Which pixels were predicted, (height, width), bool.
    """

    def __init__(self, extent: Box, num_classes: int, dtype: Any = np.uint8) -> None:
        super().__init__(extent, num_classes, dtype)
        self.pixel_counts = np.zeros((num_classes, self.height, self.width), dtype=self.dtype)
        self.hit_mask = np.zeros((self.height, self.width), dtype=bool)

    def __add__(self, other: Self) -> Self:
        """The votes of both."""
        self._check_same_kind(other)
        result = type(self)(self.extent, self.num_classes, dtype=sum_type(self.pixel_counts, other.pixel_counts))
        np.add(self.pixel_counts, other.pixel_counts, out=result.pixel_counts, dtype=result.dtype)
        np.logical_or(self.hit_mask, other.hit_mask, out=result.hit_mask)
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SemanticSegmentationDiscreteLabels):
            return NotImplemented
        return (
            self.extent == other.extent
            and np.array_equal(self.pixel_counts, other.pixel_counts)
            and np.array_equal(self.hit_mask, other.hit_mask)
        )

    __hash__ = None

    def __delitem__(self, window: Box) -> None:
        """Forget the votes of a window."""
        slices = self._slices(window)
        self.pixel_counts[:, *slices] = 0
        self.hit_mask[slices] = False

    def __getitem__(self, window: Box) -> np.ndarray:
        """The labels of a window, -1 where there are none."""
        return self.get_label_arr(window)

    def add_window(self, window: Box, pixel_class_ids: np.ndarray) -> None:
        """Add a vote for each pixel of a window.

        Args:
            window: The window.
            pixel_class_ids: Class ids, (height, width). -1 is no vote.

        Raises:
            DataError: If a class id is not one of the classes, or the shape is not that of the window.
        """
        class_ids = self._inside(window, pixel_class_ids)
        if not class_ids.size:
            return
        if class_ids.min() < -1 or class_ids.max() >= self.num_classes:
            raise DataError(
                f'The prediction of window {window!r} has class ids from {class_ids.min()} to {class_ids.max()}. '
                f'Ids of {self.num_classes} classes go from 0 to {self.num_classes - 1}.'
            )
        slices = self._slices(window)
        self.pixel_counts = with_room(self.pixel_counts, slices)
        self.dtype = self.pixel_counts.dtype
        part = self.pixel_counts[:, *slices]
        for class_id in range(self.num_classes):
            part[class_id] += class_ids == class_id
        self.hit_mask[slices] |= class_ids >= 0

    def get_label_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """Labels of a window; see :meth:`.SemanticSegmentationLabels.get_label_arr`."""
        slices = self._slices(window)
        labels = highest(self.pixel_counts[:, *slices])
        labels[~self.hit_mask[slices]] = null_class_id
        return labels

    def get_score_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """The part of the votes that each class has.

        Returns:
            (classes, height, width), float32. NaN where nothing was predicted.
        """
        counts = self.pixel_counts[:, *self._slices(window)]
        return divide(counts, counts.sum(axis=0, dtype=np.uint32))

    def get_hit_arr(self, window: Box) -> np.ndarray:
        """Votes of each pixel: (height, width), uint32."""
        hits: np.ndarray = self.pixel_counts[:, *self._slices(window)].sum(axis=0, dtype=np.uint32)
        return hits

    def mask_fill(self, window: Box, mask: np.ndarray, fill_value: Any) -> None:
        """Give part of a window a class, with one vote; see :meth:`.SemanticSegmentationLabels.mask_fill`.

        Pixels that nothing was predicted for get the vote, but no label.
        """
        part, mask = self.pixel_counts[:, *self._slices(window)], self._inside(window, mask)
        part[:, mask] = 0
        part[fill_value, mask] = 1

    @classmethod
    def make_empty(cls, extent: Box, num_classes: int) -> 'SemanticSegmentationDiscreteLabels':  # type: ignore[override]
        """Labels without a vote."""
        return cls(extent, num_classes)

    @classmethod
    def from_predictions(  # type: ignore[override]
        cls,
        windows: Iterable[Box],
        predictions: Iterable[Any],
        extent: Box,
        num_classes: int,
        crop_sz: int | None = None,
    ) -> 'SemanticSegmentationDiscreteLabels':
        """Labels from predicted class ids; see :meth:`.SemanticSegmentationLabels.from_predictions`."""
        labels = cls(extent, num_classes)
        labels.add_predictions(windows, predictions, crop_sz=crop_sz)
        return labels

    def save(  # type: ignore[override]
        self,
        uri: str,
        crs_transformer: 'CRSTransformer',
        class_config: 'ClassConfig',
        bbox: Box | None = None,
        tmp_dir: str | None = None,
        save_as_rgb: bool = False,
        raster_output: bool = True,
        rasterio_block_size: int = BLOCK_SZ_OF_SAVE,
        vector_outputs: 'Sequence[VectorOutputConfig] | None' = None,
        profile_overrides: dict[str, Any] | None = None,
    ) -> None:
        """Write the labels.

        Args:
            uri: Folder.
            crs_transformer: Between pixels and the map.
            class_config: The classes.
            bbox: The part of the image that the labels cover.
            tmp_dir: A folder for temporary files.
            save_as_rgb: Write colours, not class ids.
            raster_output: Write labels.tif.
            rasterio_block_size: Height and width of the GeoTIFF's blocks.
            vector_outputs: Vector outputs to write.
            profile_overrides: Further options of the GeoTIFF.
        """
        options = {'save_as_rgb': save_as_rgb, 'discrete_output': raster_output, 'vector_outputs': vector_outputs}
        store = lazy.load(STORE)(
            uri, crs_transformer, class_config, bbox, tmp_dir, rasterio_block_size=rasterio_block_size, **options
        )
        store.save(self, profile=profile_overrides)


class SemanticSegmentationSmoothLabels(SemanticSegmentationLabels):
    """Sums of the scores of pixels; the score of a class is the mean over the predictions of a pixel.

    Memory: a number for each class and pixel, and a counter for each pixel, which is made wider when it is full; with
    weights, a number more for each pixel.

    Args:
        extent: The pixels that have labels.
        num_classes: Number of classes.
        dtype: Precision of scores, floating point: those that are added and their means are rounded to it, so that
            smaller differences decide nothing. Sums are never kept in less than float32.
        dtype_hits: Type of the counters to begin with, unsigned.

    Attributes:
        pixel_scores: Sums of scores, (classes, height, width).
        pixel_hits: How many predictions each pixel has, (height, width).
        pixel_weights: Sums of their weights, (height, width), float32. None: each prediction counts the same.
    """

    def __init__(self, extent: Box, num_classes: int, dtype: Any = np.float16, dtype_hits: Any = np.uint8) -> None:
        super().__init__(extent, num_classes, dtype)
        sums_type = np.promote_types(self.dtype, np.float32)
        self.pixel_scores = np.zeros((num_classes, self.height, self.width), dtype=sums_type)
        self.pixel_hits = np.zeros((self.height, self.width), dtype=dtype_hits)
        self.pixel_weights: np.ndarray | None = None

    def __add__(self, other: Self) -> Self:
        """The sums over the predictions of both."""
        self._check_same_kind(other)
        hits_type = sum_type(self.pixel_hits, other.pixel_hits)
        result = type(self)(
            self.extent, self.num_classes, dtype=np.promote_types(self.dtype, other.dtype), dtype_hits=hits_type
        )
        np.add(self.pixel_scores, other.pixel_scores, out=result.pixel_scores)
        np.add(self.pixel_hits, other.pixel_hits, out=result.pixel_hits, dtype=hits_type)
        if self.pixel_weights is not None or other.pixel_weights is not None:
            result.pixel_weights = np.add(self._divisors, other._divisors, dtype=np.float32)
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SemanticSegmentationSmoothLabels):
            return NotImplemented
        return (
            self.extent == other.extent
            and self.pixel_scores.shape == other.pixel_scores.shape
            and np.array_equal(self.pixel_hits, other.pixel_hits)
            and np.allclose(self._divisors, other._divisors)
            and np.allclose(self.pixel_scores, other.pixel_scores)
        )

    __hash__ = None

    def __delitem__(self, window: Box) -> None:
        """Forget the scores of a window."""
        slices = self._slices(window)
        self.pixel_scores[:, *slices] = 0
        self.pixel_hits[slices] = 0
        if self.pixel_weights is not None:
            self.pixel_weights[slices] = 0

    def __getitem__(self, window: Box) -> np.ndarray:
        """The scores of a window, NaN where there are none."""
        return self.get_score_arr(window)

    def add_window(self, window: Box, pixel_class_scores: np.ndarray) -> None:
        """Add the scores of the pixels of a window.

        Args:
            window: The window.
            pixel_class_scores: Scores, (classes, height, width), or (height, width) for the same score of all classes.
                Pixels with NaN are not predicted.

        Raises:
            DataError: If the shape is not that of the classes and the window.
        """
        self._add(window, pixel_class_scores, None)

    def add_weighted_window(self, window: Box, values: np.ndarray, weights: np.ndarray) -> None:
        """Add scores with weights; see :meth:`.SemanticSegmentationLabels.add_weighted_window`."""
        self._add(window, values, weights)

    def _add(self, window: Box, pixel_class_scores: np.ndarray, weights: np.ndarray | None) -> None:
        scores = self._inside(window, pixel_class_scores)
        if scores.ndim == 2:
            scores = np.broadcast_to(scores, (self.num_classes, *scores.shape))
        if scores.ndim != 3 or len(scores) != self.num_classes:
            raise DataError(
                f'The scores of window {window!r} have shape {pixel_class_scores.shape!r}; expected '
                f'{(self.num_classes, *window.size)!r}: (classes, height, width).'
            )
        slices = self._slices(window)
        self.pixel_hits = with_room(self.pixel_hits, slices)
        hits: np.ndarray | int = 1
        if np.isnan(scores.min(initial=0)):  # quick, unlike in half precision
            hits = ~np.isnan(scores).any(axis=0)
            scores = np.where(hits, scores, scores.dtype.type(0))
        scores = scores.astype(self.dtype)
        if weights is not None and self.pixel_weights is None:
            self.pixel_weights = self.pixel_hits.astype(np.float32)
        if self.pixel_weights is not None:
            factors = hits if weights is None else self._inside(window, weights) * hits
            self.pixel_weights[slices] += factors
            scores = scores * factors
        self.pixel_scores[:, *slices] += scores
        self.pixel_hits[slices] += hits

    @property
    def _divisors(self) -> np.ndarray:
        """What sums of scores are divided by to get means."""
        return self.pixel_hits if self.pixel_weights is None else self.pixel_weights

    def get_score_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """Mean scores of a window.

        Returns:
            (classes, height, width), the type of the sums. NaN where nothing was predicted.
        """
        slices = self._slices(window)
        scores = divide(self.pixel_scores[:, *slices], self._divisors[slices])
        return scores if self.dtype == scores.dtype else scores.astype(self.dtype).astype(scores.dtype)

    def get_label_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """Labels of a window; see :meth:`.SemanticSegmentationLabels.get_label_arr`."""
        labels = highest(self.get_score_arr(window))
        labels[self.pixel_hits[self._slices(window)] == 0] = null_class_id
        return labels

    def get_hit_arr(self, window: Box) -> np.ndarray:
        """How many predictions each pixel of a window has: (height, width), unsigned."""
        return self.pixel_hits[self._slices(window)]

    def mask_fill(self, window: Box, mask: np.ndarray, fill_value: Any) -> None:
        """Give a class the score 1 in part of a window; see :meth:`.SemanticSegmentationLabels.mask_fill`."""
        slices, mask = self._slices(window), self._inside(window, mask)
        scores = self.pixel_scores[:, *slices]
        scores[:, mask] = 0
        scores[fill_value, mask] = 1
        self.pixel_hits[slices][mask] = 1
        if self.pixel_weights is not None:
            self.pixel_weights[slices][mask] = 1

    @classmethod
    def make_empty(cls, extent: Box, num_classes: int) -> 'SemanticSegmentationSmoothLabels':  # type: ignore[override]
        """Labels without a score."""
        return cls(extent, num_classes)

    @classmethod
    def from_predictions(  # type: ignore[override]
        cls,
        windows: Iterable[Box],
        predictions: Iterable[Any],
        extent: Box,
        num_classes: int,
        crop_sz: int | None = None,
        *,
        weights: np.ndarray | None = None,
    ) -> 'SemanticSegmentationSmoothLabels':
        """Labels from predicted scores; see :meth:`.SemanticSegmentationLabels.from_predictions`."""
        labels = cls(extent, num_classes)
        labels.add_predictions(windows, predictions, crop_sz=crop_sz, weights=weights)
        return labels

    def save(  # type: ignore[override]
        self,
        uri: str,
        crs_transformer: 'CRSTransformer',
        class_config: 'ClassConfig',
        bbox: Box | None = None,
        tmp_dir: str | None = None,
        save_as_rgb: bool = False,
        discrete_output: bool = True,
        smooth_output: bool = True,
        smooth_as_uint8: bool = False,
        rasterio_block_size: int = BLOCK_SZ_OF_SAVE,
        vector_outputs: 'Sequence[VectorOutputConfig] | None' = None,
        profile_overrides: dict[str, Any] | None = None,
    ) -> None:
        """Write the labels and scores; see :class:`.SemanticSegmentationLabelStore`.

        Args:
            uri: Folder.
            crs_transformer: Between pixels and the map.
            class_config: The classes.
            bbox: The part of the image that the labels cover.
            tmp_dir: A folder for temporary files.
            save_as_rgb: Write colours, not class ids.
            discrete_output: Write labels.tif.
            smooth_output: Write scores.tif and pixel_hits.npy.
            smooth_as_uint8: Write scores as integers from 0 to 255.
            rasterio_block_size: Height and width of the GeoTIFFs' blocks.
            vector_outputs: Vector outputs to write.
            profile_overrides: Further options of the GeoTIFFs.
        """
        options = {'save_as_rgb': save_as_rgb, 'discrete_output': discrete_output, 'vector_outputs': vector_outputs}
        options |= {'smooth_output': smooth_output, 'smooth_as_uint8': smooth_as_uint8}
        store = lazy.load(STORE)(
            uri, crs_transformer, class_config, bbox, tmp_dir, rasterio_block_size=rasterio_block_size, **options
        )
        store.save(self, profile=profile_overrides)
