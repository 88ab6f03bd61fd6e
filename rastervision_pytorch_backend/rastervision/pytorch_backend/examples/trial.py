"""Makes a pipeline short enough to see within minutes, without a GPU and without network, whether it runs."""

from typing import Any, TypeVar

from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig, WindowSamplingMethod
from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_backend.pytorch_learner_backend_config import PyTorchLearnerBackendConfig
from rastervision.pytorch_learner.learner_config.backbone import Backbone
from rastervision.pytorch_learner.learner_config.model import ModelConfig
from rastervision.pytorch_learner.tasks.classification_config import ClassificationModelConfig
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionModelConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationModelConfig

T = TypeVar('T', bound=RVPipelineConfig)

CROP_SZ = 300  # pixels of a scene
IMG_SZ = 128  # pixels that the model sees
TRAIN_SCENES, VALIDATION_SCENES = 2, 1
MAX_WINDOWS = 2  # of a scene
BATCH_SZ = 2
LIGHT_MODELS: dict[type[ModelConfig], dict[str, Any]] = {
    ClassificationModelConfig: {'backbone': Backbone.mobilenet_v3_small},
    SemanticSegmentationModelConfig: {'backbone': Backbone.mobilenet_v3_large, 'architecture': 'lraspp'},
    ObjectDetectionModelConfig: {'backbone': Backbone.resnet18, 'architecture': 'fcos'},
}


def for_trial(config: T) -> T:
    """A pipeline with few scenes and windows, a light model that needs no download, and one epoch.

    What it predicts is worth nothing. Large scenes are still to be cropped, by `bbox` of their raster sources.

    Args:
        config: A pipeline whose backend uses PyTorch; it is not changed.

    Raises:
        ConfigError: If it uses something else.
    """
    config = config.copy()
    dataset, backend = config.dataset, config.backend
    if not isinstance(backend, PyTorchLearnerBackendConfig):
        raise ConfigError(f'backend: a trial needs one that uses PyTorch, not a {type(backend).__name__}.')
    dataset.train_scenes = dataset.train_scenes[:TRAIN_SCENES]
    dataset.validation_scenes = dataset.validation_scenes[:VALIDATION_SCENES]
    backend.model = _light(backend.model)
    backend.solver.num_epochs, backend.solver.batch_sz = 1, BATCH_SZ
    backend.data.img_sz, backend.data.num_workers = min(IMG_SZ, backend.data.img_sz), 0
    # Pictures would take longer than the rest.
    backend.data.preview_batch_limit, backend.image_interval = 1, None
    for holder in (config.chip_options, backend.data):
        sampling = getattr(holder, 'sampling', None)
        if isinstance(sampling, WindowSamplingConfig) and sampling.method is WindowSamplingMethod.random:
            sampling.max_windows = MAX_WINDOWS
    return config


def _light(model: ModelConfig) -> ModelConfig:
    kind = type(model)
    return kind(**LIGHT_MODELS[kind], pretrained=False)
