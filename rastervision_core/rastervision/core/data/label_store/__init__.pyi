from rastervision.core.box import Box as Box
from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer as CRSTransformer
from rastervision.core.data.geojson import PROGRESSBAR_DELAY_SEC as PROGRESSBAR_DELAY_SEC
from rastervision.core.data.geojson import geoms_to_geojson as geoms_to_geojson
from rastervision.core.data.geotiff import write_window as write_window
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels as ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels as ObjectDetectionLabels
from rastervision.core.data.label.pixel_labels import SemanticSegmentationLabels as SemanticSegmentationLabels
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationSmoothLabels as SemanticSegmentationSmoothLabels,
)
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig as ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.semantic_segmentation_label_source import (
    SemanticSegmentationLabelSource as SemanticSegmentationLabelSource,
)
from rastervision.core.data.label_store.chip_classification_geojson_store import (
    ChipClassificationGeoJSONStore as ChipClassificationGeoJSONStore,
)
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig as ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.label_store import LabelStore as LabelStore
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig as LabelStoreConfig
from rastervision.core.data.label_store.object_detection_geojson_store import (
    ObjectDetectionGeoJSONStore as ObjectDetectionGeoJSONStore,
)
from rastervision.core.data.label_store.object_detection_geojson_store_config import (
    ObjectDetectionGeoJSONStoreConfig as ObjectDetectionGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store import (
    SemanticSegmentationLabelStore as SemanticSegmentationLabelStore,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig as BuildingVectorOutputConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig as PolygonVectorOutputConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig as SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    VectorOutputConfig as VectorOutputConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    building_vo_config_upgrader as building_vo_config_upgrader,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    vo_config_upgrader as vo_config_upgrader,
)
from rastervision.core.data.label_store.utils import boxes_to_geojson as boxes_to_geojson
from rastervision.core.data.raster_source.rasterio_source import RasterioSource as RasterioSource
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer as RGBClassTransformer
from rastervision.core.data.vector_source.geojson_vector_source_config import (
    GeoJSONVectorSourceConfig as GeoJSONVectorSourceConfig,
)
from rastervision.core.data.vectorize.buildings import mask_to_building_polygons as mask_to_building_polygons
from rastervision.core.data.vectorize.morphology import denoise as denoise
from rastervision.core.data.vectorize.polygons import mask_to_polygons as mask_to_polygons
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import NotReadableError as NotReadableError
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_exists as file_exists
from rastervision.pipeline.file_system.utils import get_local_path as get_local_path
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pipeline.file_system.utils import json_to_file as json_to_file
from rastervision.pipeline.file_system.utils import sync_to_dir as sync_to_dir
