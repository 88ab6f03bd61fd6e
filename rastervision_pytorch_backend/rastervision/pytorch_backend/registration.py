"""Config classes of this plugin: for each module, its classes by type hint. They are imported when first asked for."""

CONFIGS = {
    'pytorch_chip_classification_config': {
        'pytorch_chip_classification_backend': 'PyTorchChipClassificationConfig',
    },
    'pytorch_learner_backend_config': {
        'pytorch_learner_backend': 'PyTorchLearnerBackendConfig',
    },
    'pytorch_object_detection_config': {
        'pytorch_object_detection_backend': 'PyTorchObjectDetectionConfig',
    },
    'pytorch_semantic_segmentation_config': {
        'pytorch_semantic_segmentation_backend': 'PyTorchSemanticSegmentationConfig',
    },
}
