"""Putting what was predicted in pixels on the map, and back."""

from functools import cached_property
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.features import Features
from rastervision.core.data.vector_source.antimeridian import (
    FULL,
    HALF,
    at_nearest_turn,
    cut_at_antimeridian,
    join_at_antimeridian,
)

TOLERANCE = 1e-3  # of a pixel
SHORT = 4  # edges of up to this many pixels are straight on any map


class Placer:
    """Transforms geometries from pixels to the map, and back.

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
            follow_edges: Add points to edges of polygons that are straight lines of pixels but curves on the map, so
                that they are nowhere off by more than a thousandth of a pixel.

        Returns:
            The geometries in map coordinates, (n,).
        """
        if not len(geometries):
            return geometries
        if follow_edges:
            geometries = self._with_points_on_edges(geometries)
        placed: np.ndarray = self._crs_transformer.to_map(geometries, self._bbox)
        return self._cut(geometries, placed) if self._in_degrees else placed

    def back(self, geometries: np.ndarray) -> np.ndarray:
        """Geometries of the map, (n,), in pixels: those that were cut at the antimeridian in one piece again."""
        if not len(geometries):
            return geometries
        transformer = self._crs_transformer
        if self._in_degrees and getattr(transformer, 'holds_other_turns', False):
            geometries = join_at_antimeridian(Features(geometries, [{} for _ in geometries]))[0].geometries
        pixels: np.ndarray = transformer.to_pixels(geometries, self._bbox)
        turn, width = getattr(transformer, 'turn', None), getattr(transformer, 'width', None)
        return pixels if turn is None or width is None else at_nearest_turn(pixels, turn, width)

    @cached_property
    def _in_degrees(self) -> bool:
        map_crs = self._crs_transformer.map_crs
        return map_crs is not None and bool(CRS.from_user_input(map_crs).is_geographic)

    def _with_points_on_edges(self, geometries: np.ndarray) -> np.ndarray:
        """The same with points on long edges of polygons."""
        is_polygon = shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON
        rings, polygon_of = shapely.get_rings(geometries[is_polygon], return_index=True)
        points, ring_of = shapely.get_coordinates(rings, return_index=True)
        pieces = np.ones(len(points), dtype=np.int64)
        pieces[:-1][ring_of[1:] == ring_of[:-1]] = self._pieces(_edges(points, ring_of))
        if (pieces == 1).all():
            return geometries
        place = np.repeat(np.arange(len(points)), pieces)  # of the point that each new one is on or follows
        share = (np.arange(len(place)) - (np.cumsum(pieces) - pieces)[place]) / pieces[place]
        ends = points[np.minimum(place + 1, len(points) - 1)]
        between = points[place] + share[:, None] * (ends - points[place])
        result = geometries.copy()
        rings = np.asarray(shapely.linearrings(between, indices=ring_of[place]))
        result[is_polygon] = shapely.polygons(rings, indices=polygon_of)
        return result

    def _pieces(self, edges: np.ndarray) -> np.ndarray:
        """In how many pieces each edge, (n, 2, 2), has to be put on the map: (n,)."""
        pieces = np.ones(len(edges), dtype=np.int64)
        lengths = np.hypot(*(edges[:, 1] - edges[:, 0]).T)
        long = np.flatnonzero(lengths > SHORT)
        if len(long):
            middles = edges[long].mean(axis=1)
            x, y = self._crs_transformer.to_pixels(tuple(self._middles_on_map(edges[long]).T), self._bbox)
            off = np.hypot(x - middles[:, 0], y - middles[:, 1])
            # How far an edge is off grows with the square of its length.
            pieces[long] = np.clip(np.ceil(np.sqrt(off / TOLERANCE)), 1, np.ceil(lengths[long]))
        return pieces

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
            edges, edges_on_map = (
                _edges(*shapely.get_coordinates(each[index : index + 1], return_index=True))
                for each in (geometries, placed)
            )
            if self._crosses(edges, edges_on_map[..., 0]).any():
                cut, _ = cut_at_antimeridian(Features(placed[index : index + 1], [{}]))
                placed[index] = _joined(cut.geometries[0])
        return placed


def _edges(points: np.ndarray, line_of: np.ndarray) -> np.ndarray:
    """Pairs of points, (n, 2), that follow one another on a line: (m, 2, 2)."""
    same = line_of[1:] == line_of[:-1]
    pairs: np.ndarray = np.stack([points[:-1], points[1:]], axis=1)[same]
    return pairs


def _joined(pieces: Any) -> Any:
    """A collection of polygons as one geometry."""
    parts = shapely.get_parts(shapely.get_parts(pieces))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return shapely.multipolygons(polygons) if len(polygons) == len(parts) else pieces
