"""Polygons as a raster of class ids."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from rasterio.features import rasterize

from rastervision.core.box import Box
from rastervision.core.data.chips import resize
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.features import Features, check_are_areas
from rastervision.core.data.geojson import geodataframe_to_features
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.errors import LabelError

if TYPE_CHECKING:
    import geopandas as gpd

    from rastervision.core.data.vector_source.vector_source import VectorSource

DTYPE = np.dtype(np.uint8)


class RasterizedSource(RasterSource):
    """Draws polygons as a raster of one channel, uint8: the class id of the polygon, or the background's.

    Where polygons overlap, the one that comes later in the data is on top. Windows that
    reach over the edges of the bbox show the polygons that are there.

    Polygons are read and indexed when the source is made: those around the bbox, if the vector source can read parts,
    and others when a window asks for them. A window then costs its pixels and the polygons that intersect it, however
    many there are elsewhere.
    """

    def __init__(
        self,
        vector_source: 'VectorSource',
        background_class_id: int,
        bbox: Box | None = None,
        all_touched: bool = False,
        raster_transformers: Sequence[RasterTransformer] = (),
    ) -> None:
        """Make a source.

        Args:
            vector_source: Where the polygons come from; each must have a class id from 0 to 255.
            background_class_id: Class id of pixels that no polygon covers.
            bbox: The part of the scene to draw, in pixels. None: the extent of the polygons.
            all_touched: Whether a polygon covers each pixel that it touches, or those whose centre is inside.
            raster_transformers: What is applied to each chip, in that order.

        Raises:
            LabelError: If a feature is not a polygon, or has no class id that fits; or there are features, and none of
                them has a class.
            DataError: If there are features, and all lie far away.
        """
        self.vector_source = vector_source
        self.background_class_id = background_class_id
        self.all_touched = all_touched
        if bbox is not None:
            vector_source.check_meets(bbox)
        vector_source.check_some_have_a_class(bbox)
        self._checked: Features | None = None
        self._polygons_around(bbox)
        super().__init__(
            channel_order=[0],
            num_channels_raw=1,
            dtype_raw=DTYPE,
            bbox=vector_source.extent if bbox is None else bbox,
            raster_transformers=raster_transformers,
        )

    @cached_property
    def df(self) -> 'gpd.GeoDataFrame':
        """All polygons, with their class ids, in pixels of the scene; made when first asked for."""
        return self.vector_source.get_dataframe()

    @property
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the scene."""
        return self.vector_source.crs_transformer

    def set_bbox(self, bbox: Box) -> None:
        """Draw another part of the scene; see the base class.

        Raises:
            DataError: If there are polygons, and all lie far away.
        """
        self.vector_source.check_meets(bbox)
        super().set_bbox(bbox)

    def validate_labels(self, df: 'gpd.GeoDataFrame') -> None:
        """Check that all rows are polygons with a class id from 0 to 255.

        Raises:
            LabelError: Saying which is not.
        """
        _check(geodataframe_to_features(df), 'the data frame')

    def _get_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        window = window.to_global_coords(self.bbox)
        chip = _draw(self._polygons_around(window), window, self.background_class_id, all_touched=self.all_touched)
        return (chip if out_shape is None else resize(chip, out_shape, nearest=True))[..., np.newaxis]

    def _polygons_around(self, region: Box | None) -> Features:
        """Polygons among which are all that intersect a region in pixels of the scene; None: everywhere."""
        source = self.vector_source
        polygons = source.get_features() if region is None else source.features_around(region)
        if polygons is not self._checked:
            with source.naming_files():
                _check(polygons, f'{source!r}')
            self._checked = polygons
        return polygons


def geoms_to_raster(df: 'gpd.GeoDataFrame', window: Box, background_class_id: int, all_touched: bool) -> np.ndarray:
    """Draw the polygons of a data frame.

    Args:
        df: Polygons with a column `class_id`, in the coordinates of the window. Later ones are on top.
        window: The window to draw.
        background_class_id: Class id of pixels that no polygon covers.
        all_touched: Whether a polygon covers each pixel that it touches, or those whose centre is inside.

    Returns:
        Class ids, (height, width), uint8.
    """
    return _draw(geodataframe_to_features(df), window, background_class_id, all_touched=all_touched)


def _draw(polygons: Features, window: Box, background_class_id: int, *, all_touched: bool) -> np.ndarray:
    hits = polygons.intersecting(window)
    chip = np.full(window.size, background_class_id, dtype=DTYPE)
    if len(hits) and chip.size:
        geometries, drawn = polygons.drawable(hits, window)
        shapes = list(zip(geometries, polygons.class_ids[drawn].tolist(), strict=True))
        if not shapes:
            return chip
        rasterize(shapes, out=chip, transform=Affine.translation(window.xmin, window.ymin), all_touched=all_touched)
    return chip


def _check(features: Features, where: str) -> None:
    check_are_areas(features, where)
    class_ids = features.class_ids
    if len(class_ids) and not 0 <= class_ids.min() <= class_ids.max() <= np.iinfo(DTYPE).max:
        raise LabelError(
            f'Class ids of {where} go from {class_ids.min()} to {class_ids.max()}, but a raster of labels holds 0 to '
            f'{np.iinfo(DTYPE).max}. Give the classes other ids with a ClassInferenceTransformer.'
        )
