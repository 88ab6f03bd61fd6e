from rastervision.core.box import Box as Box
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
from rastervision.core.data.label.tfod_utils.np_box_list import NpBoxList as NpBoxList
from rastervision.core.data.label.tfod_utils.np_box_list_ops import clip_to_window as clip_to_window
from rastervision.core.data.label.tfod_utils.np_box_list_ops import concatenate as concatenate
from rastervision.core.data.label.tfod_utils.np_box_list_ops import non_max_suppression as non_max_suppression
from rastervision.core.data.label.tfod_utils.np_box_list_ops import (
    prune_non_overlapping_boxes as prune_non_overlapping_boxes,
)
from rastervision.core.data.label.utils import discard_prediction_edges as discard_prediction_edges
from rastervision.core.types import Vector as Vector
