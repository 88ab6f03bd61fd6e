"""Labels of objects."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely

from rastervision.core.box import ON_EDGE, Box
from rastervision.core.data.label.boxes import clip as clip_boxes
from rastervision.core.data.label.boxes import non_max_suppression, parts_inside
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label.tfod_utils.np_box_list import NpBoxList
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import LabelError

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

lazy.also_give(
    __name__,
    'rastervision.core.data.label.tfod_utils.np_box_list_ops: clip_to_window concatenate prune_non_overlapping_boxes',
)

STORE = 'rastervision.core.data.label_store.object_detection_geojson_store:ObjectDetectionGeoJSONStore'


class ObjectDetectionLabels(Labels):
    """Boxes with a class and a score each.

    Args:
        npboxes: Boxes in pixels, (n, 4), rows of (ymin, xmin, ymax, xmax).
        class_ids: (n,).
        scores: (n,). None: 1 for each.

    Raises:
        LabelError: If the lengths differ, a class id is not a whole number, or a box ends before it begins.
    """

    def __init__(self, npboxes: np.ndarray, class_ids: np.ndarray, scores: np.ndarray | None = None) -> None:
        self._boxes = np.asarray(npboxes, dtype=float).reshape(-1, 4)
        given = np.asarray(class_ids).reshape(-1)
        self._class_ids = given.astype(int)
        if given.dtype.kind == 'f' and not np.array_equal(self._class_ids, given):
            wrong = given[self._class_ids != given][:5].tolist()
            raise LabelError(f'Class ids of boxes are whole numbers, but there are {wrong!r}.')
        self._scores = np.ones(len(self._boxes)) if scores is None else np.asarray(scores, dtype=float).reshape(-1)
        if not len(self._boxes) == len(self._class_ids) == len(self._scores):
            raise LabelError(
                f'{len(self._boxes)} boxes, {len(self._class_ids)} class ids and {len(self._scores)} scores: '
                'there must be as many of each.'
            )
        backwards = (self._boxes[:, 2:] < self._boxes[:, :2]).any(axis=1)
        if backwards.any():
            raise LabelError(
                f'{np.count_nonzero(backwards)} boxes end before they begin, such as '
                f'{self._boxes[backwards][0].tolist()!r}. Boxes are (ymin, xmin, ymax, xmax).'
            )

    def __len__(self) -> int:
        return len(self._boxes)

    def __add__(self, other: Self) -> Self:
        """The boxes of both, duplicates and all."""
        return self._join([self, other])

    def __eq__(self, other: object) -> bool:
        """Whether the boxes are the same, in whatever order."""
        if not isinstance(other, ObjectDetectionLabels):
            return NotImplemented
        return len(self) == len(other) and np.allclose(self._sorted_rows(), other._sorted_rows())

    __hash__ = None  # type: ignore[assignment]

    def __setitem__(self, window: Box, item: dict[str, np.ndarray]) -> None:
        """Add the boxes of a window.

        Args:
            window: The window.
            item: `boxes`, (n, 4), relative to the window's upper left corner; `class_ids`, (n,); `scores`, (n,).
        """
        joined = self._join([self, self._of_window(window, item)])
        self._boxes, self._class_ids, self._scores = joined._boxes, joined._class_ids, joined._scores

    def __getitem__(self, window: Box) -> Self:
        """New labels of the boxes at least half of which lie in a window."""
        return self._overlapping(window, ioa_thresh=0.5, clip=False)

    def assert_equal(self, expected_labels: Self) -> None:
        """Raise an AssertionError if the labels are not equal to others."""
        np.testing.assert_allclose(self._sorted_rows(), expected_labels._sorted_rows())

    def filter_by_aoi(self, aoi_polygons: 'Iterable[Polygon]') -> Self:
        """New labels of the boxes that lie within the area of interest, also across polygons that touch."""
        return self._take(Box.are_in_aoi(self._boxes, list(aoi_polygons)))

    def filter_by_score(self, score_thresh: float) -> Self:
        """New labels of the boxes with a larger score."""
        return self._take(self._scores > score_thresh)

    @classmethod
    def make_empty(cls) -> Self:
        """Labels of no object."""
        return cls(np.empty((0, 4)), np.empty(0, dtype=int), np.empty(0))

    @classmethod
    def from_predictions(cls, windows: Iterable[Box], predictions: Iterable[Any]) -> Self:
        """Labels from a model's predictions; for each window what `labels[window] = ...` takes. Cost: linear."""
        return cls._join([cls._of_window(window, item) for window, item in zip(windows, predictions, strict=True)])

    @staticmethod
    def from_boxlist(boxlist: NpBoxList) -> 'ObjectDetectionLabels':
        """Labels from boxes with a field `classes` and, if they have scores, `scores`."""
        scores = boxlist.get_field('scores') if boxlist.has_field('scores') else None
        return ObjectDetectionLabels(boxlist.get(), boxlist.get_field('classes'), scores)

    @staticmethod
    def from_geojson(
        geojson: dict[str, Any], bbox: Box | None = None, ioa_thresh: float = 0.8, clip: bool = True
    ) -> 'ObjectDetectionLabels':
        """Labels from features in pixel coordinates.

        Args:
            geojson: Features with a property `class_id` and perhaps `score`. The box is the bounds of the geometry.
            bbox: Leave out boxes outside. None: keep all.
            ioa_thresh: The least part of a box's area that must lie in `bbox`.
            clip: Keep only that part of the box.
        """
        features = geojson['features']
        geometries = [shapely.geometry.shape(feature['geometry']) for feature in features]
        bounds = shapely.bounds(np.array(geometries, dtype=object)).reshape(-1, 4)
        class_ids = [feature['properties']['class_id'] for feature in features]
        scores = [feature['properties'].get('score', 1.0) for feature in features]
        labels = ObjectDetectionLabels(bounds[:, [1, 0, 3, 2]], np.array(class_ids), np.array(scores))
        if bbox is None:
            return labels
        return ObjectDetectionLabels.get_overlapping(labels, bbox, ioa_thresh=ioa_thresh, clip=clip)

    def get_boxes(self) -> list[Box]:
        """The boxes."""
        return [Box.from_npbox(box) for box in self._boxes]

    def get_npboxes(self) -> np.ndarray:
        """The boxes, (n, 4), rows of (ymin, xmin, ymax, xmax)."""
        return self._boxes

    def get_scores(self) -> np.ndarray:
        """The scores, (n,)."""
        return self._scores

    def get_class_ids(self) -> np.ndarray:
        """The class ids, (n,), int."""
        return self._class_ids

    def to_boxlist(self) -> NpBoxList:
        """The boxes with fields `classes` and `scores`."""
        boxlist = NpBoxList(self._boxes)
        boxlist.add_field('classes', self._class_ids)
        boxlist.add_field('scores', self._scores)
        return boxlist

    @property
    def boxlist(self) -> NpBoxList:
        """See `to_boxlist`."""
        return self.to_boxlist()

    def to_dict(self, round_boxes: bool = True) -> dict[Box, tuple[int, float]]:
        """Box -> (class id, score).

        Args:
            round_boxes: Round the sides to two digits.
        """
        boxes = np.round(self._boxes, 2) if round_boxes else self._boxes
        return {
            Box.from_npbox(box): (class_id, score)
            for box, class_id, score in zip(boxes, self._class_ids.tolist(), self._scores.tolist(), strict=True)
        }

    @staticmethod
    def local_to_global(npboxes: np.ndarray, window: Box) -> np.ndarray:
        """Boxes relative to a window's upper left corner -> relative to the scene's: (n, 4) -> (n, 4)."""
        boxes: np.ndarray = npboxes + _corner(window)
        return boxes

    @staticmethod
    def global_to_local(npboxes: np.ndarray, window: Box) -> np.ndarray:
        """The inverse of `local_to_global`."""
        boxes: np.ndarray = npboxes - _corner(window)
        return boxes

    @staticmethod
    def local_to_normalized(npboxes: np.ndarray, window: Box) -> np.ndarray:
        """Boxes relative to a window's corner, in pixels -> as parts of its height and width."""
        boxes: np.ndarray = npboxes / np.tile(window.size, 2)
        return boxes

    @staticmethod
    def normalized_to_local(npboxes: np.ndarray, window: Box) -> np.ndarray:
        """The inverse of `local_to_normalized`."""
        boxes: np.ndarray = npboxes * np.tile(window.size, 2)
        return boxes

    @staticmethod
    def get_overlapping(
        labels: 'ObjectDetectionLabels', window: Box, ioa_thresh: float = 0.5, clip: bool = False
    ) -> 'ObjectDetectionLabels':
        """New labels of the boxes in a window.

        Args:
            labels: The labels.
            window: The window.
            ioa_thresh: The least part of a box's area that must lie in the window.
            clip: Keep only that part of the box.
        """
        return labels._overlapping(window, ioa_thresh=ioa_thresh, clip=clip)

    @staticmethod
    def concatenate(labels1: 'ObjectDetectionLabels', labels2: 'ObjectDetectionLabels') -> 'ObjectDetectionLabels':
        """The boxes of both, duplicates and all."""
        return labels1 + labels2

    @staticmethod
    def prune_duplicates(
        labels: 'ObjectDetectionLabels',
        score_thresh: float,
        merge_thresh: float,
        max_output_size: int | None = None,
        *,
        by_class: bool = False,
    ) -> 'ObjectDetectionLabels':
        """New labels, by descending score, without unsure boxes and without several boxes for one object.

        Args:
            labels: The labels.
            score_thresh: Boxes with at most this score are left out.
            merge_thresh: Of boxes with a larger IoU the one with the highest score is kept.
            max_output_size: How many boxes to keep at most.
            by_class: Only boxes of the same class are taken for one object; else all, whatever their classes.
        """
        sure = labels.filter_by_score(score_thresh)
        class_ids = sure._class_ids if by_class else None
        kept = non_max_suppression(sure._boxes, sure._scores, merge_thresh, class_ids)
        return sure._take(kept[:max_output_size])

    def save(  # type: ignore[override]
        self,
        uri: str,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: Box | None = None,
    ) -> None:
        """Write the labels as GeoJSON; see :class:`.ObjectDetectionGeoJSONStore`."""
        lazy.load(STORE)(uri, class_config, crs_transformer, bbox=bbox).save(self)

    # ---------------------------------------------------------------- internals
    @classmethod
    def _of_window(cls, window: Box, item: dict[str, np.ndarray]) -> Self:
        boxes = np.asarray(item['boxes'], dtype=float).reshape(-1, 4)
        return cls(cls.local_to_global(boxes, window), item['class_ids'], item.get('scores'))

    @classmethod
    def _join(cls, parts: 'list[Self]') -> Self:
        parts = [cls.make_empty(), *parts]
        return cls(
            np.concatenate([part._boxes for part in parts]),
            np.concatenate([part._class_ids for part in parts]),
            np.concatenate([part._scores for part in parts]),
        )

    def _overlapping(self, window: Box, *, ioa_thresh: float, clip: bool) -> Self:
        inside = self._take(parts_inside(self._boxes, window) >= ioa_thresh * (1 - ON_EDGE))
        boxes = clip_boxes(inside._boxes, window) if clip else inside._boxes
        return type(self)(boxes, inside._class_ids, inside._scores)

    def _take(self, which: np.ndarray) -> Self:
        return type(self)(self._boxes[which], self._class_ids[which], self._scores[which])

    def _sorted_rows(self) -> np.ndarray:
        rows = np.column_stack([self._boxes, self._class_ids, self._scores])
        return rows[np.lexsort(rows.T[::-1])]


def _corner(window: Box) -> np.ndarray:
    return np.array([window.ymin, window.xmin, window.ymin, window.xmin])
