"""Config classes of this plugin: for each module, its classes by type hint. They are imported when first asked for."""

CONFIGS = {
    'cogify_config': {
        'cogify': 'CogifyConfig',
    },
    'analyzer.analyzer_config': {
        'analyzer': 'AnalyzerConfig',
    },
    'analyzer.stats_analyzer_config': {
        'stats_analyzer': 'StatsAnalyzerConfig',
    },
    'backend.backend_config': {
        'backend': 'BackendConfig',
    },
    'data.class_config': {
        'class_config': 'ClassConfig',
    },
    'data.dataset_config': {
        'dataset': 'DatasetConfig',
    },
    'data.label_source.chip_classification_label_source_config': {
        'chip_classification_label_source': 'ChipClassificationLabelSourceConfig',
    },
    'data.label_source.label_source_config': {
        'label_source': 'LabelSourceConfig',
    },
    'data.label_source.object_detection_label_source_config': {
        'object_detection_label_source': 'ObjectDetectionLabelSourceConfig',
    },
    'data.label_source.semantic_segmentation_label_source_config': {
        'semantic_segmentation_label_source': 'SemanticSegmentationLabelSourceConfig',
    },
    'data.label_store.chip_classification_geojson_store_config': {
        'chip_classification_geojson_store': 'ChipClassificationGeoJSONStoreConfig',
    },
    'data.label_store.label_store_config': {
        'label_store': 'LabelStoreConfig',
    },
    'data.label_store.object_detection_geojson_store_config': {
        'object_detection_geojson_store': 'ObjectDetectionGeoJSONStoreConfig',
    },
    'data.label_store.semantic_segmentation_label_store_config': {
        'building_vector_output': 'BuildingVectorOutputConfig',
        'polygon_vector_output': 'PolygonVectorOutputConfig',
        'semantic_segmentation_label_store': 'SemanticSegmentationLabelStoreConfig',
        'vector_output': 'VectorOutputConfig',
    },
    'data.raster_source.multi_raster_source_config': {
        'multi_raster_source': 'MultiRasterSourceConfig',
    },
    'data.raster_source.raster_source_config': {
        'raster_source': 'RasterSourceConfig',
    },
    'data.raster_source.rasterio_source_config': {
        'rasterio_source': 'RasterioSourceConfig',
    },
    'data.raster_source.rasterized_source_config': {
        'rasterized_source': 'RasterizedSourceConfig',
        'rasterizer': 'RasterizerConfig',
    },
    'data.raster_source.stac_config': {
        'stac_item': 'STACItemConfig',
        'stac_item_collection': 'STACItemCollectionConfig',
    },
    'data.raster_source.xarray_source_config': {
        'xarray_source': 'XarraySourceConfig',
    },
    'data.raster_transformer.cast_transformer_config': {
        'cast_transformer': 'CastTransformerConfig',
    },
    'data.raster_transformer.min_max_transformer_config': {
        'min_max_transformer': 'MinMaxTransformerConfig',
    },
    'data.raster_transformer.nan_transformer_config': {
        'nan_transformer': 'NanTransformerConfig',
    },
    'data.raster_transformer.raster_transformer_config': {
        'raster_transformer': 'RasterTransformerConfig',
    },
    'data.raster_transformer.reclass_transformer_config': {
        'reclass_transformer': 'ReclassTransformerConfig',
    },
    'data.raster_transformer.rgb_class_transformer_config': {
        'rgb_class_transformer': 'RGBClassTransformerConfig',
    },
    'data.raster_transformer.stats_transformer_config': {
        'stats_transformer': 'StatsTransformerConfig',
    },
    'data.scene_config': {
        'scene': 'SceneConfig',
    },
    'data.vector_source.geojson_vector_source_config': {
        'geojson_vector_source': 'GeoJSONVectorSourceConfig',
    },
    'data.vector_source.vector_file_source_config': {
        'vector_file_source': 'VectorFileSourceConfig',
    },
    'data.vector_source.vector_source_config': {
        'vector_source': 'VectorSourceConfig',
    },
    'data.vector_source.vector_tile_source_config': {
        'vector_tile_vector_source': 'VectorTileVectorSourceConfig',
    },
    'data.vector_transformer.buffer_transformer_config': {
        'buffer_transformer': 'BufferTransformerConfig',
    },
    'data.vector_transformer.class_inference_transformer_config': {
        'class_inference_transformer': 'ClassInferenceTransformerConfig',
    },
    'data.vector_transformer.shift_transformer_config': {
        'shift_transformer': 'ShiftTransformerConfig',
    },
    'data.vector_transformer.vector_transformer_config': {
        'vector_transformer': 'VectorTransformerConfig',
    },
    'evaluation.chip_classification_evaluator_config': {
        'chip_classification_evaluator': 'ChipClassificationEvaluatorConfig',
    },
    'evaluation.classification_evaluator_config': {
        'classification_evaluator': 'ClassificationEvaluatorConfig',
    },
    'evaluation.evaluator_config': {
        'evaluator': 'EvaluatorConfig',
    },
    'evaluation.object_detection_evaluator_config': {
        'object_detection_evaluator': 'ObjectDetectionEvaluatorConfig',
    },
    'evaluation.semantic_segmentation_evaluator_config': {
        'semantic_segmentation_evaluator': 'SemanticSegmentationEvaluatorConfig',
    },
    'rv_pipeline.chip_classification_config': {
        'chip_classification': 'ChipClassificationConfig',
    },
    'rv_pipeline.chip_options': {
        'chip_options': 'ChipOptions',
        'window_sampling': 'WindowSamplingConfig',
    },
    'rv_pipeline.object_detection_config': {
        'object_detection': 'ObjectDetectionConfig',
        'object_detection_chip_options': 'ObjectDetectionChipOptions',
        'object_detection_predict_options': 'ObjectDetectionPredictOptions',
        'object_detection_window_sampling': 'ObjectDetectionWindowSamplingConfig',
    },
    'rv_pipeline.rv_pipeline_config': {
        'predict_options': 'PredictOptions',
        'rv_pipeline': 'RVPipelineConfig',
    },
    'rv_pipeline.semantic_segmentation_config': {
        'semantic_segmentation': 'SemanticSegmentationConfig',
        'semantic_segmentation_chip_options': 'SemanticSegmentationChipOptions',
        'semantic_segmentation_predict_options': 'SemanticSegmentationPredictOptions',
    },
}
