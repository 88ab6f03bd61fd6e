"""Moves features."""

from typing import TYPE_CHECKING

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.features import Features
from rastervision.core.data.vector_transformer.vector_transformer import FeaturesTransformer
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

lazy.also_give(
    __name__,
    'rastervision.core.data.geojson: map_geoms map_to_pixel_coords pixel_to_map_coords',
    'rastervision.core.data.vector_transformer.vector_transformer: VectorTransformer',
)

METERS_PER_DEGREE = 111319.5
RADIANS_PER_DEGREE = np.pi / 180
WGS84 = 'epsg:4326'
GRID = 5  # points along a side of a region, to tell how far it is moved


class ShiftTransformer(FeaturesTransformer):
    """Moves features by metres on the ground, for labels that lie beside what they label."""

    def __init__(self, x_shift: float = 0.0, y_shift: float = 0.0, round_pixels: bool = True) -> None:
        """Make a transformer.

        Args:
            x_shift: Metres to the east.
            y_shift: Metres to the north.
            round_pixels: Of no effect: the result keeps its fractions of pixels. Raster Vision 0.31 rounded it down.
        """
        self.x_shift = x_shift
        self.y_shift = y_shift
        self.round_pixels = round_pixels

    def transform_features(self, features: Features, crs_transformer: 'CRSTransformer | None' = None) -> Features:
        """Move the geometries; the properties stay. Costs one call for all coordinates.

        Args:
            features: In pixel coordinates.
            crs_transformer: Between pixel and map coordinates.

        Raises:
            DataError: If the scene is not georeferenced.
        """
        if len(features) == 0:
            return features
        wgs84 = self.make_wgs84_transformer(crs_transformer)
        on_map = shapely.transform(wgs84.to_map(features.geometries), self._shift)
        return features.with_geometries(wgs84.to_pixels(on_map))

    def reach(self, region: Box, crs_transformer: 'CRSTransformer | None' = None) -> float:
        """Twice the longest way that a point in the region is moved, because points around it are moved further.

        Raises:
            DataError: If the scene is not georeferenced.
        """
        sides = (np.linspace(low, high, GRID) for low, high in ((region.xmin, region.xmax), (region.ymin, region.ymax)))
        points = np.asarray(shapely.points(np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)))
        shifted = self.transform_features(Features(points, [{}] * len(points)), crs_transformer)
        return 2 * float(shapely.distance(points, shifted.geometries).max()) + 1

    def make_wgs84_transformer(self, crs_transformer: 'CRSTransformer | None') -> RasterioCRSTransformer:
        """A transformer between pixels of the scene and degrees of longitude and latitude.

        Raises:
            DataError: If the scene is not georeferenced.
        """
        transform = None if crs_transformer is None else crs_transformer.transform
        if crs_transformer is None or transform is None or crs_transformer.image_crs is None:
            raise DataError(
                f'ShiftTransformer moves features by metres, but {crs_transformer!r} does not say where on earth the '
                'image is. Use an image that is georeferenced.'
            )
        return RasterioCRSTransformer(
            transform, crs_transformer.image_crs, WGS84, sensor=getattr(crs_transformer, 'sensor', None)
        )

    def _shift(self, lon_lat: np.ndarray) -> np.ndarray:
        """Move points, (n, 2), in degrees, on a sphere."""
        latitude = lon_lat[:, 1]
        d_lon = self.x_shift / (METERS_PER_DEGREE * np.cos(latitude * RADIANS_PER_DEGREE))
        d_lat = np.full_like(latitude, self.y_shift / METERS_PER_DEGREE)
        shifted: np.ndarray = lon_lat + np.stack([d_lon, d_lat], axis=1)
        return shifted
