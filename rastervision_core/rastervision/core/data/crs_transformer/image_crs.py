"""Transformations to the CRS of an image instead of that of the map."""

import numpy as np
from pyproj import Transformer

from rastervision.core.data.crs_transformer.crs_transformer import XY, CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer


def in_image_crs(crs_transformer: CRSTransformer) -> CRSTransformer:
    """A transformer whose map coordinates are those of the image's CRS, which its pixels are a grid of.

    What is in that CRS already is placed without a loss; what is in another one gets there by the way that PROJ knows
    between the two, which may be metres more exact than two ways by a third one such as EPSG:4326.
    """
    if isinstance(crs_transformer, RasterioCRSTransformer) and not crs_transformer.goes_another_way:
        return RasterioCRSTransformer(
            crs_transformer.transform,
            crs_transformer.image_crs,
            None,
            crs_transformer.round_pixels,
            sensor=crs_transformer.sensor,
            width=crs_transformer.width,
        )
    if isinstance(crs_transformer, IdentityCRSTransformer) or crs_transformer.image_crs is None:
        return crs_transformer
    return _ThroughMap(crs_transformer)


class _ThroughMap(CRSTransformer):
    """Goes to the image's CRS by way of the map, for transformers of plugins."""

    def __init__(self, inner: CRSTransformer) -> None:
        super().__init__(inner.transform, inner.image_crs, inner.image_crs)
        self._inner = inner
        map_crs = inner.map_crs or inner.image_crs
        self._from_map = Transformer.from_crs(map_crs, inner.image_crs, always_xy=True)

    def _map_to_pixel(self, point: XY) -> XY:
        return self._inner.to_pixels(self._from_map.transform(*point, direction='INVERSE'))

    def _pixel_to_map(self, point: XY) -> XY:
        x, y = self._from_map.transform(*self._inner.to_map(point))
        return np.asarray(x), np.asarray(y)
