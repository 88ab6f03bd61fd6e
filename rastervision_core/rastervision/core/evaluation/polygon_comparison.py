"""Compares predicted polygons with true ones, object by object, as SpaceNet does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.data.features import POLYGON_TYPE, Features
from rastervision.core.data.label.boxes import PAIRS_AT_ONCE, one_to_one, ratios
from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem
from rastervision.pipeline.errors import ArgumentError

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from rastervision.core.box import Box

IOU_THRESH = 0.5
TOLERANCE = 1e-6  # of shares of areas: coordinates in files are rounded
MOST = 0.5  # an object counts where more than this part of it is inside
SCORE = 'score'


@dataclass(frozen=True)
class PolygonComparison:
    """Which true objects were found, and which predicted ones are right.

    Attributes:
        truth: True polygons, (n,), dtype object.
        predicted: Predicted polygons, (m,), dtype object.
        is_found: Whether each true polygon was found, (n,), bool.
        is_right: Whether each predicted polygon has found a true one, (m,), bool.
        truth_counts: Whether each true polygon counts: most of it lies in the areas of interest, (n,), bool.
        prediction_counts: Whether each predicted polygon counts: if it is right, as the one that it has found does;
            else if most of it lies in the areas of interest, (m,), bool.
    """

    truth: np.ndarray
    predicted: np.ndarray
    is_found: np.ndarray
    is_right: np.ndarray
    truth_counts: np.ndarray
    prediction_counts: np.ndarray

    @property
    def missed(self) -> np.ndarray:
        """The true polygons that count and were not found, (misses,), dtype object."""
        missed: np.ndarray = self.truth[self.truth_counts & ~self.is_found]
        return missed

    @property
    def false_alarms(self) -> np.ndarray:
        """The predicted polygons that count and are wrong, (false alarms,), dtype object."""
        wrong: np.ndarray = self.predicted[self.prediction_counts & ~self.is_right]
        return wrong

    @property
    def hits(self) -> np.ndarray:
        """The predicted polygons that count and are right, (hits,), dtype object."""
        right: np.ndarray = self.predicted[self.prediction_counts & self.is_right]
        return right

    def to_item(self, class_id: int, class_name: str, **extra_info: Any) -> ClassEvaluationItem:
        """The counts, with precision, recall and F1.

        Args:
            class_id: Id of the class that the polygons are of.
            class_name: Its name.
            extra_info: Further values for `to_json`.
        """
        tp, fp, fn = len(self.hits), len(self.false_alarms), len(self.missed)
        return ClassEvaluationItem(class_id, class_name, tp=tp, fp=fp, fn=fn, **extra_info)


def compare_polygons(
    truth: 'Iterable[BaseGeometry]',
    predicted: 'Iterable[BaseGeometry]',
    scores: Sequence[float] | None = None,
    *,
    areas: 'Iterable[BaseGeometry]' = (),
    extent: 'Box | None' = None,
    iou_thresh: float = IOU_THRESH,
) -> PolygonComparison:
    """Compare predicted polygons of a class with true ones, all in the same plane coordinates, such as pixels.

    As in the SpaceNet challenges (https://arxiv.org/abs/1807.01232, section 4): predicted polygons, by descending
    score, each take the true polygon of those that are left with which their intersection over union is largest, if
    it is at least `iou_thresh`. So each true polygon is found once, and a second prediction of it is a false alarm.
    Polygons without scores go by descending area; of equals, the first goes first, and of true polygons that overlap
    as much, the first is taken.

    Each part of a multipolygon is an object. Invalid polygons are made valid, and what is no polygon is left out.

    Time grows with the number of polygons and of pairs that lie near each other.

    Args:
        truth: True polygons.
        predicted: Predicted polygons.
        scores: A score for each of `predicted`; those whose score is NaN go last.
        areas: Areas of interest. Only objects that lie in them with more than half of their area count; a pair of a
            true and a predicted one counts if the true one does. None given: all count.
        extent: What the image shows: polygons are cut at its edges.
        iou_thresh: The smallest intersection over union of a pair, from above 0 to 1.

    Raises:
        ArgumentError: If there is not a score for each prediction, or the threshold is out of range.
    """
    if not 0 < iou_thresh <= 1:
        raise ArgumentError(f'iou_thresh={iou_thresh!r} is not above 0 and at most 1.')
    given = list(predicted)
    if scores is not None and len(scores) != len(given):
        raise ArgumentError(f'There are {len(scores)} scores for {len(given)} predicted polygons. Give one for each.')
    true_objects = _objects(list(truth), None, extent)
    objects = _objects(given, scores, extent)
    found, right = match_polygons(true_objects.geometries, objects.geometries, _scores_of(objects), iou_thresh)
    is_found, is_right = np.zeros(len(true_objects), dtype=bool), np.zeros(len(objects), dtype=bool)
    is_found[found], is_right[right] = True, True
    everything = np.concatenate([true_objects.geometries, objects.geometries])
    inside = mostly_inside(everything, np.array(list(areas), dtype=object))
    truth_counts, counts = inside[: len(true_objects)], inside[len(true_objects) :]
    counts[right] = truth_counts[found]
    return PolygonComparison(true_objects.geometries, objects.geometries, is_found, is_right, truth_counts, counts)


def match_polygons(
    truth: np.ndarray, predicted: np.ndarray, scores: np.ndarray | None = None, iou_thresh: float = IOU_THRESH
) -> tuple[np.ndarray, np.ndarray]:
    """Pair predicted polygons with true ones; see :func:`compare_polygons`.

    Args:
        truth: Valid true polygons, (n,), dtype object.
        predicted: Valid predicted polygons, (m,), dtype object.
        scores: Score of each predicted one, (m,). None: they go by area.
        iou_thresh: The smallest intersection over union of a pair.

    Returns:
        Indices of the true polygons that are found, ascending, and of those that have found them, each (found,).
    """
    true_inds, inds, iou = _overlapping_pairs(truth, predicted, iou_thresh - TOLERANCE)
    areas = shapely.area(predicted)
    keys = (-areas,) if scores is None else (-areas, -np.nan_to_num(scores, nan=-np.inf))
    turn = np.empty(len(predicted), dtype=np.intp)
    turn[np.lexsort(keys)] = np.arange(len(predicted))
    order = np.lexsort((true_inds, -iou, turn[inds]))
    return one_to_one(true_inds[order], inds[order], -np.arange(len(order)))


def mostly_inside(polygons: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Whether more than half of the area of each polygon lies in some areas: (n,) -> (n,), bool.

    Args:
        polygons: Valid polygons, (n,), dtype object.
        areas: Areas of interest, which may overlap, (areas,), dtype object. None: everything is inside.
    """
    if not len(areas):
        return np.ones(len(polygons), dtype=bool)
    parts = shapely.get_parts(shapely.union_all(shapely.make_valid(areas)))
    tree = shapely.STRtree(parts)
    within, _ = tree.query(polygons, predicate='within')
    shares = np.zeros(len(polygons))
    shares[within] = 1
    across = np.flatnonzero(shares == 0)
    i, j = tree.query(polygons[across], predicate='intersects')
    np.add.at(shares, across[i], shapely.area(shapely.intersection(polygons[across[i]], parts[j])))
    shares[across] = ratios(shares[across], shapely.area(polygons[across]))
    inside: np.ndarray = shares > MOST + TOLERANCE
    return inside


def _overlapping_pairs(
    truth: np.ndarray, predicted: np.ndarray, iou_thresh: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs whose intersection over union is at least a threshold: indices of both, and that: each (pairs,)."""
    inds, true_inds = shapely.STRtree(truth).query(predicted)
    true_areas, areas = shapely.area(truth), shapely.area(predicted)
    sizes = true_areas[true_inds] + areas[inds]
    true_bounds, bounds = shapely.bounds(truth)[true_inds], shapely.bounds(predicted)[inds]
    sides = np.minimum(true_bounds[:, 2:], bounds[:, 2:]) - np.maximum(true_bounds[:, :2], bounds[:, :2])
    most = np.minimum(np.minimum(true_areas[true_inds], areas[inds]), sides.prod(axis=1))
    near = ratios(most, sizes - most) >= iou_thresh  # what they share is at most that, so others need no geometry
    inds, true_inds, sizes = inds[near], true_inds[near], sizes[near]
    shared = np.zeros(len(inds))
    for start in range(0, len(inds), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        shared[part] = shapely.area(shapely.intersection(truth[true_inds[part]], predicted[inds[part]]))
    iou = ratios(shared, sizes - shared)
    overlap = (iou >= iou_thresh) & (shared > 0)
    return true_inds[overlap], inds[overlap], iou[overlap]


def _objects(geometries: 'list[BaseGeometry]', scores: Sequence[float] | None, extent: 'Box | None') -> Features:
    """Valid polygons with an area, one feature each, as far as they lie in an extent; with their scores."""
    properties: list[dict[str, Any]] = [{}] * len(geometries)
    if scores is not None:
        properties = [{SCORE: float(score)} for score in scores]
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    features = Features(array, properties).without_empty().split().with_valid_polygons()
    features = features.take(shapely.get_type_id(features.geometries) == POLYGON_TYPE)
    if extent is not None:
        features = features.with_geometries(_cut(features.geometries, extent))
    return features.take(shapely.area(features.geometries) > 0)


def _cut(polygons: np.ndarray, extent: 'Box') -> np.ndarray:
    """Polygons as far as they lie in a box; those inside are the same objects. One stays one, if it is in two parts."""
    bounds = shapely.bounds(polygons)
    across = (bounds[:, :2] < (extent.xmin, extent.ymin)).any(axis=1) | (
        bounds[:, 2:] > (extent.xmax, extent.ymax)
    ).any(axis=1)
    cut = polygons.copy()
    cut[across] = shapely.intersection(polygons[across], extent.to_shapely())
    return cut


def _scores_of(objects: Features) -> np.ndarray | None:
    """The score of each object, (n,), float; None if they have none."""
    scores = [each.get(SCORE) for each in objects.properties]
    return None if None in scores or not scores else np.array(scores, dtype=float)
