"""Widens points and lines to polygons."""

from typing import TYPE_CHECKING

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.core.data.geojson import buffer_features
from rastervision.core.data.vector_transformer.vector_transformer import FeaturesTransformer
from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer as VectorTransformer
from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

lazy.also_give(__name__, 'rastervision.core.data.geojson: buffer_geoms')


class BufferTransformer(FeaturesTransformer):
    """Widens geometries of one type by a buffer, in pixels, that may depend on the class."""

    def __init__(
        self,
        geom_type: str,
        class_bufs: dict[int, float | None] | None = None,
        default_buf: float | None = None,
    ) -> None:
        """Make a transformer.

        Args:
            geom_type: Type of the geometries to widen: `'Point'`, `'LineString'` or `'Polygon'`.
            class_bufs: Class id -> buffer in pixels. None as buffer: leave the class as it is.
            default_buf: Buffer of other classes. None: leave them as they are.
        """
        self.geom_type = geom_type
        self.class_bufs = class_bufs or {}
        self.default_buf = default_buf
        self.needs_classes = bool(self.class_bufs)

    def transform_features(self, features: Features, crs_transformer: 'CRSTransformer | None' = None) -> Features:
        """Widen the geometries; the properties stay. Costs one call for all features."""
        return buffer_features(features, self.geom_type, self.class_bufs, self.default_buf)

    def reach(self, region: Box, crs_transformer: 'CRSTransformer | None' = None) -> float:
        """The largest buffer."""
        return max(0, self.default_buf or 0, *(buffer or 0 for buffer in self.class_bufs.values()))
