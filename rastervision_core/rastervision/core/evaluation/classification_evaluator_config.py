"""Configures ClassificationEvaluator."""

from rastervision.core.evaluation.evaluator_config import EvaluatorConfig
from rastervision.pipeline.config.register import register_config


@register_config('classification_evaluator')
class ClassificationEvaluatorConfig(EvaluatorConfig):
    """Configure a :class:`.ClassificationEvaluator`, the base of the evaluators of the three tasks."""
