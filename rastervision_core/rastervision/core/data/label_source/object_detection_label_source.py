"""Ground truth for object detection."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.features import Features, check_are_areas
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_source.label_source import LabelSource
from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from rastervision.core.data.vector_source.vector_source import VectorSource

lazy.also_give(
    __name__,
    'rastervision.core.data.slices: parse_array_slices_2d',
    'rastervision.core.data.vector_source.vector_source: VectorSource',
)

BBOX_IOA_THRESH = 0.8
TOUCHING = 1e-6
BOX_FORMAT = 'yxyx'


class ObjectDetectionLabelSource(LabelSource):
    """Gives the bounds of features as boxes of objects.

    Boxes of which less than 0.8 is in the bbox are left out, the others are clipped to it. Features are read and
    indexed when the source is made, only those around the bbox if the vector source can read parts; a window then costs
    O(log n + boxes in the window).
    """

    def __init__(
        self,
        vector_source: 'VectorSource',
        bbox: Box | None = None,
        ioa_thresh: float | None = None,
        clip: bool = False,
    ) -> None:
        """Make a source.

        Args:
            vector_source: Where the features come from; each must have a class id.
            bbox: The part of the scene to give labels for, in pixels. None: the extent of the features, all of which
                are kept.
            ioa_thresh: Least part of a box that must be in a window for `source[window]` to have it. None: any.
            clip: Whether `source[window]` clips boxes to the window.

        Raises:
            LabelError: If a feature has no class id, or no area; or there are features, and none of them has a class.
            DataError: If there are features, and all lie far away.
        """
        self.vector_source = vector_source
        self.ioa_thresh = TOUCHING if ioa_thresh is None else ioa_thresh
        self.clip = clip
        self._bbox = bbox
        with vector_source.naming_files():
            self._check(bbox)
            _ = self._labels

    @property
    def bbox(self) -> Box:
        """The part of the scene that labels are given for, in pixels of the scene."""
        return self.vector_source.extent if self._bbox is None else self._bbox

    @property
    def labels(self) -> ObjectDetectionLabels:
        """All boxes, in pixels of the scene."""
        return self.get_labels()

    @property
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the scene."""
        return self.vector_source.crs_transformer

    def set_bbox(self, bbox: Box) -> None:
        """Give labels for another part of the scene.

        Raises:
            DataError: If there are features, and all lie far away.
        """
        self._check(bbox)
        self._bbox = bbox
        self.__dict__.pop('_labels', None)
        self.__dict__.pop('_tree', None)

    def validate_geojson(self, geojson: dict[str, Any]) -> None:
        """Check that all features have a class id.

        Raises:
            LabelError: Saying which has not.
        """
        _ = Features.from_geojson(geojson).class_ids

    def get_labels(
        self, window: Box | None = None, ioa_thresh: float = TOUCHING, clip: bool = False
    ) -> ObjectDetectionLabels:
        """Boxes in a window.

        Args:
            window: In pixels relative to `bbox`. None: all boxes.
            ioa_thresh: Least part of a box that must be in the window.
            clip: Whether to clip boxes to the window.

        Returns:
            Boxes in pixels of the scene.
        """
        if window is None:
            return self._labels
        window = window.to_global_coords(self.bbox)
        near = self._near(window) if ioa_thresh > 0 else self._labels
        return ObjectDetectionLabels.get_overlapping(near, window, ioa_thresh=ioa_thresh, clip=clip)

    def __getitem__(self, key: Any) -> Any:
        """Boxes relative to the window, (n, 4), class ids, (n,), and the order of a box's edges; see the base class."""
        if not isinstance(key, Box):
            return super().__getitem__(key)
        labels = self.get_labels(key, self.ioa_thresh, self.clip)
        boxes = ObjectDetectionLabels.global_to_local(labels.get_npboxes(), key.to_global_coords(self.bbox))
        return boxes, labels.get_class_ids(), BOX_FORMAT

    def _check(self, bbox: Box | None) -> None:
        if bbox is not None:
            self.vector_source.check_meets(bbox)
        self.vector_source.check_some_have_a_class(bbox)

    @cached_property
    def _labels(self) -> ObjectDetectionLabels:
        if self._bbox is None:
            return self._labels_of(self.vector_source.get_features())
        near = self._labels_of(self.vector_source.features_around(self._bbox))
        return ObjectDetectionLabels.get_overlapping(near, self._bbox, ioa_thresh=BBOX_IOA_THRESH, clip=True)

    def _labels_of(self, features: Features) -> ObjectDetectionLabels:
        check_are_areas(features, f'{self.vector_source!r}')
        xmin, ymin, xmax, ymax = shapely.bounds(features.geometries).reshape(-1, 4).T
        scores = np.array([_score(properties.get('score')) for properties in features.properties], dtype=float)
        return ObjectDetectionLabels(np.stack([ymin, xmin, ymax, xmax], axis=1), features.class_ids, scores)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        ymin, xmin, ymax, xmax = self._labels.get_npboxes().T
        return shapely.STRtree(shapely.box(xmin, ymin, xmax, ymax))

    def _near(self, window: Box) -> ObjectDetectionLabels:
        """The boxes that touch a window, in their order."""
        hits = np.sort(self._tree.query(window.to_shapely()))
        labels = self._labels
        return ObjectDetectionLabels(
            labels.get_npboxes()[hits], labels.get_class_ids()[hits], labels.get_scores()[hits]
        )


def _score(value: Any) -> float:
    """The score of a true box, which is 1 unless a number says otherwise: the property may be of another meaning."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 1.0
    return number if np.isfinite(number) else 1.0
