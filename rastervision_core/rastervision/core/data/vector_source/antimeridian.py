"""Features that cross 180 degrees of longitude."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import ON_EDGE
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
    return _change_crossing(features, _cut)


def join_at_antimeridian(features: Features) -> tuple[Features, int]:
    """Move points of features that cross the antimeridian by whole turns, so that each is in one piece.

    So are the parts of features that were cut there. See `cut_at_antimeridian`, also for the result; longitudes may be
    beyond 180 degrees.
    """
    features, crossing = _change_crossing(features, lambda part: [_whole(part)])
    return _with_parts_joined(features), crossing


def _with_parts_joined(features: Features) -> Features:
    """Features whose parts end at 180 degrees east and begin at 180 degrees west, with these in one piece."""
    bounds = shapely.bounds(features.geometries)
    geometries = features.geometries.copy()
    for index in np.flatnonzero((bounds[:, 0] == -HALF) & (bounds[:, 2] == HALF)):
        parts = shapely.get_parts(shapely.get_parts(geometries[index]))
        xmin, _, xmax, _ = shapely.bounds(parts).T
        west, east = (xmin == -HALF) & (xmax < HALF), (xmax == HALF) & (xmin > -HALF)
        is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        if len(parts) > 1 and (west | east).all() and is_polygon.all():
            moved = shapely.transform(parts[west], partial(_turn, turns=1))
            geometries[index] = shapely.union_all([*parts[east], *moved])
    return features.with_geometries(geometries)


def _change_crossing(
    features: Features, change: Callable[[BaseGeometry], Sequence[BaseGeometry]]
) -> tuple[Features, int]:
    """Features in which each part that crosses the antimeridian is replaced by others; and how many features do."""
    bounds = shapely.bounds(features.geometries)
    wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > HALF)
    geometries, changed = features.geometries.copy(), 0
    for index in wide:
        parts = _parts(geometries[index])
        if any(_crosses(part) for part in parts):
            pieces = [piece for part in parts for piece in (change(part) if _crosses(part) else [part])]
            geometries[index] = shapely.GeometryCollection(pieces)
            changed += 1
    return (features.with_geometries(geometries), changed) if changed else (features, 0)


def at_all_turns(features: Features, turn: float, width: float) -> Features:
    """Features at each place of an image that goes around the earth, in part or more than once.

    Args:
        features: In pixels.
        turn: Number of columns around the earth.
        width: Number of columns of the image.

    Returns:
        Each feature moved by the whole turns that bring it into the image, once for each; as it is if none does.
    """
    xmin, _, xmax, _ = shapely.bounds(features.geometries).reshape(-1, 4).T
    first = np.ceil((ON_EDGE - xmax) / turn)
    last = np.floor((width - ON_EDGE - xmin) / turn)
    outside = last < first
    first, last = np.where(outside, 0, first), np.where(outside, 0, last)
    if not first.any() and not last.any():
        return features
    counts = (last - first + 1).astype(int)
    which = np.repeat(np.arange(len(features)), counts)
    turns = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    moved = features.take(which)
    coordinates, owners = shapely.get_coordinates(moved.geometries, return_index=True)
    coordinates[:, 0] += turn * turns[owners]
    return moved.with_geometries(shapely.set_coordinates(moved.geometries.copy(), coordinates))


def at_nearest_turn(geometries: np.ndarray, turn: float, width: float) -> np.ndarray:
    """Geometries, (n,), in pixels, each moved by the whole turns that bring it nearest to the middle of an image.

    Args:
        geometries: In pixels.
        turn: Number of columns around the earth.
        width: Number of columns of the image.
    """
    xmin, _, xmax, _ = shapely.bounds(geometries).reshape(-1, 4).T
    turns = np.round((width - xmin - xmax) / 2 / turn)
    coordinates, owners = shapely.get_coordinates(geometries, return_index=True)
    coordinates[:, 0] += turn * turns[owners]
    moved: np.ndarray = shapely.set_coordinates(geometries.copy(), coordinates)
    return moved


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


def _whole(geometry: BaseGeometry) -> BaseGeometry:
    """The geometry in one piece, which reaches beyond 180 degrees."""
    lines = [shapely.get_coordinates(line) for line in _lines(geometry)]
    lines = [_turn(xy, _jumps(xy)) for xy in lines]
    if geometry.geom_type == 'LineString':
        return shapely.LineString(lines[0])
    shell, *holes = lines
    centre = shell[:, 0].mean()
    turned = [_turn(hole, np.round((centre - hole[:, 0].mean()) / FULL)) for hole in holes]
    whole: BaseGeometry = shapely.make_valid(shapely.Polygon(shell, turned), method='structure', keep_collapsed=False)
    return whole


def _cut(geometry: BaseGeometry) -> list[BaseGeometry]:
    """The pieces on either side, each within -180 to 180 degrees."""
    whole = _whole(geometry)
    edges = [-HALF - FULL, -HALF, HALF, HALF + FULL]
    pieces = [
        shapely.transform(shapely.intersection(whole, shapely.box(west, -90, east, 90)), partial(_turn, turns=turns))
        for turns, (west, east) in zip((1, 0, -1), pairwise(edges), strict=True)
    ]
    # Where the geometry only touches an edge, the piece is a point or a line, which is nothing of it.
    dimension = shapely.get_dimensions(whole)
    parts = (part for piece in pieces for part in shapely.get_parts(shapely.get_parts(piece)))
    return [part for part in parts if not part.is_empty and shapely.get_dimensions(part) == dimension]
