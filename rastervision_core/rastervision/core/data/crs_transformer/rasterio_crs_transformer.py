"""Transformations between pixels and map coordinates for georeferenced images."""

import threading
from typing import Any, Self

import numpy as np
from affine import Affine
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import EXACT, WHOLE_PIXELS, XY, CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.sensor_model import SensorModel, read_sensor_model
from rastervision.core.defaults import MAP_CRS
from rastervision.pipeline.errors import DataError, NotMappableError
from rastervision.pipeline.overriding import is_overridden

FULL_TURN = 360.0  # degrees
# Projections whose x grows with longitude alone, so that the earth lies beside itself again after a whole turn.
CYLINDRICAL = (
    'Central Cylindrical',
    'Equidistant Cylindrical',
    'Equidistant Cylindrical (Spherical)',
    'Gall Stereographic',
    'Lambert Cylindrical Equal Area',
    'Lambert Cylindrical Equal Area (Spherical)',
    'Mercator (Spherical)',
    'Mercator (variant A)',
    'Mercator (variant B)',
    'Mercator (variant C)',
    'Miller Cylindrical',
    'Popular Visualisation Pseudo Mercator',
)
NO_AREA = 1e-10  # area of a pixel, in squares of its longer side, that GDAL takes for none
RETURN_OFF = 1e-7  # pixels that a point may be off when it comes back from the map
LARGEST_OFF = 1000.0, 1e-2  # metres or feet, and degrees, that datums make; more is another turn around the earth
CORRECTIONS = 3
WAYS = (*EXACT, *WHOLE_PIXELS, 'to_pixels', 'to_map')


class _Transformers(threading.local):
    """pyproj's transformers, which are dear to make and must not be shared by threads."""

    def __init__(self) -> None:
        self.by_pair: dict[tuple[str, str], Transformer] = {}

    def get(self, source: str, target: str) -> Transformer:
        if (source, target) not in self.by_pair:
            try:
                # Without `force_over`, PROJ moves what is beyond the edge of such a map to its other edge, and a
                # polygon across it is torn apart.
                over = is_cylindrical(CRS.from_user_input(target))
                self.by_pair[source, target] = Transformer.from_crs(source, target, always_xy=True, force_over=over)
            except ProjError as error:
                raise DataError(
                    f'Coordinates cannot be transformed from {source!r:.200} to {target!r:.200}: PROJ knows no way. '
                    'Have labels in the CRS of the image, and set map_crs to None.'
                ) from error
        return self.by_pair[source, target]


_transformers = _Transformers()


def transform_between(source: str, target: str, x: np.ndarray, y: np.ndarray) -> XY:
    """Coordinates (x east, y north) in another CRS; infinite where it cannot hold them.

    Raises:
        DataError: If there is no way between the CRSs.
    """
    x, y = _transformers.get(source, target).transform(x, y)
    return np.asarray(x), np.asarray(y)


class RasterioCRSTransformer(CRSTransformer):
    """Transforms by the affine transformation of an image and between two CRSs.

    A pixel is mapped to the coordinates of its centre, and a point to the pixel that it lies in, so that whole pixels
    come back as they were.

    Attributes:
        round_pixels: Whether pixel coordinates are whole numbers. If not, a point is mapped to fractions of pixels,
            counted from a pixel's upper left corner.
        sensor: What places pixels if the image is not on a grid of the map; `transform` is only near to it then.
        width: Number of columns of the image, by which one in degrees, or on a cylindrical map, knows what turn around
            the earth is meant.
    """

    sensor: SensorModel | None

    def __init__(
        self,
        transform: Affine,
        image_crs: Any,
        map_crs: Any = MAP_CRS,
        round_pixels: bool = True,
        *,
        sensor: SensorModel | None = None,
        width: int | None = None,
    ) -> None:
        """Make a transformer.

        Args:
            transform: From pixels (column, row) to coordinates of `image_crs`.
            image_crs: The CRS of the image: anything that pyproj or rasterio takes. None: not known; map coordinates
                are then those of `transform`.
            map_crs: The CRS of map coordinates, always with x (east) first. None: the image's. Of an image without a
                CRS, or in a local one that has no place on earth, it is the image's in any case.
            round_pixels: See the class.
            sensor: See the class. None: `transform` is exact.
            width: See the class.

        Raises:
            DataError: If a CRS is none, or `transform` makes no grid of pixels.
        """
        image, map_ = _parse_crs(image_crs), _parse_crs(map_crs)
        if image is None or map_ is None or is_local_crs(image):
            map_crs, map_ = image_crs, image
        super().__init__(transform, image_crs, map_crs)
        self.round_pixels = round_pixels
        self.sensor = sensor  # after `transform`, which unsets it
        self.width = width
        self._is_geographic = image is not None and image.is_geographic
        self._turn = None if image is None else width_of_turn(image)
        self._crs = None if image is None or map_ is None or image == map_ else (image.to_wkt(), map_.to_wkt())

    @classmethod
    def from_dataset(cls, dataset: Any, map_crs: str | None = MAP_CRS, **kwargs: Any) -> IdentityCRSTransformer | Self:
        """Make a transformer for an open rasterio dataset.

        An image that is not on a grid of the map, but has ground control points or rational polynomials (RPCs), is
        georeferenced by these, see :class:`.SensorModel`. One that has nothing gets an `IdentityCRSTransformer`.

        Args:
            dataset: The dataset.
            map_crs: See the class.
            kwargs: Passed to the class.

        Raises:
            DataError: If its georeference makes no grid of pixels; the message names the dataset.
        """
        transform, crs = dataset.transform, dataset.crs
        try:
            sensor = read_sensor_model(dataset) if transform.is_identity else None
            if sensor is not None:
                return cls(sensor.affine, sensor.crs, map_crs, sensor=sensor, **kwargs)
            if crs is None and transform.is_identity:
                return IdentityCRSTransformer()
            return cls(transform, crs.to_wkt() if crs else None, map_crs, **{'width': dataset.width, **kwargs})
        except DataError as error:
            raise DataError(f'{dataset.name!r:.300}: {error}') from error

    @classmethod
    def from_uri(cls, uri: str, map_crs: str | None = MAP_CRS, **kwargs: Any) -> IdentityCRSTransformer | Self:
        """Make a transformer for an image; only its header is read. See `from_dataset`.

        Raises:
            NotReadableError: If the image cannot be opened.
        """
        from rastervision.core.data.rasterio_io import open_raster, raster_errors

        with raster_errors(uri), open_raster(uri) as dataset:
            return cls.from_dataset(dataset, map_crs, **kwargs)

    @property
    def transform(self) -> Affine:
        """From pixels to coordinates of `image_crs`.

        It may be set, and then counts in both directions; the image is on its grid from then on.
        """
        return self._transform

    @transform.setter
    def transform(self, transform: Affine) -> None:
        """Put the image on another grid.

        Raises:
            DataError: If `transform` makes no grid of pixels.
        """
        self._pixel_of = _inverse(transform)
        self._transform = transform
        self.sensor = None

    @property
    def map2image(self) -> Transformer | None:
        """pyproj's transformer from map coordinates to those of the image's CRS; None if both are the same."""
        return None if self._crs is None else _transformers.get(*reversed(self._crs))

    @property
    def image2map(self) -> Transformer | None:
        """pyproj's transformer from the image's CRS to map coordinates; None if both are the same."""
        return None if self._crs is None else _transformers.get(*self._crs)

    def __repr__(self) -> str:
        return (
            f'RasterioCRSTransformer(transform={self.transform!r}, image_crs={self.image_crs!r:.80}, '
            f'map_crs={self.map_crs!r}, round_pixels={self.round_pixels})'
        )

    @property
    def is_grid(self) -> bool:
        """Whether pixels lie on a grid of `image_crs`, which is all that there is to know of their place."""
        return self.sensor is None and not self.goes_another_way

    @property
    def goes_another_way(self) -> bool:
        """Whether a subclass has its own methods, which then say more than `transform` and the CRSs do."""
        return is_overridden(self, *WAYS, base=RasterioCRSTransformer)

    @property
    def turn(self) -> float | None:
        """After how many columns an image in degrees, or on a cylindrical map, is at the same place again; None for
        others.
        """
        a, b, _, d, _, _ = tuple(self.transform)[:6]
        return self._turn / abs(a) if self._turn is not None and self.is_grid and b == d == 0 else None

    @property
    def holds_other_turns(self) -> bool:
        """Whether points may be any number of turns around the earth away, so that what lies across the antimeridian
        can stay whole: on a grid of metres, or of so many degrees that it is known which turn is meant.
        """
        if self.image_crs is None or not self.is_grid:
            return False
        return not self._is_geographic or (self._crs is None and self.turn is not None and self.width is not None)

    def is_mappable(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Which points, in map coordinates, are in the area that the image's CRS is made for."""
        if self._crs is not None:
            image_crs, map_crs = self._crs
            x, y = transform_between(map_crs, image_crs, x, y)
        mappable: np.ndarray = np.isfinite(x) & np.isfinite(y)
        return mappable

    def _map_to_pixel(self, point: XY) -> XY:
        x, y = point
        if not self.round_pixels:
            return self._to_pixels(x, y)
        if self.sensor is None:
            # The pixel of a point on its very edge is that of Raster Vision 0.31 by this inverse, not by `_inverse`.
            x, y = _affine(~self.transform, *self._project(x, y, to_map=False))
        else:
            x, y = self._to_pixels(x, y)
        return np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)

    def _pixel_to_map(self, point: XY) -> XY:
        x, y = np.asarray(point[0]), np.asarray(point[1])
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
            x, y = self._project_to_map(x, y) if to_map else transform_between(map_crs, image_crs, x, y)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            way = 'from the image to the map' if to_map else 'from the map to the image'
            raise NotMappableError(
                f'Coordinates cannot be transformed {way}: they are outside the area of {self.image_crs!r:.80} or '
                f'{self.map_crs!r:.80}. Check that labels and image are about the same place, and their CRS.'
            )
        return x, y

    def _project_to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        """From the image's CRS to the map, so that the way back, which everyone else goes too, leads to the same place.

        Between datums, PROJ's two ways are millimetres apart, since height gets lost; and metres where it takes one of
        several operations by where a point is.
        """
        assert self._crs is not None
        image_crs, map_crs = self._crs
        found, from_x, from_y = transform_between(image_crs, map_crs, x, y), x, y
        a, b, _, d, e, _ = tuple(self.transform)[:6]
        enough = RETURN_OFF * min(np.hypot(a, d), np.hypot(b, e))
        for _ in range(CORRECTIONS):
            back_x, back_y = transform_between(map_crs, image_crs, *found)
            off = np.hypot(back_x - x, back_y - y)
            wrong = (off > enough) & (off < LARGEST_OFF[self._is_geographic])
            if not wrong.any():
                break
            from_x, from_y = from_x + np.where(wrong, x - back_x, 0), from_y + np.where(wrong, y - back_y, 0)
            found = transform_between(image_crs, map_crs, from_x, from_y)
        return found


def is_cylindrical(crs: CRS) -> bool:
    """Whether a CRS is a map on which x grows with longitude alone."""
    operation = crs.to_2d().coordinate_operation if crs.is_projected else None
    return operation is not None and operation.method_name in CYLINDRICAL


def width_of_turn(crs: CRS) -> float | None:
    """How far it is around the earth in x of a CRS in degrees, or of a cylindrical map; None for others."""
    if crs.is_geographic:
        return FULL_TURN
    if not is_cylindrical(crs):
        return None
    assert crs.geodetic_crs is not None
    x, _ = transform_between(crs.geodetic_crs.to_wkt(), crs.to_wkt(), np.array([0.0, FULL_TURN]), np.zeros(2))
    return float(x[1] - x[0])


def is_local_crs(crs: CRS) -> bool:
    """Whether a CRS is that of a site or a drawing, of which nobody but its makers knows where on earth it is."""
    return crs.is_engineering or any(
        is_local_crs(part) for part in (*crs.sub_crs_list, crs.source_crs) if part is not None
    )


def _affine(transform: Affine, x: np.ndarray, y: np.ndarray) -> XY:
    # In this order, as GDAL does; see `_inverse`.
    return transform.c + x * transform.a + y * transform.b, transform.f + x * transform.d + y * transform.e


def _inverse(transform: Affine) -> Affine:
    """The inverse, computed as GDAL does, so that a point on the very edge of pixels goes where GDAL puts it.

    Raises:
        DataError: If there is none.
    """
    a, b, c, d, e, f = (float(number) for number in tuple(transform)[:6])
    determinant = a * e - b * d
    if not np.isfinite([a, b, c, d, e, f]).all() or abs(determinant) <= NO_AREA * max(map(abs, (a, b, d, e))) ** 2:
        raise DataError(
            f'The geotransform {(a, b, c, d, e, f)!r} makes no grid of pixels: they have no area, or no place. Mend '
            'the world file or the georeference (gdal_edit.py -a_ullr), or remove it (gdal_edit.py -unsetgt).'
        )
    if b == d == 0:
        return Affine(1 / a, 0, -c / a, 0, 1 / e, -f / e)
    scale = 1 / determinant
    return Affine(e * scale, -b * scale, (b * f - c * e) * scale, -d * scale, a * scale, (c * d - a * f) * scale)


def _parse_crs(crs: Any) -> CRS | None:
    if crs is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except ProjError as error:
        raise DataError(
            f'{crs!r:.300} is no CRS: {error}. Give a code such as EPSG:4326, or the text of a CRS.'
        ) from error
