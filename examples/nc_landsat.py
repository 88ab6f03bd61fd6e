"""Maps land cover in a Landsat 7 scene of North Carolina: five bands, seven classes, a light model from scratch.

    rastervision run local examples/nc_landsat.py -a data_uri DATA -a root_uri OUTPUT

`data_uri` is a folder with `landsat7_2000.tif` (five bands, 28.5 m, without data along its slanted edges),
`landcover1996.tif` (class ids; 255: not known) and `train_aoi.geojson` and `val_aoi.geojson`, strips of the scene.

Labels that are not known, and those where the image has no data, become the null class, which counts neither in
training (`ignore_class_index`) nor in evaluation (`ignore_null`).

Do not expect much of the metrics: the labels are four years older than the image, and were made by a classification
themselves. Nearly nothing is labelled sediment.
"""

from os.path import join

from rastervision.core.data import (
    CastTransformerConfig,
    ClassConfig,
    DatasetConfig,
    RasterioSourceConfig,
    SceneConfig,
    SemanticSegmentationLabelSourceConfig,
    StatsTransformerConfig,
)
from rastervision.core.evaluation import SemanticSegmentationEvaluatorConfig
from rastervision.core.rv_pipeline import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
    WindowSamplingConfig,
    WindowSamplingMethod,
)
from rastervision.pytorch_backend import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner import (
    Backbone,
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
    SolverConfig,
)

CLASSES = ClassConfig(
    names=['developed', 'agriculture', 'herbaceous', 'shrubland', 'forest', 'water', 'sediment', 'null'],
    colors=['#e4584f', '#f2c14e', '#c6e377', '#b08d57', '#2e7d4f', '#3f7fd0', '#9b8aa6', '#000000'],
)
# Rare classes weigh more, but not by as much as they are rarer; null has no say.
LOSS_WEIGHTS = [1, 1.5, 1, 1, 1, 1.5, 1.5, 0]
WINDOW_SZ = 48  # pixels of the image, 1.4 km; the narrowest strip is 59 wide
IMG_SZ = 144  # pixels that the model sees: its finest features are of 8 x 8, so of less than 3 x 3 of the image


def make_scene(data_uri: str, split: str) -> SceneConfig:
    """The strips of the scene for training or for validation.

    Args:
        data_uri: Folder of the data set.
        split: `train` or `val`.
    """
    return SceneConfig(
        id=split,
        raster_source=RasterioSourceConfig(
            uris=join(data_uri, 'landsat7_2000.tif'),
            # StatsTransformer leaves 8-bit images as they are; as floats, they are stretched.
            transformers=[CastTransformerConfig(to_dtype='float32'), StatsTransformerConfig()],
        ),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterioSourceConfig(uris=join(data_uri, 'landcover1996.tif')), image_nodata_is_null=True
        ),
        aoi_uris=[join(data_uri, f'{split}_aoi.geojson')],
    )


def sample_windows(count: int) -> WindowSamplingConfig:
    """Windows for chips, drawn from the areas of interest.

    Args:
        count: How many.
    """
    return WindowSamplingConfig(
        method=WindowSamplingMethod.random, size=WINDOW_SZ, size_lims=(40, 57), max_windows=count, padding=0
    )


def get_config(
    runner: str, data_uri: str, root_uri: str, num_epochs: int = 24, num_chips: int = 160
) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        data_uri: Folder of the data set.
        root_uri: Folder to write to.
        num_epochs: How often training sees each chip.
        num_chips: How many windows to draw for training.
    """
    dataset = DatasetConfig(
        class_config=CLASSES,
        train_scenes=[make_scene(data_uri, 'train')],
        validation_scenes=[make_scene(data_uri, 'val')],
    )
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(img_sz=IMG_SZ, num_workers=0),
        model=SemanticSegmentationModelConfig(
            backbone=Backbone.mobilenet_v3_large, architecture='lraspp', pretrained=False
        ),
        solver=SolverConfig(
            lr=2e-3,
            num_epochs=num_epochs,
            batch_sz=8,
            class_loss_weights=LOSS_WEIGHTS,
            ignore_class_index=CLASSES.null_class_id,
        ),
    )
    return SemanticSegmentationConfig(
        root_uri=root_uri,
        description='Land cover in a Landsat 7 scene, from the North Carolina sample data of GRASS GIS.',
        license='CC-BY-SA-3.0',
        dataset=dataset,
        backend=backend,
        evaluators=[SemanticSegmentationEvaluatorConfig(ignore_null=True)],
        chip_options=SemanticSegmentationChipOptions(
            sampling={'train': sample_windows(num_chips), 'val': sample_windows(num_chips // 4)}, nodata_threshold=0.5
        ),
        predict_options=SemanticSegmentationPredictOptions(
            chip_sz=WINDOW_SZ, stride=WINDOW_SZ // 2, crop_sz=WINDOW_SZ // 8
        ),
    )
