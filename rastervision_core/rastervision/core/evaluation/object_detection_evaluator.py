"""What compares predicted boxes with ground truth."""

from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator
from rastervision.core.evaluation.object_detection_evaluation import ObjectDetectionEvaluation


class ObjectDetectionEvaluator(ClassificationEvaluator):
    """Compares predicted boxes with ground truth."""

    def create_evaluation(self) -> ObjectDetectionEvaluation:
        """An evaluation without counts."""
        return ObjectDetectionEvaluation(self.class_config)
