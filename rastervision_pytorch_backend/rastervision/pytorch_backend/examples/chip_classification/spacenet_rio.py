"""Tells cells of 100 m with a building from those without, in satellite images of Rio de Janeiro.

    python -m rastervision.pytorch_backend.examples.prepare spacenet_rio s3://spacenet-dataset PROCESSED
    rastervision run local rastervision.pytorch_backend.examples.chip_classification.spacenet_rio \
        -a raw_uri s3://spacenet-dataset -a processed_uri PROCESSED -a root_uri OUTPUT

SpaceNet 1: images of 0.5 m, RGB, 8 bits, and one file of labels for all of them. Only the area in which buildings were
labelled is used.
"""

from os.path import join

from rastervision.core.data import (
    ChipClassificationLabelSourceConfig,
    ClassConfig,
    ClassInferenceTransformerConfig,
    DatasetConfig,
    RasterioSourceConfig,
    SceneConfig,
    VectorFileSourceConfig,
)
from rastervision.core.rv_pipeline import ChipClassificationConfig, ChipOptions, PredictOptions, WindowSamplingConfig
from rastervision.pytorch_backend import PyTorchChipClassificationConfig
from rastervision.pytorch_backend.examples.scene_list import ListedScene, divide, load_scenes
from rastervision.pytorch_backend.examples.trial import for_trial
from rastervision.pytorch_learner import (
    Backbone,
    ClassificationGeoDataConfig,
    ClassificationImageDataConfig,
    ClassificationModelConfig,
    SolverConfig,
)

IMAGES = 'AOIs/AOI_1_Rio/srcData/mosaic_3band'
OUTLINE = 'AOIs/AOI_1_Rio/srcData/buildingLabels/Rio_OUTLINE_Public_AOI.geojson'
CLASSES = ClassConfig(names=['no_building', 'building'], colors=['lightgray', 'darkred'])
NO_BUILDING, BUILDING = 0, 1
CELL_SZ = 200  # pixels, 100 m
LEAST_PART = 0.5  # of a building that must lie in a cell for it to count


def make_scene(raw_uri: str, processed_uri: str, scene: ListedScene, test: bool) -> SceneConfig:
    """An image with the buildings by which its cells are classified.

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
        label_source=ChipClassificationLabelSourceConfig(
            vector_source=buildings, infer_cells=True, background_class_id=NO_BUILDING, ioa_thresh=LEAST_PART
        ),
        aoi_uris=[join(raw_uri, OUTLINE)],
    )


def get_config(
    runner: str, raw_uri: str, processed_uri: str, root_uri: str, test: bool = False, nochip: bool = False
) -> ChipClassificationConfig:
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
    data = ClassificationGeoDataConfig if nochip else ClassificationImageDataConfig
    config = ChipClassificationConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=CLASSES,
            train_scenes=[make_scene(raw_uri, processed_uri, scene, test) for scene in train],
            validation_scenes=[make_scene(raw_uri, processed_uri, scene, test) for scene in validation],
        ),
        backend=PyTorchChipClassificationConfig(
            data=data(img_sz=CELL_SZ),
            model=ClassificationModelConfig(backbone=Backbone.resnet50),
            solver=SolverConfig(lr=1e-4, num_epochs=20, batch_sz=32),
        ),
        chip_options=ChipOptions(sampling=WindowSamplingConfig(size=CELL_SZ)),
        predict_options=PredictOptions(chip_sz=CELL_SZ),
    )
    return for_trial(config) if test else config
