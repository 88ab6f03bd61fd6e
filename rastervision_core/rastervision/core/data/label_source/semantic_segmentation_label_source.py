"""Ground truth for semantic segmentation."""

from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chips import pad_to_window_size
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels,
    SemanticSegmentationLabels,
)
from rastervision.core.data.label_source.label_source import LabelSource
from rastervision.core.data.raster_source.aligned_source import AlignedSource, on_grid_of
from rastervision.core.data.raster_source.pixel_map import full_extent
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import LabelError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig

lazy.also_give(__name__, 'rastervision.core.data.class_config: ClassConfig')


FEW = 10  # values that are shown


class SemanticSegmentationLabelSource(LabelSource):
    """Gives each pixel the class id that a raster has there.

    Attributes:
        raster_source: The raster.
        class_config: The classes.
        nodata_is_null: Whether what has no data in the raster is of the null class. If not, it is 0, as in any chip.
            If None was given: if a value that stands for NODATA is no class id, and there is a null class. NaN is no
            data.
        image_nodata_is_null: Whether that holds for what has no data in `image` too.
        image: The imagery of the scene, on the same grid of pixels. A :class:`.Scene` sets it.
    """

    def __init__(
        self,
        raster_source: RasterSource,
        class_config: 'ClassConfig',
        bbox: Box | None = None,
        *,
        nodata_is_null: bool | None = None,
        image_nodata_is_null: bool = False,
    ) -> None:
        """Make a source.

        Args:
            raster_source: A raster of class ids with one channel. Its bbox is set if one is given here.
            class_config: The classes.
            bbox: The part of the scene to give labels for, in pixels. None: that of the raster source.
            nodata_is_null: See the class.
            image_nodata_is_null: See the class.

        Raises:
            LabelError: If the raster has more than one channel.
            ConfigError: If there is no null class, but NODATA shall be of it.
        """
        if raster_source.num_channels != 1:
            raise LabelError(
                f'A raster of labels must have one channel with class ids, but {raster_source!r} has '
                f'{raster_source.num_channels}. Choose one by channel_order, or turn colours into class ids with an '
                'RGBClassTransformer.'
            )
        self.raster_source = raster_source
        self.class_config = class_config
        self._nan_is_null = nodata_is_null is not False and class_config.null_class is not None
        if nodata_is_null is None:
            names = class_config.names
            is_no_class = any(not is_class_id(value, len(names)) for value in raster_source.nodata_values)
            nodata_is_null = class_config.null_class is not None and is_no_class
        self.nodata_is_null = nodata_is_null
        self.image_nodata_is_null = image_nodata_is_null
        self.image: RasterSource | None = None
        self._null_class_id = class_config.null_class_id if nodata_is_null or image_nodata_is_null else None
        if bbox is not None:
            self.set_bbox(bbox)

    @property
    def bbox(self) -> Box:
        """The part of the scene that labels are given for, in pixels of the scene."""
        return self.raster_source.bbox

    @property
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the scene."""
        return self.raster_source.crs_transformer

    def put_on_grid_of(self, image: RasterSource) -> None:
        """Give labels on the pixels of an image: the nearest of the raster, if its grid is another one.

        Raises:
            DataError: If nothing says where the raster is in the image.
        """
        transformer, extent = image.crs_transformer, full_extent(image)
        self.raster_source = on_grid_of(self.raster_source, transformer, extent, image.bbox)
        self.image = image

    def set_bbox(self, bbox: Box) -> None:
        """Give labels for another part of the scene."""
        self.raster_source.set_bbox(bbox)

    def get_label_arr(self, window: Box | None = None) -> np.ndarray:
        """Class ids of the pixels of a window.

        Args:
            window: In pixels relative to `bbox`. None: the extent.

        Returns:
            Array (height, width) of the raster's dtype. What the raster source leaves out below and to the right of
            the window is of the null class, and so are pixels that the raster does not cover, if there is one.

        Raises:
            LabelError: If there is a value that is no class id.
        """
        window = self.extent if window is None else window
        class_ids: np.ndarray = self.raster_source.get_chip(window)[..., 0]
        if class_ids.shape != window.size:
            class_ids = self._padded(class_ids, window)
        if isinstance(self.raster_source, AlignedSource) and self.class_config.null_class is not None:
            null_class_id = class_ids.dtype.type(self.class_config.null_class_id)
            class_ids = np.where(self.raster_source.outside(window), null_class_id, class_ids)
        for source in self._null_where_nodata:
            mask = source.get_nodata_mask(window)
            if mask is not None:
                class_ids = np.where(mask, class_ids.dtype.type(self._null_class_id), class_ids)
        if self._nan_is_null and class_ids.dtype.kind == 'f':
            class_ids = np.where(np.isnan(class_ids), self.class_config.null_class_id, class_ids)
        self._check(class_ids, window)
        return class_ids

    def _padded(self, class_ids: np.ndarray, window: Box) -> np.ndarray:
        """What a raster source of a plugin gives of a window that reaches over its edge, in the window's size."""
        read = window.ymin + class_ids.shape[0], window.xmin + class_ids.shape[1]
        null_class_id = class_ids.dtype.type(self.class_config.null_class_id)
        return pad_to_window_size(class_ids, window, Box(window.ymin, window.xmin, *read), null_class_id)

    def _check(self, class_ids: np.ndarray, window: Box) -> None:
        """See that all pixels are of a class."""
        count = len(self.class_config)
        if not class_ids.size or (class_ids.dtype.kind in 'iub' and 0 <= class_ids.min() <= class_ids.max() < count):
            return
        found = np.unique(class_ids)
        wrong = [value for value in found.tolist() if not is_class_id(value, count)]
        if wrong:
            raise LabelError(
                f'{self.raster_source!r} has the values {wrong[:FEW]!r} in window {window!r}, which are no class ids. '
                f'These go from 0 to {count - 1}: {self.class_config.names!r:.500}. Make them class ids with a '
                'ReclassTransformer, or NODATA (gdal_edit.py -a_nodata), which is of the null class.'
            )

    def get_labels(self, window: Box | None = None) -> SemanticSegmentationLabels:
        """Labels of a window; those outside of it are empty. The whole extent is held, see `get_label_arr`."""
        window = self.extent if window is None else window
        labels = SemanticSegmentationDiscreteLabels.make_empty(self.extent, len(self.class_config))
        labels[window] = self.get_label_arr(window)
        return labels

    @property
    def _null_where_nodata(self) -> list[RasterSource]:
        """What has labels of the null class where it has no data."""
        sources = [self.raster_source] if self.nodata_is_null else []
        return [*sources, self.image] if self.image_nodata_is_null and self.image is not None else sources

    def __getitem__(self, key: Any) -> Any:
        """Class ids of the pixels of a window; see `get_label_arr` and the base class."""
        return self.get_label_arr(key) if isinstance(key, Box) else super().__getitem__(key)


def is_class_id(value: float, count: int) -> bool:
    """Whether a value of a raster is one of so many class ids."""
    return 0 <= value < count and float(value).is_integer()
