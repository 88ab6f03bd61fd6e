"""Finds the crowns of single trees in airborne images of two forests, with a light model trained from scratch.

    rastervision run local examples/neon_trees.py -a data_uri DATA -a root_uri OUTPUT

`data_uri` is a folder with `train/` and `val/`, each with `<plot>.tif` (NEON, RGB, EPSG:32611, 0.1 m, 400 x 400 pixels)
and `<plot>_trees.geojson` (boxes around crowns, in the coordinates of the image).

Boxes with a score above 0.1 are kept, so that average precision sees them; those above 0.4 count in precision, recall
and F1, and are what to use.
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
from rastervision.core.evaluation import ObjectDetectionEvaluatorConfig
from rastervision.core.rv_pipeline import (
    ObjectDetectionChipOptions,
    ObjectDetectionConfig,
    ObjectDetectionPredictOptions,
    ObjectDetectionWindowSamplingConfig,
    WindowSamplingMethod,
)
from rastervision.pytorch_backend import PyTorchObjectDetectionConfig
from rastervision.pytorch_learner import (
    Backbone,
    ObjectDetectionImageDataConfig,
    ObjectDetectionModelConfig,
    SolverConfig,
)

TRAIN_PLOTS = (
    *('SJER_045', 'SJER_052', 'SJER_053', 'SJER_054', 'SJER_058', 'SJER_063'),
    *('TEAK_043', 'TEAK_044', 'TEAK_047', 'TEAK_051', 'TEAK_052', 'TEAK_055', 'TEAK_057', 'TEAK_059', 'TEAK_062'),
)
VALIDATION_PLOTS = (
    *('SJER_051', 'SJER_055', 'SJER_057'),
    *('TEAK_046', 'TEAK_049', 'TEAK_053', 'TEAK_058', 'TEAK_061'),
)
CLASSES = ClassConfig(names=['tree'], colors=['orange'])
TREE = 0
IMG_SZ = 160  # pixels that the model sees
TRAINING_SIZES = 200, 401  # pixels of the image; most crowns are 15 to 80 pixels wide
WINDOW_SZ, STRIDE = 280, 120  # pixels of the image: the middle of the sizes in training
KEPT_SCORE, GOOD_SCORE = 0.1, 0.4


def make_scene(folder: str, name: str) -> SceneConfig:
    """A scene of the data set.

    Args:
        folder: Where its files are.
        name: Name of the plot.
    """
    labels = GeoJSONVectorSourceConfig(
        uris=join(folder, f'{name}_trees.geojson'),
        transformers=[ClassInferenceTransformerConfig(default_class_id=TREE)],
    )
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(uris=join(folder, f'{name}.tif'), channel_order=[0, 1, 2]),
        label_source=ObjectDetectionLabelSourceConfig(vector_source=labels),
    )


def make_sampling(num_windows: int) -> ObjectDetectionWindowSamplingConfig:
    """Windows of several sizes anywhere in a plot."""
    return ObjectDetectionWindowSamplingConfig(
        method=WindowSamplingMethod.random,
        size=IMG_SZ,
        size_lims=TRAINING_SIZES,
        max_windows=num_windows,
        ioa_thresh=0.4,
        clip=True,
    )


def get_config(
    runner: str, data_uri: str, root_uri: str, num_epochs: int = 12, chips_per_scene: int = 40
) -> ObjectDetectionConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        data_uri: Folder of the data set.
        root_uri: Folder to write to.
        num_epochs: How often training sees each chip.
        chips_per_scene: How many windows to draw from each training plot. An eighth of it shows progress well enough.
    """
    dataset = DatasetConfig(
        class_config=CLASSES,
        train_scenes=[make_scene(join(data_uri, 'train'), name) for name in TRAIN_PLOTS],
        validation_scenes=[make_scene(join(data_uri, 'val'), name) for name in VALIDATION_PLOTS],
    )
    backend = PyTorchObjectDetectionConfig(
        data=ObjectDetectionImageDataConfig(
            img_sz=IMG_SZ,
            num_workers=0,
            augmentors=['RandomRotate90', 'HorizontalFlip', 'VerticalFlip', 'RGBShift'],
        ),
        model=ObjectDetectionModelConfig(backbone=Backbone.resnet18, architecture='fcos', pretrained=False),
        solver=SolverConfig(
            lr=2e-3,
            num_epochs=num_epochs,
            batch_sz=8,
            optimizer='AdamW',
            lr_schedule='OneCycleLR',
            lr_schedule_args={'pct_start': 0.2},
            clip_grad_norm=5,
        ),
    )
    return ObjectDetectionConfig(
        root_uri=root_uri,
        description='Crowns of single trees in airborne images of NEON.',
        license='CC0-1.0',
        dataset=dataset,
        backend=backend,
        chip_options=ObjectDetectionChipOptions(
            sampling={
                **{name: make_sampling(chips_per_scene) for name in TRAIN_PLOTS},
                **{name: make_sampling(chips_per_scene // 8) for name in VALIDATION_PLOTS},
            }
        ),
        predict_options=ObjectDetectionPredictOptions(
            chip_sz=WINDOW_SZ, stride=STRIDE, score_thresh=KEPT_SCORE, merge_thresh=0.4, edge_sz=2
        ),
        evaluators=[ObjectDetectionEvaluatorConfig(score_thresh=GOOD_SCORE)],
    )
