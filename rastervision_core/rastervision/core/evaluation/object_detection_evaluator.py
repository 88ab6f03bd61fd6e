"""What compares predicted boxes with ground truth."""

from typing import TYPE_CHECKING

from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator
from rastervision.core.evaluation.object_detection_evaluation import ObjectDetectionEvaluation

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig


class ObjectDetectionEvaluator(ClassificationEvaluator):
    """Compares predicted boxes with ground truth."""

    def __init__(
        self,
        class_config: 'ClassConfig',
        output_uri: str | None = None,
        *,
        iou_thresh: float = 0.5,
        by_class: bool = False,
        score_thresh: float | None = None,
        average_precision: bool = False,
    ) -> None:
        """Keep the arguments; see :class:`.ObjectDetectionEvaluation`.

        Args:
            class_config: The classes.
            output_uri: File for the metrics. None: write nothing.
            iou_thresh: Only boxes with a larger intersection over union are paired.
            by_class: Pair only boxes of the same class.
            score_thresh: Count only predicted boxes with a larger score.
            average_precision: Compute average precision too.
        """
        super().__init__(class_config, output_uri)
        self.iou_thresh = iou_thresh
        self.by_class = by_class
        self.score_thresh = score_thresh
        self.average_precision = average_precision

    def create_evaluation(self) -> ObjectDetectionEvaluation:
        """An evaluation without counts."""
        return ObjectDetectionEvaluation(
            self.class_config,
            self.iou_thresh,
            by_class=self.by_class,
            score_thresh=self.score_thresh,
            average_precision=self.average_precision,
        )
