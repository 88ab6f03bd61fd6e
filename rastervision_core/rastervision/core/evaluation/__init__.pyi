from rastervision.core.data.label.labels import Labels as Labels
from rastervision.core.data.plain_data import ensure_json_serializable as ensure_json_serializable
from rastervision.core.evaluation.chip_classification_evaluation import (
    ChipClassificationEvaluation as ChipClassificationEvaluation,
)
from rastervision.core.evaluation.chip_classification_evaluator import (
    ChipClassificationEvaluator as ChipClassificationEvaluator,
)
from rastervision.core.evaluation.chip_classification_evaluator_config import (
    ChipClassificationEvaluatorConfig as ChipClassificationEvaluatorConfig,
)
from rastervision.core.evaluation.class_evaluation_item import ClassEvaluationItem as ClassEvaluationItem
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation as ClassificationEvaluation
from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator as ClassificationEvaluator
from rastervision.core.evaluation.classification_evaluator_config import (
    ClassificationEvaluatorConfig as ClassificationEvaluatorConfig,
)
from rastervision.core.evaluation.evaluation_item import EvaluationItem as EvaluationItem
from rastervision.core.evaluation.evaluator import Evaluator as Evaluator
from rastervision.core.evaluation.evaluator_config import EvaluatorConfig as EvaluatorConfig
from rastervision.core.evaluation.object_detection_evaluation import (
    ObjectDetectionEvaluation as ObjectDetectionEvaluation,
)
from rastervision.core.evaluation.object_detection_evaluation import (
    compute_metrics as compute_metrics,
)
from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator as ObjectDetectionEvaluator
from rastervision.core.evaluation.object_detection_evaluator_config import (
    ObjectDetectionEvaluatorConfig as ObjectDetectionEvaluatorConfig,
)
from rastervision.core.evaluation.polygon_comparison import PolygonComparison as PolygonComparison
from rastervision.core.evaluation.polygon_comparison import compare_polygons as compare_polygons
from rastervision.core.evaluation.semantic_segmentation_evaluation import (
    SemanticSegmentationEvaluation as SemanticSegmentationEvaluation,
)
from rastervision.core.evaluation.semantic_segmentation_evaluator import (
    SemanticSegmentationEvaluator as SemanticSegmentationEvaluator,
)
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import (
    SemanticSegmentationEvaluatorConfig as SemanticSegmentationEvaluatorConfig,
)
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import (
    ss_evaluator_config_upgrader as ss_evaluator_config_upgrader,
)
from rastervision.core.evaluation.vector_outputs import ComparedOutput as ComparedOutput
from rastervision.core.evaluation.vector_outputs import compare_vector_outputs as compare_vector_outputs
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.file_system.utils import str_to_file as str_to_file
