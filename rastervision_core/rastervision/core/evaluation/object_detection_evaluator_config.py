"""Configures ObjectDetectionEvaluator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rastervision.core.evaluation.classification_evaluator_config import ClassificationEvaluatorConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator

__getattr__ = lazy.names(__name__, 'rastervision.core.evaluation.object_detection_evaluator:ObjectDetectionEvaluator')


@register_config('object_detection_evaluator')
class ObjectDetectionEvaluatorConfig(ClassificationEvaluatorConfig):
    """Configure a :class:`.ObjectDetectionEvaluator`."""

    def build(
        self, class_config: 'ClassConfig', scene_group: tuple[str, Iterable[str]] | None = None
    ) -> 'ObjectDetectionEvaluator':
        """Make the evaluator; see :meth:`.EvaluatorConfig.build`."""
        from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator

        return ObjectDetectionEvaluator(class_config, self._uri_for(scene_group))
