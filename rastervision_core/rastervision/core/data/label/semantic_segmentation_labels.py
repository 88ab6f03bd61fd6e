"""Labels of pixels."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely
from affine import Affine
from rasterio.features import geometry_mask

from rastervision.core.box import Box
from rastervision.core.data.label.counters import divide, highest, sum_type, with_room
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label.utils import discard_prediction_edges
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.semantic_segmentation_label_store_config import VectorOutputConfig

STORE = 'rastervision.core.data.label_store.semantic_segmentation_label_store:SemanticSegmentationLabelStore'
BLOCK_SZ_OF_SAVE = 512


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

    @abstractmethod
    def get_score_arr(self, window: Box) -> np.ndarray:
        """Scores of a window.

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
        kind = SemanticSegmentationSmoothLabels if smooth else SemanticSegmentationDiscreteLabels
        return kind(extent, num_classes)

    @classmethod
    def from_predictions(  # type: ignore[override]
        cls,
        windows: Iterable[Box],
        predictions: Iterable[Any],
        extent: Box,
        num_classes: int,
        smooth: bool = False,
        crop_sz: int | None = None,
    ) -> 'SemanticSegmentationLabels':
        """Labels from a model's predictions.

        Args:
            windows: The windows that were predicted.
            predictions: For each the class ids, (height, width), or, if `smooth`, the scores,
                (classes, height, width).
            extent: The pixels that have labels.
            num_classes: Number of classes.
            smooth: Whether predictions are scores.
            crop_sz: How many pixels to leave out at each side of a window.
        """
        labels = SemanticSegmentationLabels.make_empty(extent, num_classes, smooth=smooth)
        labels.add_predictions(windows, predictions, crop_sz=crop_sz)
        return labels

    def add_predictions(self, windows: Iterable[Box], predictions: Iterable[Any], crop_sz: int | None = None) -> None:
        """Add predictions of windows; see `from_predictions`."""
        if crop_sz is not None:
            windows, predictions = discard_prediction_edges(windows, predictions, crop_sz)
        for window, prediction in zip(windows, predictions, strict=True):
            self.add_window(window, prediction)

    # ---------------------------------------------------------------- internals
    def _slices(self, window: Box) -> tuple[slice, slice]:
        """Rows and columns of the arrays that a window covers."""
        local = window.intersection(self.extent).to_local_coords(self.extent)
        if not window.intersects(self.extent):
            return slice(0, 0), slice(0, 0)
        return slice(local.ymin, local.ymax), slice(local.xmin, local.xmax)

    def _inside(self, window: Box, values: np.ndarray) -> np.ndarray:
        """The part of a window's values, (..., height, width), that lies in the extent."""
        if values.shape[-2:] != tuple(window.size):
            raise DataError(
                f'The prediction of window {window!r} has shape {values.shape!r}, '
                f'which does not end with the height and width {tuple(window.size)!r}.'
            )
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
            pixel_class_ids: Class ids, (height, width).

        Raises:
            DataError: If a class id is not one of the classes, or the shape is not that of the window.
        """
        class_ids = self._inside(window, pixel_class_ids)
        if not class_ids.size:
            return
        if class_ids.min() < 0 or class_ids.max() >= self.num_classes:
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
        self.hit_mask[slices] = True

    def get_label_arr(self, window: Box, null_class_id: int = -1) -> np.ndarray:
        """Labels of a window; see :meth:`.SemanticSegmentationLabels.get_label_arr`."""
        slices = self._slices(window)
        labels = highest(self.pixel_counts[:, *slices])
        labels[~self.hit_mask[slices]] = null_class_id
        return labels

    def get_score_arr(self, window: Box) -> np.ndarray:
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

    Memory: a number for each class and pixel, and a counter for each pixel, which is made wider when it is full.

    Args:
        extent: The pixels that have labels.
        num_classes: Number of classes.
        dtype: Precision of scores, floating point: those that are added and their means are rounded to it, so that
            smaller differences decide nothing. Sums are never kept in less than float32.
        dtype_hits: Type of the counters to begin with, unsigned.

    Attributes:
        pixel_scores: Sums of scores, (classes, height, width).
        pixel_hits: How many predictions each pixel has, (height, width).
    """

    def __init__(self, extent: Box, num_classes: int, dtype: Any = np.float16, dtype_hits: Any = np.uint8) -> None:
        super().__init__(extent, num_classes, dtype)
        sums_type = np.promote_types(self.dtype, np.float32)
        self.pixel_scores = np.zeros((num_classes, self.height, self.width), dtype=sums_type)
        self.pixel_hits = np.zeros((self.height, self.width), dtype=dtype_hits)

    def __add__(self, other: Self) -> Self:
        """The sums over the predictions of both."""
        self._check_same_kind(other)
        hits_type = sum_type(self.pixel_hits, other.pixel_hits)
        result = type(self)(
            self.extent, self.num_classes, dtype=np.promote_types(self.dtype, other.dtype), dtype_hits=hits_type
        )
        np.add(self.pixel_scores, other.pixel_scores, out=result.pixel_scores)
        np.add(self.pixel_hits, other.pixel_hits, out=result.pixel_hits, dtype=hits_type)
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SemanticSegmentationSmoothLabels):
            return NotImplemented
        return (
            self.extent == other.extent
            and self.pixel_scores.shape == other.pixel_scores.shape
            and np.array_equal(self.pixel_hits, other.pixel_hits)
            and np.allclose(self.pixel_scores, other.pixel_scores)
        )

    __hash__ = None

    def __delitem__(self, window: Box) -> None:
        """Forget the scores of a window."""
        slices = self._slices(window)
        self.pixel_scores[:, *slices] = 0
        self.pixel_hits[slices] = 0

    def __getitem__(self, window: Box) -> np.ndarray:
        """The scores of a window, NaN where there are none."""
        return self.get_score_arr(window)

    def add_window(self, window: Box, pixel_class_scores: np.ndarray) -> None:
        """Add the scores of the pixels of a window.

        Args:
            window: The window.
            pixel_class_scores: Scores, (classes, height, width).

        Raises:
            DataError: If the shape is not that of the classes and the window.
        """
        scores = self._inside(window, pixel_class_scores)
        if scores.ndim != 3 or len(scores) != self.num_classes:
            raise DataError(
                f'The scores of window {window!r} have shape {pixel_class_scores.shape!r}; expected '
                f'{(self.num_classes, *window.size)!r}: (classes, height, width).'
            )
        slices = self._slices(window)
        self.pixel_hits = with_room(self.pixel_hits, slices)
        self.pixel_scores[:, *slices] += scores.astype(self.dtype)
        self.pixel_hits[slices] += 1

    def get_score_arr(self, window: Box) -> np.ndarray:
        """Mean scores of a window.

        Returns:
            (classes, height, width), the type of the sums. NaN where nothing was predicted.
        """
        slices = self._slices(window)
        scores = divide(self.pixel_scores[:, *slices], self.pixel_hits[slices])
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
    ) -> 'SemanticSegmentationSmoothLabels':
        """Labels from predicted scores; see :meth:`.SemanticSegmentationLabels.from_predictions`."""
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
