"""Finds vehicles in satellite images from all over the world.

    python -m rastervision.pytorch_backend.examples.prepare xview XVIEW PROCESSED
    rastervision run local rastervision.pytorch_backend.examples.object_detection.xview \
        -a raw_uri XVIEW -a processed_uri PROCESSED -a root_uri OUTPUT

xView: images of about 3,000 x 3,000 pixels of 0.3 m, and boxes around objects of 60 types in one file. XVIEW is the
folder with `train_images/` and `xView_train.geojson`. Preparation takes the images with most vehicles, and writes a
file of labels for each.

Vehicles are 8 to 40 pixels long: the model sees images at twice their size.
"""

from os.path import join

from rastervision.core.data import (
    ClassConfig,
    ClassInferenceTransformerConfig,
    DatasetConfig,
    GeoJSONVectorSourceConfig,
    ObjectDetectionLabelSourceConfig,
    RasterioSourceConfig,
    SceneConfig,
)
from rastervision.core.rv_pipeline import (
    ObjectDetectionChipOptions,
    ObjectDetectionConfig,
    ObjectDetectionPredictOptions,
    ObjectDetectionWindowSamplingConfig,
    WindowSamplingMethod,
)
from rastervision.pytorch_backend import PyTorchObjectDetectionConfig
from rastervision.pytorch_backend.examples.scene_list import ListedScene, divide, load_scenes
from rastervision.pytorch_backend.examples.trial import for_trial
from rastervision.pytorch_learner import (
    Backbone,
    ObjectDetectionGeoDataConfig,
    ObjectDetectionImageDataConfig,
    ObjectDetectionModelConfig,
    SolverConfig,
)

CLASSES = ClassConfig(names=['vehicle'], colors=['yellow'])
VEHICLE = 0
CHIP_SZ = 200  # pixels of the image
IMG_SZ = 400  # pixels that the model sees
ANCHOR_SIZES = [16, 32, 64, 128, 256]  # pixels that the model sees


def make_scene(raw_uri: str, processed_uri: str, scene: ListedScene, test: bool) -> SceneConfig:
    """An image with its vehicles.

    Args:
        raw_uri: Folder of the data set.
        processed_uri: Folder of what `prepare` made.
        scene: Which image.
        test: Use only a part of it.
    """
    vehicles = GeoJSONVectorSourceConfig(
        uris=join(processed_uri, 'labels', f'{scene.id}.geojson'),
        transformers=[ClassInferenceTransformerConfig(default_class_id=VEHICLE)],
    )
    return SceneConfig(
        id=scene.id,
        raster_source=RasterioSourceConfig(
            uris=join(raw_uri, 'train_images', f'{scene.id}.tif'),
            channel_order=[0, 1, 2],
            bbox=scene.crop if test else None,
        ),
        label_source=ObjectDetectionLabelSourceConfig(vector_source=vehicles),
    )


def get_config(
    runner: str, raw_uri: str, processed_uri: str, root_uri: str, test: bool = False, nochip: bool = False
) -> ObjectDetectionConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        raw_uri: Folder of the data set.
        processed_uri: Folder of what `prepare` made.
        root_uri: Folder to write to.
        test: Only see whether it runs.
        nochip: Train from the scenes, without making chips first.
    """
    train, validation = divide(load_scenes(processed_uri))
    data = ObjectDetectionGeoDataConfig if nochip else ObjectDetectionImageDataConfig
    sampling = ObjectDetectionWindowSamplingConfig(
        method=WindowSamplingMethod.random, size=CHIP_SZ, max_windows=300, neg_ratio=1.0, ioa_thresh=0.5, clip=True
    )
    config = ObjectDetectionConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=CLASSES,
            train_scenes=[make_scene(raw_uri, processed_uri, scene, test) for scene in train],
            validation_scenes=[make_scene(raw_uri, processed_uri, scene, test) for scene in validation],
        ),
        backend=PyTorchObjectDetectionConfig(
            data=data(img_sz=IMG_SZ),
            model=ObjectDetectionModelConfig(backbone=Backbone.resnet50, anchor_sizes=ANCHOR_SIZES),
            solver=SolverConfig(lr=1e-4, num_epochs=10, batch_sz=16),
        ),
        chip_options=ObjectDetectionChipOptions(sampling=sampling),
        predict_options=ObjectDetectionPredictOptions(chip_sz=CHIP_SZ, merge_thresh=0.3, score_thresh=0.5),
    )
    return for_trial(config) if test else config
