"""Pixel coordinates as map coordinates."""

import numpy as np

from rastervision.core.data.crs_transformer.crs_transformer import XY, CRSTransformer


class IdentityCRSTransformer(CRSTransformer):
    """Takes pixel coordinates as map coordinates: for images that are not georeferenced."""

    def __repr__(self) -> str:
        return 'IdentityCRSTransformer()'

    def _map_to_pixel(self, point: XY) -> XY:
        return point

    def _pixel_to_map(self, point: XY) -> XY:
        return point

    def _to_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        return x, y

    def _to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        return x, y
