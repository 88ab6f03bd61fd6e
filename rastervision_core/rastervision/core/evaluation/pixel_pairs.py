"""Reading true and predicted classes of pixels side by side, by windows."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.features import geometry_mask
from rasterio.transform import Affine

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.core.evaluation.classification_evaluator import sides_of
from rastervision.pipeline.overriding import is_overridden_later

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.label_store.label_store import LabelStore
    from rastervision.core.data.scene import Scene

WHOLE_LABELS = 'get_labels', 'get_discrete_labels', 'get_scores'  # of a label store, whose subclass may have its own
ReadWindow = Callable[[Box], np.ndarray]


def read_pairs(
    scene: 'Scene', windows: Iterable[Box], null_class_id: int
) -> Iterator[tuple[Box, np.ndarray, np.ndarray]]:
    """The true and the predicted class ids of windows of a scene, as they are compared.

    Args:
        scene: A scene with ground truth and predictions.
        windows: In pixels of the scene, inside its extent.
        null_class_id: What both are outside the areas of interest.

    Yields:
        A window, its true and its predicted class ids: each (height, width), integers.

    Raises:
        DataError: If the scene has no label source or label store.
        FileNotFoundError: If labels or predictions are missing.
    """
    source, store = sides_of(scene)
    read_truth, read_prediction = truth_reader(source, null_class_id), _prediction_reader(store, null_class_id)
    aoi = AOIMask(scene.aoi_polygons_bbox_coords) if scene.aoi_polygons else None
    for window in windows:
        truth, prediction = read_truth(window), read_prediction(window)
        if aoi is not None:
            outside = aoi.outside(window)
            truth, prediction = (np.where(outside, null_class_id, arr) for arr in (truth, prediction))
        yield window, truth, prediction


class AOIMask:
    """Areas of interest, ready to be asked for windows."""

    def __init__(self, polygons: 'list[Polygon]') -> None:
        """Index polygons, in pixels of a scene."""
        self._areas = Features(np.array(polygons, dtype=object), [{}] * len(polygons))

    def outside(self, window: Box) -> np.ndarray:
        """Mask of the pixels of a window whose centre is in no area, (height, width), bool."""
        near, _ = self._areas.drawable(self._areas.intersecting(window), window)
        if not near:
            return np.ones(window.size, dtype=bool)
        return geometry_mask(near, window.size, Affine.translation(window.xmin, window.ymin))  # type: ignore[no-any-return]


def truth_reader(source: 'LabelSource', null_class_id: int) -> ReadWindow:
    """What reads true class ids of a window; the whole scene at once only if the source knows nothing better."""
    read: ReadWindow | None = getattr(source, 'get_label_arr', None)
    if is_overridden_later(source, 'get_labels', than=('get_label_arr',)):
        read = None
    return read or _labels_reader(source.get_labels(), null_class_id)


def _prediction_reader(store: 'LabelStore', null_class_id: int) -> ReadWindow:
    """What reads predicted class ids of a window; the whole scene at once only if the store knows nothing better."""
    read: ReadWindow | None = getattr(store, 'read_label_arr', None)
    if is_overridden_later(store, *WHOLE_LABELS, than=('read_label_arr',)):
        read = None
    return read or _labels_reader(store.get_labels(), null_class_id)


def _labels_reader(labels: Any, null_class_id: int) -> ReadWindow:
    return lambda window: labels.get_label_arr(window, null_class_id)
