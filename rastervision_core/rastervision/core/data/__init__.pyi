from pydantic import Field as Field
from shapely.ops import unary_union as unary_union

from rastervision.core.box import Box as Box
from rastervision.core.data.class_config import DEFAULT_NULL_CLASS_COLOR as DEFAULT_NULL_CLASS_COLOR
from rastervision.core.data.class_config import DEFAULT_NULL_CLASS_NAME as DEFAULT_NULL_CLASS_NAME
from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer as CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import (
    IdentityCRSTransformer as IdentityCRSTransformer,
)
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import (
    RasterioCRSTransformer as RasterioCRSTransformer,
)
from rastervision.core.data.dataset_config import (
    DatasetConfig as DatasetConfig,
)
from rastervision.core.data.dataset_config import (
    dataset_config_upgrader as dataset_config_upgrader,
)
from rastervision.core.data.geojson import MULTI_GEOM_TYPES as MULTI_GEOM_TYPES
from rastervision.core.data.geojson import PROGRESSBAR_DELAY_SEC as PROGRESSBAR_DELAY_SEC
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
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource as MultiRasterSource
from rastervision.core.data.raster_source.multi_raster_source_config import (
    MultiRasterSourceConfig as MultiRasterSourceConfig,
)
from rastervision.core.data.raster_source.multi_raster_source_config import (
    multi_rs_config_upgrader as multi_rs_config_upgrader,
)
from rastervision.core.data.raster_source.raster_source import RasterSource as RasterSource
from rastervision.core.data.raster_source.raster_source_config import (
    RasterSourceConfig as RasterSourceConfig,
)
from rastervision.core.data.raster_source.raster_source_config import (
    rs_config_upgrader as rs_config_upgrader,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource as RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import (
    RasterioSourceConfig as RasterioSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import (
    rasterio_source_config_upgrader as rasterio_source_config_upgrader,
)
from rastervision.core.data.raster_source.rasterized_source import (
    RasterizedSource as RasterizedSource,
)
from rastervision.core.data.raster_source.rasterized_source import (
    geoms_to_raster as geoms_to_raster,
)
from rastervision.core.data.raster_source.rasterized_source_config import (
    RasterizedSourceConfig as RasterizedSourceConfig,
)
from rastervision.core.data.raster_source.rasterized_source_config import (
    RasterizerConfig as RasterizerConfig,
)
from rastervision.core.data.raster_source.stac_config import (
    STACItemCollectionConfig as STACItemCollectionConfig,
)
from rastervision.core.data.raster_source.stac_config import (
    STACItemConfig as STACItemConfig,
)
from rastervision.core.data.raster_source.stac_config import (
    subset_assets as subset_assets,
)
from rastervision.core.data.raster_source.temporal_multi_raster_source import (
    TemporalMultiRasterSource as TemporalMultiRasterSource,
)
from rastervision.core.data.raster_source.xarray_source import XarraySource as XarraySource
from rastervision.core.data.raster_source.xarray_source_config import XarraySourceConfig as XarraySourceConfig
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer as CastTransformer
from rastervision.core.data.raster_transformer.cast_transformer_config import (
    CastTransformerConfig as CastTransformerConfig,
)
from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer as MinMaxTransformer
from rastervision.core.data.raster_transformer.min_max_transformer_config import (
    MinMaxTransformerConfig as MinMaxTransformerConfig,
)
from rastervision.core.data.raster_transformer.nan_transformer import NanTransformer as NanTransformer
from rastervision.core.data.raster_transformer.nan_transformer_config import (
    NanTransformerConfig as NanTransformerConfig,
)
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer as RasterTransformer
from rastervision.core.data.raster_transformer.raster_transformer_config import (
    RasterTransformerConfig as RasterTransformerConfig,
)
from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer as ReclassTransformer
from rastervision.core.data.raster_transformer.reclass_transformer_config import (
    ReclassTransformerConfig as ReclassTransformerConfig,
)
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer as RGBClassTransformer
from rastervision.core.data.raster_transformer.rgb_class_transformer_config import (
    RGBClassTransformerConfig as RGBClassTransformerConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer as StatsTransformer
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    StatsTransformerConfig as StatsTransformerConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    stats_transformer_config_upgrader as stats_transformer_config_upgrader,
)
from rastervision.core.data.raster_transformer.utils import (
    get_transformed_dtype as get_transformed_dtype,
)
from rastervision.core.data.raster_transformer.utils import (
    get_transformed_num_channels as get_transformed_num_channels,
)
from rastervision.core.data.scene import Scene as Scene
from rastervision.core.data.scene_config import (
    SceneConfig as SceneConfig,
)
from rastervision.core.data.scene_config import (
    scene_config_upgrader as scene_config_upgrader,
)
from rastervision.core.data.utils.aoi_sampler import AoiSampler as AoiSampler
from rastervision.core.data.utils.factory import (
    make_cc_scene as make_cc_scene,
)
from rastervision.core.data.utils.factory import (
    make_od_scene as make_od_scene,
)
from rastervision.core.data.utils.factory import (
    make_ss_scene as make_ss_scene,
)
from rastervision.core.data.utils.geojson import (
    all_geoms_valid as all_geoms_valid,
)
from rastervision.core.data.utils.geojson import (
    buffer_geoms as buffer_geoms,
)
from rastervision.core.data.utils.geojson import (
    features_to_geojson as features_to_geojson,
)
from rastervision.core.data.utils.geojson import (
    filter_features as filter_features,
)
from rastervision.core.data.utils.geojson import (
    filter_geojson_to_window as filter_geojson_to_window,
)
from rastervision.core.data.utils.geojson import (
    geojson_to_geodataframe as geojson_to_geodataframe,
)
from rastervision.core.data.utils.geojson import (
    geojson_to_geoms as geojson_to_geoms,
)
from rastervision.core.data.utils.geojson import (
    geom_to_feature as geom_to_feature,
)
from rastervision.core.data.utils.geojson import (
    geometries_to_geojson as geometries_to_geojson,
)
from rastervision.core.data.utils.geojson import (
    geometry_to_feature as geometry_to_feature,
)
from rastervision.core.data.utils.geojson import (
    geoms_to_bbox_coords as geoms_to_bbox_coords,
)
from rastervision.core.data.utils.geojson import (
    geoms_to_geojson as geoms_to_geojson,
)
from rastervision.core.data.utils.geojson import (
    get_geodataframe_extent as get_geodataframe_extent,
)
from rastervision.core.data.utils.geojson import (
    get_geojson_extent as get_geojson_extent,
)
from rastervision.core.data.utils.geojson import (
    get_polygons_from_uris as get_polygons_from_uris,
)
from rastervision.core.data.utils.geojson import (
    is_empty_feature as is_empty_feature,
)
from rastervision.core.data.utils.geojson import (
    map_features as map_features,
)
from rastervision.core.data.utils.geojson import (
    map_geoms as map_geoms,
)
from rastervision.core.data.utils.geojson import (
    map_to_pixel_coords as map_to_pixel_coords,
)
from rastervision.core.data.utils.geojson import (
    merge_geojsons as merge_geojsons,
)
from rastervision.core.data.utils.geojson import (
    pixel_to_map_coords as pixel_to_map_coords,
)
from rastervision.core.data.utils.geojson import (
    remove_empty_features as remove_empty_features,
)
from rastervision.core.data.utils.geojson import (
    simplify_polygons as simplify_polygons,
)
from rastervision.core.data.utils.geojson import (
    split_multi_geometries as split_multi_geometries,
)
from rastervision.core.data.utils.misc import (
    all_equal as all_equal,
)
from rastervision.core.data.utils.misc import (
    color_to_integer as color_to_integer,
)
from rastervision.core.data.utils.misc import (
    color_to_triple as color_to_triple,
)
from rastervision.core.data.utils.misc import (
    ensure_json_serializable as ensure_json_serializable,
)
from rastervision.core.data.utils.misc import (
    listify_uris as listify_uris,
)
from rastervision.core.data.utils.misc import (
    match_bboxes as match_bboxes,
)
from rastervision.core.data.utils.misc import (
    normalize_color as normalize_color,
)
from rastervision.core.data.utils.misc import (
    parse_array_slices_2d as parse_array_slices_2d,
)
from rastervision.core.data.utils.misc import (
    parse_array_slices_Nd as parse_array_slices_Nd,
)
from rastervision.core.data.utils.misc import (
    rgb_to_int_array as rgb_to_int_array,
)
from rastervision.core.data.utils.misc import (
    save_img as save_img,
)
from rastervision.core.data.utils.raster import fill_overflow as fill_overflow
from rastervision.core.data.utils.raster import pad_to_window_size as pad_to_window_size
from rastervision.core.data.utils.rasterio import (
    build_vrt as build_vrt,
)
from rastervision.core.data.utils.rasterio import (
    crop_geotiff as crop_geotiff,
)
from rastervision.core.data.utils.rasterio import (
    download_and_build_vrt as download_and_build_vrt,
)
from rastervision.core.data.utils.rasterio import (
    get_aws_session as get_aws_session,
)
from rastervision.core.data.utils.rasterio import (
    get_channel_order_from_dataset as get_channel_order_from_dataset,
)
from rastervision.core.data.utils.rasterio import (
    is_masked as is_masked,
)
from rastervision.core.data.utils.rasterio import (
    read_window as read_window,
)
from rastervision.core.data.utils.rasterio import (
    write_bbox as write_bbox,
)
from rastervision.core.data.utils.rasterio import (
    write_geotiff_like_geojson as write_geotiff_like_geojson,
)
from rastervision.core.data.utils.rasterio import (
    write_window as write_window,
)
from rastervision.core.data.utils.vectorization import (
    denoise as denoise,
)
from rastervision.core.data.utils.vectorization import (
    get_kernel as get_kernel,
)
from rastervision.core.data.utils.vectorization import (
    get_rectangle as get_rectangle,
)
from rastervision.core.data.utils.vectorization import (
    mask_to_building_polygons as mask_to_building_polygons,
)
from rastervision.core.data.utils.vectorization import (
    mask_to_polygons as mask_to_polygons,
)
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource as GeoJSONVectorSource
from rastervision.core.data.vector_source.geojson_vector_source_config import (
    GeoJSONVectorSourceConfig as GeoJSONVectorSourceConfig,
)
from rastervision.core.data.vector_source.geojson_vector_source_config import (
    geojson_vector_source_config_upgrader as geojson_vector_source_config_upgrader,
)
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource as VectorFileSource
from rastervision.core.data.vector_source.vector_file_source_config import (
    VectorFileSourceConfig as VectorFileSourceConfig,
)
from rastervision.core.data.vector_source.vector_source import (
    VectorSource as VectorSource,
)
from rastervision.core.data.vector_source.vector_source import (
    sanitize_geojson as sanitize_geojson,
)
from rastervision.core.data.vector_source.vector_source_config import (
    VectorSourceConfig as VectorSourceConfig,
)
from rastervision.core.data.vector_source.vector_source_config import (
    vector_source_config_upgrader as vector_source_config_upgrader,
)
from rastervision.core.data.vector_source.vector_tile_source import VectorTileSource as VectorTileSource
from rastervision.core.data.vector_source.vector_tile_source_config import (
    VectorTileVectorSourceConfig as VectorTileVectorSourceConfig,
)
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer as BufferTransformer
from rastervision.core.data.vector_transformer.buffer_transformer_config import (
    BufferTransformerConfig as BufferTransformerConfig,
)
from rastervision.core.data.vector_transformer.class_inference_transformer import (
    ClassInferenceTransformer as ClassInferenceTransformer,
)
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig as ClassInferenceTransformerConfig,
)
from rastervision.core.data.vector_transformer.label_maker.filter import create_filter as create_filter
from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer as ShiftTransformer
from rastervision.core.data.vector_transformer.shift_transformer_config import (
    ShiftTransformerConfig as ShiftTransformerConfig,
)
from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer as VectorTransformer
from rastervision.core.data.vector_transformer.vector_transformer_config import (
    VectorTransformerConfig as VectorTransformerConfig,
)
from rastervision.core.data.vectorize.buildings import RotatedRectange as RotatedRectange
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ChannelOrderError as ChannelOrderError
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import get_local_path as get_local_path
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pipeline.file_system.utils import upload_or_copy as upload_or_copy
from rastervision.pipeline.utils import split_into_groups as split_into_groups
