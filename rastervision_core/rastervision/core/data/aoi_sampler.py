"""Random points in areas of interest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LinearRing, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from rastervision.core.defaults import SEED
from rastervision.pipeline.errors import ArgumentError

Triangulation = dict[str, np.ndarray]


class AoiSampler:
    """Draws points uniformly from the area of polygons, holes left out; overlaps count once.

    Polygons are cut into triangles once; a point then costs O(log t) for t triangles, whatever the shape.
    """

    def __init__(
        self, polygons: Sequence[Polygon] | Polygon | MultiPolygon, *, rng: np.random.Generator | int | None = None
    ) -> None:
        """Make a sampler.

        Args:
            polygons: The areas, in any coordinates; one polygon or multi-polygon will do.
            rng: Generator of random numbers, or a seed for one. None: seed 0.

        Raises:
            ArgumentError: If the polygons have no area.
        """
        one = isinstance(polygons, BaseGeometry)
        self.polygons: list[Any] = shapely.get_parts(polygons).tolist() if one else list(polygons)  # type: ignore[arg-type]
        self._rng = np.random.default_rng(SEED if rng is None else rng)
        triangulation = self.triangulate(self.polygons)
        vertices, simplices = triangulation['vertices'], triangulation['triangles']
        area = self.triangle_area(vertices, simplices)
        if not area.sum() > 0:
            raise ArgumentError(f'{len(self.polygons)} polygons have no area to draw points from.')
        self._weights = area / area.sum()
        self._origins, self._bases = self.triangle_origin_and_basis(vertices, simplices)

    def sample(self, n: int = 1, rng: np.random.Generator | None = None) -> np.ndarray:
        """Draw points.

        Args:
            n: How many.
            rng: Where to draw from. None: the generator of this sampler, which goes on from call to call.

        Returns:
            Points (x, y), (n, 2), float64.
        """
        rng = rng or self._rng
        chosen = rng.choice(len(self._weights), size=n, p=self._weights)
        u, v = rng.random((2, n, 1))
        beyond = u + v > 1  # in the other half of the parallelogram; mirrored, it is as likely in the triangle
        u, v = np.where(beyond, 1 - u, u), np.where(beyond, 1 - v, v)
        first, second = self._bases
        points: np.ndarray = self._origins[chosen] + u * first[chosen] + v * second[chosen]
        return points

    # ------------------------------------------------------------------ triangles
    def triangulate(self, polygons: Sequence[Polygon]) -> Triangulation:
        """Cut the union of polygons into triangles.

        Returns:
            `vertices`, (m, 2), and `triangles`, (t, 3), indices of vertices.
        """
        union = shapely.union_all([shapely.make_valid(polygon) for polygon in polygons])
        parts = shapely.get_parts(union)
        return _triangulate(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])

    def triangulate_polygon(self, polygon: Polygon) -> Triangulation:
        """Cut a polygon into triangles along its vertices; see `triangulate`."""
        return _triangulate(np.array([polygon], dtype=object))

    def polygon_to_graph(self, polygon: Polygon | LinearRing) -> tuple[np.ndarray, np.ndarray]:
        """Vertices, (m, 2), and edges between them, (m, 2), of the rings of a polygon, or of one ring."""
        rings = [polygon] if isinstance(polygon, LinearRing) else [polygon.exterior, *polygon.interiors]
        vertices = [shapely.get_coordinates(ring)[:-1] for ring in rings]
        starts = np.cumsum([0, *(len(ring) for ring in vertices)])
        edges = [
            start + np.stack([np.arange(len(ring)), np.roll(np.arange(len(ring)), -1)], axis=1)
            for start, ring in zip(starts, vertices, strict=False)
        ]
        return np.concatenate(vertices), np.concatenate(edges)

    def triangle_side_lengths(
        self, vertices: np.ndarray, simplices: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lengths, (t,) each, of the sides from vertex 0 to 1, 1 to 2 and 2 to 0 of triangles."""
        a, b, c = np.moveaxis(vertices[simplices], 1, 0)
        return np.linalg.norm(b - a, axis=1), np.linalg.norm(c - b, axis=1), np.linalg.norm(a - c, axis=1)

    def triangle_origin_and_basis(
        self, vertices: np.ndarray, simplices: np.ndarray
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Vertex 0 of triangles, (t, 2), and the vectors from it to the other two, (t, 2) each."""
        a, b, c = np.moveaxis(vertices[simplices], 1, 0)
        return a, (b - a, c - a)

    def triangle_area(self, vertices: np.ndarray, simplices: np.ndarray) -> np.ndarray:
        """Areas of triangles, (t,)."""
        _, (first, second) = self.triangle_origin_and_basis(vertices, simplices)
        area: np.ndarray = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
        return area


def _triangulate(polygons: np.ndarray) -> Triangulation:
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(polygons))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    vertices, indices = np.unique(corners.reshape(-1, 2), axis=0, return_inverse=True)
    return {'vertices': vertices, 'triangles': indices.reshape(-1, 3)}
