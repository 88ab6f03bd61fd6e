"""What compares predicted classes of cells with ground truth."""

from rastervision.core.evaluation.chip_classification_evaluation import ChipClassificationEvaluation
from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator


class ChipClassificationEvaluator(ClassificationEvaluator):
    """Compares predicted classes of cells with ground truth."""

    def create_evaluation(self) -> ChipClassificationEvaluation:
        """An evaluation without counts."""
        return ChipClassificationEvaluation(self.class_config)
