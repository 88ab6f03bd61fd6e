from rastervision.core.data.label.chip_classification_labels import (
    ChipClassificationLabels as ChipClassificationLabels,
)
from rastervision.core.data.label.chip_classification_labels import (
    ClassificationLabel as ClassificationLabel,
)
from rastervision.core.data.label.labels import Labels as Labels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels as ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels as SemanticSegmentationDiscreteLabels,
)
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationLabels as SemanticSegmentationLabels,
)
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationSmoothLabels as SemanticSegmentationSmoothLabels,
)
from rastervision.core.data.label.utils import discard_prediction_edges as discard_prediction_edges
