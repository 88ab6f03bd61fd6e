"""Configures ChipClassificationEvaluator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rastervision.core.evaluation.classification_evaluator_config import ClassificationEvaluatorConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator

__getattr__ = lazy.names(
    __name__, 'rastervision.core.evaluation.chip_classification_evaluator:ChipClassificationEvaluator'
)


@register_config('chip_classification_evaluator')
class ChipClassificationEvaluatorConfig(ClassificationEvaluatorConfig):
    """Configure a :class:`.ChipClassificationEvaluator`."""

    def build(
        self, class_config: 'ClassConfig', scene_group: tuple[str, Iterable[str]] | None = None
    ) -> 'ChipClassificationEvaluator':
        """Make the evaluator; see :meth:`.EvaluatorConfig.build`."""
        from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator

        return ChipClassificationEvaluator(class_config, self._uri_for(scene_group), report_cells=True)
