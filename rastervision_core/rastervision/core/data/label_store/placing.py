"""Putting what was predicted in pixels on the map."""

from functools import cached_property
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import XY, CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.features import Features
from rastervision.core.data.vector_source.antimeridian import FULL, HALF, cut_at_antimeridian

TOLERANCE = 1e-3  # of a pixel
SHORT = 2  # edges up to this many pixels long are straight on any map


class Placer:
    """Transforms geometries from pixels to the map.

    Args:
        crs_transformer: From pixels to the map.
        bbox: What pixel coordinates are relative to. None: the image.
    """

    def __init__(self, crs_transformer: CRSTransformer, bbox: Box | None) -> None:
        self._crs_transformer, self._bbox = crs_transformer, bbox

    def place(self, geometries: np.ndarray, *, follow_edges: bool) -> np.ndarray:
        """Put geometries on the map.

        What crosses the antimeridian, in degrees, is cut there, as GeoJSON wants it (RFC 7946, section 3.1.9).

        Args:
            geometries: In pixels, (n,).
            follow_edges: Add points to edges that are straight lines of pixels but curves on the map, so that they are
                nowhere off by more than a thousandth of a pixel.

        Returns:
            The geometries in map coordinates, (n,).
        """
        if not len(geometries):
            return geometries
        if follow_edges:
            geometries = self._with_points_on_edges(geometries)
        placed: np.ndarray = self._crs_transformer.to_map(geometries, self._bbox)
        return self._cut(geometries, placed) if self._in_degrees else placed

    @cached_property
    def _in_degrees(self) -> bool:
        map_crs = self._crs_transformer.map_crs
        return map_crs is not None and bool(CRS.from_user_input(map_crs).is_geographic)

    def _with_points_on_edges(self, geometries: np.ndarray) -> np.ndarray:
        edges, owners = _edges(geometries)
        lengths = np.hypot(*(edges[:, 1] - edges[:, 0]).T)
        edges, owners, lengths = (values[lengths > SHORT] for values in (edges, owners, lengths))
        if not len(edges):
            return geometries
        middles = edges.mean(axis=1)
        found_x, found_y = self._crs_transformer.to_pixels(tuple(self._middles_on_map(edges).T), self._bbox)
        off = np.hypot(found_x - middles[:, 0], found_y - middles[:, 1])
        longest = np.full(len(geometries), np.inf)
        too_far = off > TOLERANCE
        # How far an edge is off grows with the square of its length.
        pieces = np.minimum(np.ceil(np.sqrt(off[too_far] / TOLERANCE)), np.ceil(lengths[too_far]))
        np.minimum.at(longest, owners[too_far], lengths[too_far] / pieces)
        bent = np.isfinite(longest)
        result = geometries.copy()
        result[bent] = shapely.segmentize(geometries[bent], longest[bent])
        return result

    def _middles_on_map(self, edges: np.ndarray) -> np.ndarray:
        """The middles of straight lines on the map between the ends of edges, (n, 2, 2): (n, 2)."""
        x, y = self._crs_transformer.to_map((edges[..., 0], edges[..., 1]), self._bbox)
        middles: np.ndarray = np.stack([x.mean(axis=1), y.mean(axis=1)], axis=1)
        if self._in_degrees:
            middles[self._crosses(edges, x), 0] += HALF
        return middles

    def _crosses(self, edges: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Which edges, (n, 2, 2), whose ends have longitudes x, (n, 2), cross the antimeridian: bool (n,)."""
        crosses: np.ndarray = np.abs(x[:, 1] - x[:, 0]) > HALF
        if crosses.any():
            middle_x, _ = self._crs_transformer.to_map(tuple(edges[crosses].mean(axis=1).T), self._bbox)
            to_mean = np.abs(middle_x - x[crosses].mean(axis=1)) % FULL
            crosses[crosses] = np.minimum(to_mean, FULL - to_mean) > HALF / 2
        return crosses

    def _cut(self, geometries: np.ndarray, placed: np.ndarray) -> np.ndarray:
        bounds = shapely.bounds(placed)
        wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > HALF)
        for index in wide:
            edges, _ = _edges(geometries[index : index + 1])
            edges_on_map, _ = _edges(placed[index : index + 1])
            if self._crosses(edges, edges_on_map[..., 0]).any():
                cut, _ = cut_at_antimeridian(Features(placed[index : index + 1], [{}]))
                placed[index] = _joined(cut.geometries[0])
        return placed


def in_image_crs(crs_transformer: CRSTransformer) -> CRSTransformer:
    """A transformer to the coordinates of the image's CRS, in which its GeoTIFF is, instead of those of the map."""
    if type(crs_transformer) is RasterioCRSTransformer:
        image_crs = crs_transformer.image_crs
        return RasterioCRSTransformer(crs_transformer.transform, image_crs, None, sensor=crs_transformer.sensor)
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

    def _map_to_pixel(self, x: np.ndarray, y: np.ndarray) -> XY:
        return self._inner.to_pixels(self._from_map.transform(x, y, direction='INVERSE'))

    def _pixel_to_map(self, x: np.ndarray, y: np.ndarray) -> XY:
        x, y = self._from_map.transform(*self._inner.to_map((x, y)))
        return np.asarray(x), np.asarray(y)


def _edges(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of points that follow one another, (n, 2, 2), and which geometry each is of, (n,).

    Among them are the ways from one ring of a geometry to its next, which does no harm here.
    """
    points, owners = shapely.get_coordinates(geometries, return_index=True)
    same = owners[1:] == owners[:-1]
    return np.stack([points[:-1], points[1:]], axis=1)[same], owners[1:][same]


def _joined(pieces: Any) -> Any:
    """A collection of polygons as one geometry."""
    parts = shapely.get_parts(shapely.get_parts(pieces))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return shapely.multipolygons(polygons) if len(polygons) == len(parts) else pieces
