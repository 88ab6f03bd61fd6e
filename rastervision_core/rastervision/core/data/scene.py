"""A scene: imagery of an area with its labels."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize

from rastervision.core.data.bboxes import match_bboxes
from rastervision.core.data.geojson import geoms_to_bbox_coords
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.pipeline.errors import ArgumentError, DataError, RasterVisionError

if TYPE_CHECKING:
    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry

    from rastervision.core.box import Box
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.label_store.label_store import LabelStore
    from rastervision.core.data.raster_source.raster_source import RasterSource

log = logging.getLogger(__name__)


class Scene:
    """Imagery of an area, with ground truth and a place for predictions.

    Pixel coordinates of windows are relative to the upper left corner of `bbox`.

    Attributes:
        id: Name of the scene.
        raster_source: The imagery.
        label_source: Ground truth, or None.
        label_store: Where predictions are, or None.
        aoi_polygons: Areas of interest, in pixels of the whole image. Empty: no limits.
        aoi_polygons_bbox_coords: The same, relative to `bbox`.
    """

    def __init__(
        self,
        id: str,
        raster_source: 'RasterSource',
        label_source: 'LabelSource | None' = None,
        label_store: 'LabelStore | None' = None,
        aoi_polygons: 'list[BaseGeometry] | None' = None,
    ) -> None:
        """Put the parts together; labels get the bounding box of the image.

        Args:
            id: Name of the scene.
            raster_source: The imagery.
            label_source: Ground truth.
            label_store: Where predictions are.
            aoi_polygons: Areas of interest, in pixels of the whole image. Those that do not meet the bounding box
                are left out. None, or an empty list: no limits.

        Raises:
            ArgumentError: If an area of interest is not a polygon.
            DataError: If the imagery has complex numbers, or areas of interest are given, and none meets the bounding
                box.
        """
        self.id = id
        self.raster_source = raster_source
        self.label_source = label_source
        self.label_store = label_store
        with naming_scene(id):
            if isinstance(label_source, SemanticSegmentationLabelSource):
                label_source.put_on_grid_of(raster_source)
            for labels in (label_source, label_store):
                if labels is not None:
                    match_bboxes(raster_source, labels)
            _check_imagery(raster_source)
            self.aoi_polygons = _polygons_in(aoi_polygons or [], self.bbox)
        shifted = geoms_to_bbox_coords(self.aoi_polygons, self.bbox)
        self.aoi_polygons_bbox_coords = cast('list[Polygon]', list(shifted))

    @property
    def extent(self) -> 'Box':
        """The scene in its own pixel coordinates, from zero."""
        return self.raster_source.extent

    @property
    def bbox(self) -> 'Box':
        """The part of the image that the scene is, in pixels of the whole image."""
        return self.raster_source.bbox

    def __getitem__(self, key: Any) -> tuple[Any, Any]:
        """Pixels and label of a window.

        Args:
            key: A `Box`, or slices as those of an array.

        Returns:
            What `raster_source[key]` and `label_source[key]` give; None as label without a label source.

        Raises:
            RasterVisionError: If something cannot be read; the message names the scene.
        """
        with naming_scene(self.id):
            return self.raster_source[key], None if self.label_source is None else self.label_source[key]

    def aoi_mask(self, window: 'Box') -> np.ndarray | None:
        """Which pixels of a window are inside the AOI: those whose centres are.

        Args:
            window: In pixels relative to `bbox`.

        Returns:
            Bool array (height, width); None if all are inside, or there is no AOI.
        """
        if not self.aoi_polygons_bbox_coords:
            return None
        parts = self._aoi_tree.geometries.take(self._aoi_tree.query(window.to_shapely()))
        clipped = shapely.get_parts(shapely.clip_by_rect(parts, window.xmin, window.ymin, window.xmax, window.ymax))
        shapes = [(part, 1) for part in clipped if part.area > 0]  # not edges that only touch the window
        if not shapes:
            return np.zeros(window.size, dtype=bool)
        offset = Affine.translation(window.xmin, window.ymin)
        mask = rasterize(shapes, out_shape=window.size, transform=offset, dtype='uint8').astype(bool)
        return None if mask.all() else mask

    @cached_property
    def _aoi_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.aoi_polygons_bbox_coords)

    def __repr__(self) -> str:
        """Id and parts."""
        return f'Scene(id={self.id!r}, raster_source={self.raster_source!r}, label_source={self.label_source!r})'


@contextmanager
def naming_scene(scene_id: str) -> Iterator[None]:
    """While this is entered, messages of errors are given the scene's name."""
    try:
        yield
    except RasterVisionError as error:
        name_scene(error, scene_id)
        raise


def name_scene(error: RasterVisionError, scene_id: str) -> None:
    """Put a scene's name before the message of an error, if it is not there."""
    prefix = f'scene {scene_id!r}: '
    if not str(error).startswith(prefix):
        error.args = (f'{prefix}{error}',)


def _check_imagery(source: 'RasterSource') -> None:
    """See that pixels are numbers that a model can learn from; warn if they are names of colours.

    Raises:
        DataError: If they are complex numbers.
    """
    if source.dtype.kind == 'c':
        raise DataError(
            f'{source!r} has complex numbers ({source.dtype}), which models do not take. Make it an image of its '
            'amplitude: gdal_translate DERIVED_SUBDATASET:AMPLITUDE:image.tif amplitude.tif. Or give a '
            'RasterTransformer that makes real numbers of them.'
        )
    if getattr(source, 'has_palette', False) and source.num_channels == 1:
        log.warning(
            '%r has a colour table: its pixels are indices, not brightness. Set expand_palette to use its colours.',
            source,
        )


def _polygons_in(geoms: 'Iterable[BaseGeometry]', bbox: 'Box') -> 'list[Polygon]':
    """Single polygons, those that meet a box.

    Raises:
        ArgumentError: If there is something that is no polygon.
        DataError: If there are polygons, and none has some area in the box.
    """
    parts = shapely.get_parts(np.asarray(list(geoms), dtype=object))
    wrong = parts[shapely.get_type_id(parts) != shapely.GeometryType.POLYGON]
    if len(wrong):
        kinds = sorted({geom.geom_type for geom in wrong})
        raise ArgumentError(f'Areas of interest must be polygons, but there are: {", ".join(kinds)}.')
    areas = shapely.area(shapely.intersection(shapely.make_valid(parts), bbox.to_shapely()))
    inside = list(parts[areas > 0])
    if len(parts) and not inside:
        xmin, ymin, xmax, ymax = shapely.total_bounds(parts)
        raise DataError(
            f'None of the {len(parts)} areas of interest is in the image: they are in x {xmin:.9g} to {xmax:.9g}, y '
            f'{ymin:.9g} to {ymax:.9g}, the image is {bbox!r} (pixels).'
        )
    return inside
