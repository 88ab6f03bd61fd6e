"""Maps buildings in a mosaic of satellite images of Rio de Janeiro.

    python -m rastervision.pytorch_backend.examples.prepare spacenet_rio s3://spacenet-dataset PROCESSED
    rastervision run local rastervision.pytorch_backend.examples.semantic_segmentation.spacenet_rio \
        -a raw_uri s3://spacenet-dataset -a processed_uri PROCESSED -a root_uri OUTPUT

SpaceNet 1: images of 0.5 m, RGB, 8 bits, and one file of labels for all of them. Only the area in which buildings were
labelled is used.
"""

from os.path import join

from rastervision.core.data import (
    ClassConfig,
    ClassInferenceTransformerConfig,
    DatasetConfig,
    PolygonVectorOutputConfig,
    RasterioSourceConfig,
    RasterizedSourceConfig,
    RasterizerConfig,
    SceneConfig,
    SemanticSegmentationLabelSourceConfig,
    SemanticSegmentationLabelStoreConfig,
    VectorFileSourceConfig,
)
from rastervision.core.rv_pipeline import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
    WindowSamplingConfig,
    WindowSamplingMethod,
)
from rastervision.pytorch_backend import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_backend.examples.scene_list import ListedScene, divide, load_scenes
from rastervision.pytorch_backend.examples.trial import for_trial
from rastervision.pytorch_learner import (
    Backbone,
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
    SolverConfig,
)

IMAGES = 'AOIs/AOI_1_Rio/srcData/mosaic_3band'
OUTLINE = 'AOIs/AOI_1_Rio/srcData/buildingLabels/Rio_OUTLINE_Public_AOI.geojson'
CLASSES = ClassConfig(names=['background', 'building'], colors=['lightgray', 'darkred'], null_class='background')
BACKGROUND, BUILDING = 0, 1
CHIP_SZ = 200  # pixels, 100 m


def make_scene(raw_uri: str, processed_uri: str, scene: ListedScene, test: bool) -> SceneConfig:
    """An image with the buildings in it.

    Args:
        raw_uri: Bucket or folder of SpaceNet.
        processed_uri: Folder of what `prepare` made.
        scene: Which image.
        test: Use only a part of it.
    """
    buildings = VectorFileSourceConfig(
        uris=join(processed_uri, 'buildings.fgb'),
        transformers=[ClassInferenceTransformerConfig(default_class_id=BUILDING)],
    )
    return SceneConfig(
        id=scene.id,
        raster_source=RasterioSourceConfig(
            uris=join(raw_uri, IMAGES, f'{scene.id}.tif'),
            channel_order=[0, 1, 2],
            bbox=scene.crop if test else None,
        ),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterizedSourceConfig(
                vector_source=buildings, rasterizer_config=RasterizerConfig(background_class_id=BACKGROUND)
            )
        ),
        label_store=SemanticSegmentationLabelStoreConfig(
            vector_output=[PolygonVectorOutputConfig(class_id=BUILDING, format='gpkg')]
        ),
        aoi_uris=[join(raw_uri, OUTLINE)],
    )


def get_config(
    runner: str, raw_uri: str, processed_uri: str, root_uri: str, test: bool = False, nochip: bool = False
) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        raw_uri: The bucket `s3://spacenet-dataset`, or a folder with the same layout.
        processed_uri: Folder of what `prepare` made.
        root_uri: Folder to write to.
        test: Only see whether it runs.
        nochip: Train from the scenes, without making chips first.
    """
    train, validation = divide(load_scenes(processed_uri))
    data = SemanticSegmentationGeoDataConfig if nochip else SemanticSegmentationImageDataConfig
    config = SemanticSegmentationConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=CLASSES,
            train_scenes=[make_scene(raw_uri, processed_uri, scene, test) for scene in train],
            validation_scenes=[make_scene(raw_uri, processed_uri, scene, test) for scene in validation],
        ),
        backend=PyTorchSemanticSegmentationConfig(
            data=data(img_sz=CHIP_SZ),
            model=SemanticSegmentationModelConfig(backbone=Backbone.resnet50),
            solver=SolverConfig(lr=1e-4, num_epochs=10, batch_sz=16),
        ),
        chip_options=SemanticSegmentationChipOptions(
            sampling=WindowSamplingConfig(method=WindowSamplingMethod.random, size=CHIP_SZ, max_windows=1000)
        ),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ, stride=CHIP_SZ // 2, crop_sz='auto'),
    )
    return for_trial(config) if test else config
