"""Features that cross 180 degrees of longitude."""

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rastervision.core.data.features import Features

HALF, FULL = 180.0, 360.0


def cut_at_antimeridian(features: Features) -> tuple[Features, int]:
    """Cut features that cross the antimeridian there, as GeoJSON wants it (RFC 7946, section 3.1.9).

    A line or ring crosses it where it goes by more than half the way around the earth, but not the whole, from one
    point to the next. Costs one pass over the bounds; only features wider than 180 degrees are looked at.

    Args:
        features: In degrees of longitude and latitude.

    Returns:
        The features, and how many of them were cut.
    """
    bounds = shapely.bounds(features.geometries)
    wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > HALF)
    geometries, cut = features.geometries.copy(), 0
    for index in wide:
        parts = _parts(geometries[index])
        if any(_crosses(part) for part in parts):
            pieces = [piece for part in parts for piece in (_cut(part) if _crosses(part) else [part])]
            geometries[index] = shapely.GeometryCollection(pieces)
            cut += 1
    return (features.with_geometries(geometries), cut) if cut else (features, 0)


def _parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    parts = shapely.get_parts(geometry)
    return [geometry] if len(parts) == 1 and parts[0] is geometry else list(parts)


def _lines(geometry: Any) -> list[Any]:
    """The rings of a polygon, or a line."""
    if geometry.geom_type == 'Polygon':
        return [geometry.exterior, *geometry.interiors]
    return [geometry] if geometry.geom_type == 'LineString' else []


def _jumps(xy: np.ndarray) -> np.ndarray:
    """By how many turns each point, (n,), is to be moved so that the line goes the short way."""
    steps = np.diff(xy[:, 0])
    turns = np.where((np.abs(steps) > HALF) & (np.abs(steps) < FULL), -np.sign(steps), 0)
    moved: np.ndarray = np.concatenate([[0], np.cumsum(turns)])
    return moved


def _crosses(geometry: BaseGeometry) -> bool:
    jumps = [_jumps(shapely.get_coordinates(line)) for line in _lines(geometry)]
    rings_close = geometry.geom_type != 'Polygon' or all(jump[-1] == 0 for jump in jumps)  # not around a pole
    return rings_close and any(jump.any() for jump in jumps)


def _turn(xy: np.ndarray, turns: Any) -> np.ndarray:
    """Points, (n, 2), moved eastwards by whole turns."""
    turned = xy.copy()
    turned[:, 0] += FULL * turns
    return turned


def _cut(geometry: BaseGeometry) -> list[BaseGeometry]:
    """The pieces on either side, each within -180 to 180 degrees."""
    lines = [shapely.get_coordinates(line) for line in _lines(geometry)]
    lines = [_turn(xy, _jumps(xy)) for xy in lines]
    if geometry.geom_type == 'LineString':
        whole: BaseGeometry = shapely.LineString(lines[0])
    else:
        shell, *holes = lines
        centre = shell[:, 0].mean()
        turned = [_turn(hole, np.round((centre - hole[:, 0].mean()) / FULL)) for hole in holes]
        whole = shapely.buffer(shapely.Polygon(shell, turned), 0)
    edges = [-HALF - FULL, -HALF, HALF, HALF + FULL]
    pieces = [
        shapely.transform(shapely.intersection(whole, shapely.box(west, -90, east, 90)), partial(_turn, turns=turns))
        for turns, (west, east) in zip((1, 0, -1), pairwise(edges), strict=True)
    ]
    return [piece for piece in pieces if not piece.is_empty]
