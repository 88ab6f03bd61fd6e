"""Configures ObjectDetectionEvaluator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rastervision.core.evaluation.classification_evaluator_config import ClassificationEvaluatorConfig
from rastervision.core.types import Proportion, ProportionBelow1
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator

__getattr__ = lazy.names(__name__, 'rastervision.core.evaluation.object_detection_evaluator:ObjectDetectionEvaluator')


@register_config('object_detection_evaluator')
class ObjectDetectionEvaluatorConfig(ClassificationEvaluatorConfig):
    """Configure a :class:`.ObjectDetectionEvaluator`: precision, recall and F1, and average precision as of COCO."""

    iou_thresh: ProportionBelow1 = added_field(
        0.5, 'A predicted box is right if its IoU with a true one is larger; for precision, recall and F1.'
    )
    score_thresh: Proportion | None = added_field(
        None,
        'Only predicted boxes with a larger score count in precision, recall and F1. None: all that were kept. Average '
        'precision always looks at all.',
    )
    by_class: bool = added_field(
        True,
        'Pair true and predicted boxes of the same class only. False: as 0.31, whatever their classes, so that one of '
        'the wrong class can take the place of a right one.',
    )
    average_precision: bool = added_field(
        True, 'Add AP and AP50 of each class and their means, mAP and mAP50, over all scores.'
    )

    def build(
        self, class_config: 'ClassConfig', scene_group: tuple[str, Iterable[str]] | None = None
    ) -> 'ObjectDetectionEvaluator':
        """Make the evaluator; see :meth:`.EvaluatorConfig.build`."""
        from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator

        return ObjectDetectionEvaluator(
            class_config,
            self._uri_for(scene_group),
            iou_thresh=self.iou_thresh,
            by_class=self.by_class,
            score_thresh=self.score_thresh,
            average_precision=self.average_precision,
        )
