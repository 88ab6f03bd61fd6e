"""Where pixels are of images as sensors take them: by control points or rational polynomials, not on a map's grid."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import TransformNotInvertibleError
from rasterio.control import GroundControlPoint
from rasterio.enums import TransformDirection
from rasterio.errors import TransformError
from rasterio.transform import GCPTransformer, RPCTransformer, from_gcps

from rastervision.core.box import Box
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from affine import Affine
    from rasterio.rpc import RPC

XY = tuple[np.ndarray, np.ndarray]
RPC_CRS = 'epsg:4326'
# GDAL stops at a tenth of a pixel, else.
RPC_PRECISION = {'RPC_PIXEL_ERROR_THRESHOLD': 1e-7, 'RPC_MAX_ITERATIONS': 100}
REFINEMENTS = 10  # steps towards the pixel that maps to a point; each gains a digit or more


class SensorModel(ABC):
    """Transforms between fractions of pixels, counted from the image's corner, and coordinates of a CRS.

    GDAL makes the model anew for each call, so pass many points at once. Can be pickled and shared by threads.

    Attributes:
        affine: The affine transformation that is nearest to the model, from pixels to coordinates.
        crs: The CRS as text, or None.
    """

    affine: 'Affine'
    crs: str | None

    def from_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        """Coordinates of pixels (columns, rows); arrays of any shape."""
        return self._run(x, y, TransformDirection.forward)

    def to_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        """Pixels (columns, rows) of coordinates; arrays of any shape."""
        return self._run(x, y, TransformDirection.reverse)

    @abstractmethod
    def georeference(self, origin: Box) -> dict[str, Any]:
        """Options for `rasterio.open` that place a raster of the same pixels, which begins at a box, on the map."""

    @abstractmethod
    def _make(self) -> Any:
        """GDAL's transformer: a context manager."""

    def _run(self, x: np.ndarray, y: np.ndarray, direction: TransformDirection) -> XY:
        shape = np.broadcast_shapes(np.shape(x), np.shape(y))
        flat = [np.broadcast_to(values, shape).astype(np.float64).ravel() for values in (x, y)]
        if not flat[0].size:
            return np.empty(shape), np.empty(shape)
        try:
            with self._make() as transformer:
                x, y = transformer._transform(*flat, np.zeros(flat[0].size), direction)
        except TransformError as error:
            raise DataError(f'{type(self).__name__}: coordinates cannot be transformed: {error}.') from error
        return np.asarray(x).reshape(shape), np.asarray(y).reshape(shape)


class ControlPoints(SensorModel):
    """The polynomial through ground control points: linear for up to five of them, quadratic for more.

    Attributes:
        points: The points.
    """

    def __init__(self, points: Sequence[GroundControlPoint], crs: Any) -> None:
        """Make a model.

        Args:
            points: At least three points, not in a line.
            crs: Their CRS, of rasterio, or None.

        Raises:
            DataError: If the points do not suffice.
        """
        self.points = list(points)
        self.crs = crs.to_wkt() if crs else None
        try:
            self.affine = from_gcps(self.points)
            self._inverse = ~self.affine
        except (TransformError, ValueError, TransformNotInvertibleError) as error:
            raise DataError(
                f'{len(self.points)} ground control points do not say where the image is: {error}. It needs three or '
                'more that are not in a line.'
            ) from error

    def to_pixels(self, x: np.ndarray, y: np.ndarray) -> XY:
        """The pixels that `from_pixels` has at these coordinates; GDAL's own inverse is another fit, a little off."""
        columns, rows = super().to_pixels(x, y)
        linear = self._inverse
        for _ in range(REFINEMENTS):
            found_x, found_y = self.from_pixels(columns, rows)
            dx, dy = x - found_x, y - found_y
            columns, rows = columns + linear.a * dx + linear.b * dy, rows + linear.d * dx + linear.e * dy
        return columns, rows

    def georeference(self, origin: Box) -> dict[str, Any]:
        """The points, moved."""
        moved = [
            GroundControlPoint(p.row - origin.ymin, p.col - origin.xmin, p.x, p.y, p.z, p.id, p.info)
            for p in self.points
        ]
        return {'gcps': moved, 'crs': self.crs}

    def _make(self) -> Any:
        return GCPTransformer(self.points)


class RationalPolynomials(SensorModel):
    """Rational polynomials (RPCs), on flat ground at the height that they are centred on.

    Where ground is higher or lower, points are off by up to the difference in height, the more the sensor looked
    sideways. To avoid that, orthorectify with an elevation model (gdalwarp -rpc -to RPC_DEM=dem.tif).

    Attributes:
        polynomials: The polynomials.
    """

    def __init__(self, polynomials: 'RPC', size: tuple[int, int]) -> None:
        """Make a model.

        Args:
            polynomials: The polynomials.
            size: Height and width of the image.

        Raises:
            DataError: If the polynomials do not say where the image is.
        """
        self.polynomials = polynomials
        self.crs = RPC_CRS
        height, width = size
        rows, columns = np.array([0, 0, height, height]), np.array([0, width, 0, width])
        x, y = self.from_pixels(columns, rows)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise DataError(
                f'The rational polynomials of the image have no place for its corners: {polynomials!r:.300}. '
                'Remove them, or georeference the image otherwise.'
            )
        corners = zip(rows, columns, x, y, strict=True)
        self.affine = from_gcps([GroundControlPoint(*map(float, corner)) for corner in corners])

    def georeference(self, origin: Box) -> dict[str, Any]:
        """The polynomials, moved."""
        moved = copy.copy(self.polynomials)
        moved.line_off, moved.samp_off = moved.line_off - origin.ymin, moved.samp_off - origin.xmin
        return {'rpcs': moved}

    def _make(self) -> Any:
        return RPCTransformer(self.polynomials, RPC_HEIGHT=self.polynomials.height_off, **RPC_PRECISION)


def read_sensor_model(dataset: Any) -> SensorModel | None:
    """The model of an open rasterio dataset that has control points or, failing these, polynomials; else None."""
    points, crs = dataset.gcps
    if points:
        return ControlPoints(points, crs)
    return RationalPolynomials(dataset.rpcs, dataset.shape) if dataset.rpcs else None
