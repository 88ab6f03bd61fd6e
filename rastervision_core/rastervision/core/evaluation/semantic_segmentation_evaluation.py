"""The metrics of predicted classes of pixels."""

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.defaults import BLOCK_SZ
from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation, count_pairs
from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
    from rastervision.core.evaluation.vector_outputs import ComparedOutput

lazy.also_give(__name__, 'rastervision.core.evaluation.class_evaluation_item: ClassEvaluationItem')

MAX_PIXELS = 2**22
VECTOR_OUTPUTS = 'vector_outputs'  # in eval.json


def row_blocks(extent: Box) -> Iterator[Box]:
    """Cut an extent into blocks of whole rows, of at most about four million pixels.

    Heights are multiples of the block size of rasters, so that no block of a file is read twice.
    """
    rows = max(1, MAX_PIXELS // max(1, extent.width) // BLOCK_SZ) * BLOCK_SZ
    for ymin in range(extent.ymin, extent.ymax, rows):
        yield Box(ymin, extent.xmin, min(ymin + rows, extent.ymax), extent.xmax)


class SemanticSegmentationEvaluation(ClassificationEvaluation):
    """Counts pixels, by true and predicted class, and the polygons of vector outputs.

    Attributes:
        ignore_null: Whether pixels whose true class is the null class are left out.
        vector_output_items: Name of each vector output -> counts of its polygons.
    """

    def __init__(self, class_config: 'ClassConfig', *, ignore_null: bool = False) -> None:
        """Keep the classes.

        Args:
            class_config: The classes.
            ignore_null: See the class.
        """
        super().__init__()
        self.class_config = class_config
        self.ignore_null = ignore_null

    def reset(self) -> None:
        """Forget all counts."""
        super().reset()
        self.vector_output_items: dict[str, ClassEvaluationItem] = {}

    def set_vector_outputs(self, outputs: 'Sequence[ComparedOutput]') -> None:
        """Take over the counts of polygons. Each item says its `vector_output`, as there may be several of a class."""
        self.vector_output_items = {
            output.name: output.comparison.to_item(output.class_id, output.class_name, vector_output=output.name)
            for output in outputs
        }

    def merge(self, other: ClassificationEvaluation, scene_id: str | None = None) -> None:
        """Add the counts of another evaluation; see :meth:`.ClassificationEvaluation.merge`."""
        super().merge(other, scene_id)
        if isinstance(other, SemanticSegmentationEvaluation):
            for name, item in other.vector_output_items.items():
                if name in self.vector_output_items:
                    self.vector_output_items[name].merge(item)
                else:
                    self.vector_output_items[name] = copy.deepcopy(item)

    def to_json(self) -> dict[str, Any] | list[Any]:
        """As of :class:`.ClassificationEvaluation`; of merged scenes, with the polygons of vector outputs, if any.

        These are under `vector_outputs`: like the pixels `overall` and `per_scene`, a list of an item for each output,
        without an average.
        """
        data = super().to_json()
        if not isinstance(data, dict) or not self.vector_output_items:
            return data
        per_scene = {
            name: scene.vector_outputs_to_json()
            for name, scene in self.scene_to_eval.items()
            if isinstance(scene, SemanticSegmentationEvaluation)
        }
        return {**data, VECTOR_OUTPUTS: {'overall': self.vector_outputs_to_json(), 'per_scene': per_scene}}

    def vector_outputs_to_json(self) -> list[dict[str, Any]]:
        """The metrics of the polygons of each vector output, of all scenes together."""
        return [item.to_json() for _, item in sorted(self.vector_output_items.items())]

    def compute(self, gt_labels: 'SemanticSegmentationLabels', pred_labels: 'SemanticSegmentationLabels') -> None:
        """Count the pixels of the extent of the true labels; pixels without label are of the null class.

        Args:
            gt_labels: True classes.
            pred_labels: Predicted classes.

        Raises:
            ValueError: If there is no null class.
        """
        null_class_id = self.class_config.null_class_id
        self.set_pixel_counts(
            sum(
                self.count(
                    gt_labels.get_label_arr(window, null_class_id), pred_labels.get_label_arr(window, null_class_id)
                )
                for window in row_blocks(gt_labels.extent)
            )
        )

    def count(self, gt: np.ndarray, pred: np.ndarray) -> np.ndarray:
        """Confusion matrix of pixels, int64; see :func:`.count_pairs`."""
        return count_pairs(gt, pred, len(self.class_config.names))

    def set_pixel_counts(self, conf_mat: np.ndarray | int) -> None:
        """Take over the counts of a confusion matrix, (classes, classes), but those that are left out.

        Counts are written as floats, as in all files of this kind. They are exact up to 2**53.
        """
        names = self.class_config.names
        counts = np.broadcast_to(conf_mat, (len(names), len(names))).astype(float)
        if self.ignore_null:
            counts[self.class_config.null_class_id] = 0
        self.set_conf_mat(counts, names)
