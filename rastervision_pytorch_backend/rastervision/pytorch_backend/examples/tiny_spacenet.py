"""Finds buildings in two satellite images of Las Vegas: as little as makes a pipeline.

    rastervision run local rastervision.pytorch_backend.examples.tiny_spacenet -a root_uri OUTPUT

The images (SpaceNet 2, 16 bits, 0.3 m, 650 x 650 pixels) and their labels are fetched from the web, some MB. Do not
expect much of what is learned from one image.
"""

from os.path import join

from rastervision.core.data import (
    ClassConfig,
    ClassInferenceTransformerConfig,
    DatasetConfig,
    GeoJSONVectorSourceConfig,
    RasterioSourceConfig,
    RasterizedSourceConfig,
    RasterizerConfig,
    SceneConfig,
    SemanticSegmentationLabelSourceConfig,
    StatsTransformerConfig,
)
from rastervision.core.rv_pipeline import (
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
    WindowSamplingConfig,
    WindowSamplingMethod,
)
from rastervision.pytorch_backend import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_backend.examples.trial import for_trial
from rastervision.pytorch_learner import (
    Backbone,
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationModelConfig,
    SolverConfig,
)

SPACENET = 'https://spacenet-dataset.s3.amazonaws.com'
FOLDER = 'spacenet/SN2_buildings/train/AOI_2_Vegas'
IMAGE = 'PS-RGB/SN2_buildings_train_AOI_2_Vegas_PS-RGB_{}.tif'
LABELS = 'geojson_buildings/SN2_buildings_train_AOI_2_Vegas_geojson_buildings_{}.geojson'
CLASSES = ClassConfig(names=['background', 'building'], colors=['lightgray', 'darkred'], null_class='background')
CHIP_SZ = 300


def make_scene(raw_uri: str, name: str) -> SceneConfig:
    """An image and the buildings in it.

    Args:
        raw_uri: Folder, or bucket, that has the layout of the bucket `spacenet-dataset`.
        name: Name of the image.
    """
    buildings = GeoJSONVectorSourceConfig(
        uris=join(raw_uri, FOLDER, LABELS.format(name)),
        transformers=[ClassInferenceTransformerConfig(default_class_id=CLASSES.get_class_id('building'))],
    )
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(
            uris=join(raw_uri, FOLDER, IMAGE.format(name)), transformers=[StatsTransformerConfig()]
        ),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterizedSourceConfig(
                vector_source=buildings, rasterizer_config=RasterizerConfig(background_class_id=0)
            )
        ),
    )


def get_config(runner: str, root_uri: str, raw_uri: str = SPACENET, test: bool = False) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        root_uri: Folder to write to.
        raw_uri: Folder, or bucket, that has the layout of the bucket `spacenet-dataset`.
        test: Only see whether it runs.
    """
    sampling = WindowSamplingConfig(method=WindowSamplingMethod.random, size=CHIP_SZ, max_windows=50)
    config = SemanticSegmentationConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=CLASSES,
            train_scenes=[make_scene(raw_uri, 'img205')],
            validation_scenes=[make_scene(raw_uri, 'img25')],
        ),
        backend=PyTorchSemanticSegmentationConfig(
            data=SemanticSegmentationGeoDataConfig(sampling=sampling),
            model=SemanticSegmentationModelConfig(backbone=Backbone.resnet50),
            solver=SolverConfig(lr=1e-4, num_epochs=3, batch_sz=4),
        ),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ, stride=CHIP_SZ // 2, crop_sz='auto'),
    )
    return for_trial(config) if test else config
