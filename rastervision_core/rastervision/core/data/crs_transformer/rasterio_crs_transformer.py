"""Transformations between pixels and map coordinates for georeferenced images."""

import threading
from typing import Any, Self

import numpy as np
from affine import Affine
from pyproj import CRS, Transformer

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import XY, CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.sensor_model import SensorModel, read_sensor_model
from rastervision.core.defaults import MAP_CRS
from rastervision.pipeline.errors import DataError


class _Transformers(threading.local):
    """pyproj's transformers, which are dear to make and must not be shared by threads."""

    def __init__(self) -> None:
        self.by_pair: dict[tuple[str, str], Transformer] = {}

    def get(self, source: str, target: str) -> Transformer:
        if (source, target) not in self.by_pair:
            self.by_pair[source, target] = Transformer.from_crs(source, target, always_xy=True)
        return self.by_pair[source, target]


_transformers = _Transformers()


class RasterioCRSTransformer(CRSTransformer):
    """Transforms by the affine transformation of an image and between two CRSs.

    A pixel is mapped to the coordinates of its centre, and a point to the pixel that it lies in, so that whole pixels
    come back as they were.

    Attributes:
        round_pixels: Whether pixel coordinates are whole numbers. If not, a point is mapped to fractions of pixels,
            counted from a pixel's upper left corner.
        sensor: What places pixels if the image is not on a grid of the map; `transform` is only near to it then.
    """

    transform: Affine

    def __init__(
        self,
        transform: Affine,
        image_crs: Any,
        map_crs: Any = MAP_CRS,
        round_pixels: bool = True,
        *,
        sensor: SensorModel | None = None,
    ) -> None:
        """Make a transformer.

        Args:
            transform: From pixels (column, row) to coordinates of `image_crs`.
            image_crs: The CRS of the image: anything that pyproj or rasterio takes. None: the map's.
            map_crs: The CRS of map coordinates, always with x (east) first. None: the image's.
            round_pixels: See the class.
            sensor: See the class. None: `transform` is exact.
        """
        super().__init__(transform, image_crs, image_crs if map_crs is None else map_crs)
        self.round_pixels = round_pixels
        self.sensor = sensor
        self._pixel_of = ~transform
        self._crs = _crs_pair(image_crs, map_crs)

    @classmethod
    def from_dataset(cls, dataset: Any, map_crs: str | None = MAP_CRS, **kwargs: Any) -> IdentityCRSTransformer | Self:
        """Make a transformer for an open rasterio dataset.

        An image that is not on a grid of the map, but has ground control points or rational polynomials (RPCs), is
        georeferenced by these, see :class:`.SensorModel`. One that has nothing gets an `IdentityCRSTransformer`.

        Args:
            dataset: The dataset.
            map_crs: See the class.
            kwargs: Passed to the class.
        """
        transform, crs = dataset.transform, dataset.crs
        sensor = read_sensor_model(dataset) if transform.is_identity else None
        if sensor is not None:
            return cls(sensor.affine, sensor.crs, map_crs, sensor=sensor, **kwargs)
        if crs is None and transform.is_identity:
            return IdentityCRSTransformer()
        return cls(transform, crs.to_wkt() if crs else None, map_crs, **kwargs)

    @classmethod
    def from_uri(cls, uri: str, map_crs: str | None = MAP_CRS, **kwargs: Any) -> IdentityCRSTransformer | Self:
        """Make a transformer for an image; only its header is read. See `from_dataset`.

        Raises:
            NotReadableError: If the image cannot be opened.
        """
        from rastervision.core.data.rasterio_io import open_raster, raster_errors

        with raster_errors(uri), open_raster(uri) as dataset:
            return cls.from_dataset(dataset, map_crs, **kwargs)

    def __repr__(self) -> str:
        return (
            f'RasterioCRSTransformer(transform={self.transform!r}, image_crs={self.image_crs!r:.80}, '
            f'map_crs={self.map_crs!r}, round_pixels={self.round_pixels})'
        )

    def is_mappable(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Which points, in map coordinates, are in the area that the image's CRS is made for."""
        if self._crs is not None:
            image_crs, map_crs = self._crs
            x, y = _transformers.get(map_crs, image_crs).transform(x, y)
        mappable: np.ndarray = np.isfinite(x) & np.isfinite(y)
        return mappable

    def _map_to_pixel(self, x: np.ndarray, y: np.ndarray) -> XY:
        x, y = self._to_pixels(x, y)
        return (np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)) if self.round_pixels else (x, y)

    def _pixel_to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        if self.round_pixels:
            x, y = np.trunc(x), np.trunc(y)
        return self._to_map(x + 0.5, y + 0.5)

    def _to_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        x, y = self._project(x, y, to_map=False)
        x, y = _affine(self._pixel_of, x, y) if self.sensor is None else self.sensor.to_pixels(x, y)
        return np.asarray(x), np.asarray(y)

    def _to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        x, y = _affine(self.transform, x, y) if self.sensor is None else self.sensor.from_pixels(x, y)
        return self._project(x, y, to_map=True)

    def georeference(self, bbox: Box | None = None) -> dict[str, Any]:
        """See the base class."""
        return super().georeference(bbox) if self.sensor is None else self.sensor.georeference(bbox or Box(0, 0, 0, 0))

    def _project(self, x: np.ndarray, y: np.ndarray, *, to_map: bool) -> XY:
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if self._crs is not None:
            image_crs, map_crs = self._crs
            pair = (image_crs, map_crs) if to_map else (map_crs, image_crs)
            x, y = (np.asarray(values) for values in _transformers.get(*pair).transform(x, y))
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            way = 'from the image to the map' if to_map else 'from the map to the image'
            raise DataError(
                f'Coordinates cannot be transformed {way}: they are outside the area of {self.image_crs!r:.80} or '
                f'{self.map_crs!r:.80}. Check that labels and image are about the same place, and their CRS.'
            )
        return x, y


def _affine(transform: Affine, x: np.ndarray, y: np.ndarray) -> XY:
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f


def _crs_pair(image_crs: Any, map_crs: Any) -> tuple[str, str] | None:
    """The two CRSs as text, or None if there is nothing to transform."""
    if image_crs is None or map_crs is None:
        return None
    image, map_ = CRS.from_user_input(image_crs), CRS.from_user_input(map_crs)
    return None if image == map_ else (image.to_wkt(), map_.to_wkt())
