"""What compares predicted classes of pixels with ground truth."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.features import geometry_mask
from rasterio.transform import Affine

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.core.data.scene import naming_scene
from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator, sides_of
from rastervision.core.evaluation.semantic_segmentation_evaluation import SemanticSegmentationEvaluation, row_blocks
from rastervision.pipeline.overriding import is_overridden, is_overridden_later

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.label_store.label_store import LabelStore
    from rastervision.core.data.scene import Scene

log = logging.getLogger(__name__)

WHOLE_LABELS = 'get_labels', 'get_discrete_labels', 'get_scores'  # of a label store, whose subclass may have its own
ReadWindow = Callable[[Box], np.ndarray]


class SemanticSegmentationEvaluator(ClassificationEvaluator):
    """Compares predicted classes of pixels with ground truth.

    Attributes:
        ignore_null: Whether pixels whose true class is the null class are left out.
    """

    def __init__(
        self, class_config: 'ClassConfig', output_uri: str | None = None, *, ignore_null: bool = False
    ) -> None:
        """Keep the options.

        Args:
            class_config: The classes.
            output_uri: File for the metrics. None: write nothing.
            ignore_null: See the class.
        """
        super().__init__(class_config, output_uri)
        self.ignore_null = ignore_null

    def create_evaluation(self) -> SemanticSegmentationEvaluation:
        """An evaluation without counts."""
        return SemanticSegmentationEvaluation(self.class_config, ignore_null=self.ignore_null)

    def evaluate_scene(self, scene: 'Scene') -> SemanticSegmentationEvaluation:
        """Evaluate the predictions of a scene, by blocks of rows.

        Pixels outside the areas of interest count as of the null class on both sides. Pixels whose true label is no
        class at all (such as 255) are left out; with `ignore_null`, so are those of the null class.

        Time grows with the area, memory with the width only.

        Raises:
            ValueError: If there is no null class.
            FileNotFoundError: If labels or predictions are missing.
        """
        evaluation = self.create_evaluation()
        if self._compares_labels or is_overridden_later(evaluation, 'compute', than=('count', 'set_pixel_counts')):
            return super().evaluate_scene(scene)  # type: ignore[return-value]
        counts, pixels = np.zeros((), dtype=np.int64), 0
        with naming_scene(scene.id):
            for _, truth, prediction in read_pairs(scene, row_blocks(scene.extent), self.class_config.null_class_id):
                counts = counts + evaluation.count(truth, prediction)
                pixels += truth.size
        if counts.sum() < pixels:
            log.warning(
                'Scene %r: %d pixels are not evaluated, because their value is no class id.',
                scene.id,
                pixels - counts.sum(),
            )
        evaluation.set_pixel_counts(counts)
        return evaluation

    @property
    def _compares_labels(self) -> bool:
        """Whether a subclass compares labels of whole scenes in its own way."""
        return is_overridden(self, 'evaluate_predictions', 'read_labels', 'align', base=SemanticSegmentationEvaluator)


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
    read_truth, read_prediction = _truth_reader(source, null_class_id), _prediction_reader(store, null_class_id)
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


def _truth_reader(source: 'LabelSource', null_class_id: int) -> ReadWindow:
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
