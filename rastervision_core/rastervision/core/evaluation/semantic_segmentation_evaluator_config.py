"""Configures SemanticSegmentationEvaluator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rastervision.core import compat
from rastervision.core.evaluation.classification_evaluator_config import ClassificationEvaluatorConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator

__getattr__ = lazy.names(
    __name__, 'rastervision.core.evaluation.semantic_segmentation_evaluator:SemanticSegmentationEvaluator'
)


def ss_evaluator_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one."""
    return compat.without(cfg_dict, 'vector_output_uri') if version == 2 else cfg_dict


@register_config('semantic_segmentation_evaluator', upgrader=ss_evaluator_config_upgrader)
class SemanticSegmentationEvaluatorConfig(ClassificationEvaluatorConfig):
    """Configure a :class:`.SemanticSegmentationEvaluator`."""

    ignore_null: bool = added_field(
        False,
        'Leave out pixels whose true class is the null class, and those outside the areas of interest. If not, they '
        'count as a class like others.',
    )

    def build(
        self, class_config: 'ClassConfig', scene_group: tuple[str, Iterable[str]] | None = None
    ) -> 'SemanticSegmentationEvaluator':
        """Make the evaluator; see :meth:`.EvaluatorConfig.build`."""
        from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator

        return SemanticSegmentationEvaluator(class_config, self._uri_for(scene_group), ignore_null=self.ignore_null)
