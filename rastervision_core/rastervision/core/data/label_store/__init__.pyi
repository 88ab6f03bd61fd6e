from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer as CRSTransformer
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
