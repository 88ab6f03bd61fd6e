"""Finds cars in aerial images of Potsdam.

    python -m rastervision.pytorch_backend.examples.prepare cowc_potsdam RAW PROCESSED
    rastervision run local rastervision.pytorch_backend.examples.object_detection.cowc_potsdam \
        -a processed_uri PROCESSED -a root_uri OUTPUT

Cars Overhead With Context (COWC): PNG images of about 2,000 x 2,000 pixels of 15 cm, in which the centre of each car is
marked. RAW is the folder `datasets/ground_truth_sets/Potsdam_ISPRS` of it. Preparation makes boxes of the marks, and
tiled images, of which parts are read quickly. They have no place on earth: predictions are in pixels.
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

CLASSES = ClassConfig(names=['car'], colors=['yellow'])
CAR = 0
CHIP_SZ = 300
ANCHOR_SIZES = [16, 32, 64, 128, 256]  # cars are 24 to 48 pixels long


def make_scene(processed_uri: str, scene: ListedScene, test: bool) -> SceneConfig:
    """An image with its cars.

    Args:
        processed_uri: Folder of what `prepare` made.
        scene: Which image.
        test: Use only a part of it.
    """
    cars = GeoJSONVectorSourceConfig(
        uris=join(processed_uri, 'labels', f'{scene.id}.geojson'),
        transformers=[ClassInferenceTransformerConfig(default_class_id=CAR)],
    )
    return SceneConfig(
        id=scene.id,
        raster_source=RasterioSourceConfig(
            uris=join(processed_uri, 'images', f'{scene.id}.tif'),
            channel_order=[0, 1, 2],
            bbox=scene.crop if test else None,
        ),
        label_source=ObjectDetectionLabelSourceConfig(vector_source=cars),
    )


def get_config(
    runner: str, processed_uri: str, root_uri: str, test: bool = False, nochip: bool = False
) -> ObjectDetectionConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
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
            train_scenes=[make_scene(processed_uri, scene, test) for scene in train],
            validation_scenes=[make_scene(processed_uri, scene, test) for scene in validation],
        ),
        backend=PyTorchObjectDetectionConfig(
            data=data(img_sz=CHIP_SZ),
            model=ObjectDetectionModelConfig(backbone=Backbone.resnet50, anchor_sizes=ANCHOR_SIZES),
            solver=SolverConfig(lr=1e-4, num_epochs=10, batch_sz=16),
        ),
        chip_options=ObjectDetectionChipOptions(sampling=sampling),
        predict_options=ObjectDetectionPredictOptions(chip_sz=CHIP_SZ, merge_thresh=0.3, score_thresh=0.5),
    )
    return for_trial(config) if test else config
