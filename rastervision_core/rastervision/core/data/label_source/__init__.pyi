from rastervision.core.box import Box as Box
from rastervision.core.data.chips import pad_to_window_size as pad_to_window_size
from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels as ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels as ObjectDetectionLabels
from rastervision.core.data.label.pixel_labels import SemanticSegmentationLabels as SemanticSegmentationLabels
from rastervision.core.data.label_source.chip_classification_label_source import (
    ChipClassificationLabelSource as ChipClassificationLabelSource,
)
from rastervision.core.data.label_source.chip_classification_label_source import (
    infer_cells as infer_cells,
)
from rastervision.core.data.label_source.chip_classification_label_source import (
    read_labels as read_labels,
)
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig as ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    cc_label_source_config_upgrader as cc_label_source_config_upgrader,
)
from rastervision.core.data.label_source.label_source import LabelSource as LabelSource
from rastervision.core.data.label_source.label_source_config import LabelSourceConfig as LabelSourceConfig
from rastervision.core.data.label_source.object_detection_label_source import (
    ObjectDetectionLabelSource as ObjectDetectionLabelSource,
)
from rastervision.core.data.label_source.object_detection_label_source_config import (
    ObjectDetectionLabelSourceConfig as ObjectDetectionLabelSourceConfig,
)
from rastervision.core.data.label_source.semantic_segmentation_label_source import (
    SemanticSegmentationLabelSource as SemanticSegmentationLabelSource,
)
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig as SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    ss_label_source_config_upgrader as ss_label_source_config_upgrader,
)
from rastervision.core.data.raster_source.raster_source import RasterSource as RasterSource
from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig as RasterSourceConfig
from rastervision.core.data.raster_source.rasterized_source_config import (
    RasterizedSourceConfig as RasterizedSourceConfig,
)
from rastervision.core.data.slices import parse_array_slices_2d as parse_array_slices_2d
from rastervision.core.data.vector_source.vector_source import VectorSource as VectorSource
from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig as VectorSourceConfig
from rastervision.core.data.vector_transformer.buffer_transformer_config import (
    BufferTransformerConfig as BufferTransformerConfig,
)
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig as ClassInferenceTransformerConfig,
)
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
