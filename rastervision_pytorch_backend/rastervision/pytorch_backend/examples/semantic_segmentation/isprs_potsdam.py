"""Maps land cover in aerial images of Potsdam of four bands, or of five with heights; labels are given as colours.

    rastervision run local rastervision.pytorch_backend.examples.semantic_segmentation.isprs_potsdam \
        -a raw_uri POTSDAM -a root_uri OUTPUT

ISPRS 2D Semantic Labeling: 38 images of 6,000 x 6,000 pixels of 5 cm, RGB and near infrared. POTSDAM is the folder into
which the archives `4_Ortho_RGBIR.zip` and `5_Labels_for_participants.zip` were unpacked. For heights, unpack
`1_DSM_normalisation.zip` too, give them the places of the images, and say where they are:

    python -m rastervision.pytorch_backend.examples.prepare isprs_potsdam POTSDAM PROCESSED
    rastervision run ... -a processed_uri PROCESSED

Some labels have colours that are a little off; such pixels become the null class, which does not count.
"""

from os.path import join

from rastervision.core.data import (
    ClassConfig,
    DatasetConfig,
    MultiRasterSourceConfig,
    RasterioSourceConfig,
    RasterSourceConfig,
    RGBClassTransformerConfig,
    SceneConfig,
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.evaluation import SemanticSegmentationEvaluatorConfig
from rastervision.core.rv_pipeline import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
    WindowSamplingConfig,
)
from rastervision.pytorch_backend import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_backend.examples.trial import CROP_SZ, for_trial
from rastervision.pytorch_learner import (
    Backbone,
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
    SolverConfig,
)

# Those whose labels were handed out first, apart from 7_10, whose labels are known to be wrong.
TRAIN = (
    *('2_10', '2_11', '3_10', '3_11', '4_10', '4_11', '5_10', '5_11', '6_7', '6_8', '6_9', '6_10', '6_11'),
    *('7_7', '7_8', '7_9', '7_11'),
)
VALIDATION = ('2_12', '3_12', '4_12', '5_12', '6_12', '7_12')
CLASSES = ClassConfig(
    names=['impervious', 'building', 'low vegetation', 'tree', 'car', 'clutter', 'null'],
    colors=['#ffffff', '#0000ff', '#00ffff', '#00ff00', '#ffff00', '#ff0000', '#000000'],
)
CHIP_SZ = 300


def make_image(raw_uri: str, processed_uri: str | None, name: str) -> RasterSourceConfig:
    """Red, green, blue, near infrared and, if prepared, height above ground.

    Args:
        raw_uri: Folder of the data set.
        processed_uri: Folder of the prepared heights. None: do without.
        name: Name of the image.
    """
    image = RasterioSourceConfig(
        uris=join(raw_uri, '4_Ortho_RGBIR', f'top_potsdam_{name}_RGBIR.tif'), channel_order=[0, 1, 2, 3]
    )
    if processed_uri is None:
        return image
    heights = RasterioSourceConfig(uris=join(processed_uri, 'heights', f'{name}.tif'))
    return MultiRasterSourceConfig(raster_sources=[image, heights])


def make_scene(raw_uri: str, processed_uri: str | None, name: str, test: bool) -> SceneConfig:
    """An image with its labels.

    Args:
        raw_uri: Folder of the data set.
        processed_uri: Folder of the prepared heights. None: do without.
        name: Name of the image.
        test: Use only a part of it.
    """
    image = make_image(raw_uri, processed_uri, name)
    image.bbox = (0, 0, CROP_SZ, CROP_SZ) if test else None
    labels = RasterioSourceConfig(
        uris=join(raw_uri, '5_Labels_for_participants', f'top_potsdam_{name}_label.tif'),
        transformers=[RGBClassTransformerConfig(class_config=CLASSES)],
    )
    return SceneConfig(
        id=name,
        raster_source=image,
        label_source=SemanticSegmentationLabelSourceConfig(raster_source=labels),
    )


def get_config(
    runner: str,
    raw_uri: str,
    root_uri: str,
    processed_uri: str | None = None,
    test: bool = False,
    nochip: bool = False,
) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        raw_uri: Folder of the data set.
        root_uri: Folder to write to.
        processed_uri: Folder of the prepared heights, which become a fifth band. None: do without.
        test: Only see whether it runs.
        nochip: Train from the scenes, without making chips first.
    """
    data = SemanticSegmentationGeoDataConfig if nochip else SemanticSegmentationImageDataConfig
    config = SemanticSegmentationConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=CLASSES,
            train_scenes=[make_scene(raw_uri, processed_uri, name, test) for name in TRAIN],
            validation_scenes=[make_scene(raw_uri, processed_uri, name, test) for name in VALIDATION],
        ),
        backend=PyTorchSemanticSegmentationConfig(
            data=data(img_sz=CHIP_SZ),
            model=SemanticSegmentationModelConfig(backbone=Backbone.resnet50),
            solver=SolverConfig(lr=1e-4, num_epochs=10, batch_sz=8, ignore_class_index=CLASSES.null_class_id),
        ),
        chip_options=SemanticSegmentationChipOptions(sampling=WindowSamplingConfig(size=CHIP_SZ)),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ, stride=CHIP_SZ // 2, crop_sz='auto'),
        evaluators=[SemanticSegmentationEvaluatorConfig(ignore_null=True)],
    )
    return for_trial(config) if test else config
