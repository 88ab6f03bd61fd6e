"""Config classes of this plugin: for each module, its classes by type hint. They are imported when first asked for."""

CONFIGS = {
    'classification_learner_config': {
        'classification_data': 'ClassificationDataConfig',
        'classification_geo_data': 'ClassificationGeoDataConfig',
        'classification_image_data': 'ClassificationImageDataConfig',
        'classification_learner': 'ClassificationLearnerConfig',
        'classification_model': 'ClassificationModelConfig',
    },
    'learner_config': {
        'data': 'DataConfig',
        'external-module': 'ExternalModuleConfig',
        'geo_data': 'GeoDataConfig',
        'image_data': 'ImageDataConfig',
        'learner': 'LearnerConfig',
        'mlflow_logger': 'MLflowLoggerConfig',
        'model': 'ModelConfig',
        'plot_options': 'PlotOptions',
        'solver': 'SolverConfig',
        'training_logger': 'TrainingLoggerConfig',
        'wandb_logger': 'WandbLoggerConfig',
    },
    'object_detection_learner_config': {
        'object_detection_data': 'ObjectDetectionDataConfig',
        'object_detection_geo_data': 'ObjectDetectionGeoDataConfig',
        'object_detection_image_data': 'ObjectDetectionImageDataConfig',
        'object_detection_learner': 'ObjectDetectionLearnerConfig',
        'object_detection_model': 'ObjectDetectionModelConfig',
    },
    'regression_learner_config': {
        'regression_data': 'RegressionDataConfig',
        'regression_geo_data': 'RegressionGeoDataConfig',
        'regression_image_data': 'RegressionImageDataConfig',
        'regression_learner': 'RegressionLearnerConfig',
        'regression_model': 'RegressionModelConfig',
        'regression_plot_options': 'RegressionPlotOptions',
    },
    'semantic_segmentation_learner_config': {
        'semantic_segmentation_data': 'SemanticSegmentationDataConfig',
        'semantic_segmentation_geo_data': 'SemanticSegmentationGeoDataConfig',
        'semantic_segmentation_image_data': 'SemanticSegmentationImageDataConfig',
        'semantic_segmentation_learner': 'SemanticSegmentationLearnerConfig',
        'semantic_segmentation_model': 'SemanticSegmentationModelConfig',
    },
}
