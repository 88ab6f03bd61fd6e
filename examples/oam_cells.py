"""Tells cells of drone images with a building from those without, with a light model trained from scratch.

    rastervision run local examples/oam_cells.py -a data_uri DATA -a root_uri OUTPUT

`data_uri` is a folder with the images, `segmentation/oam_buildings/{train,val}/<scene>.tif` (OpenAerialMap, RGB,
EPSG:3857), and the labelled cells, `classification/oam_building_cells/{train,val}/<scene>_cells.geojson`: squares of
64 pixels, of which a tenth or more is building (from OpenStreetMap), or nothing. Cells in between have no label. They
are not trained with, and predicted, but not evaluated.
"""

from os.path import join

from rastervision.core.data import (
    ChipClassificationLabelSourceConfig,
    ClassConfig,
    DatasetConfig,
    GeoJSONVectorSourceConfig,
    RasterioSourceConfig,
    SceneConfig,
)
from rastervision.core.rv_pipeline import (
    ChipClassificationConfig,
    ChipOptions,
    PredictOptions,
    WindowSamplingConfig,
)
from rastervision.pytorch_backend import PyTorchChipClassificationConfig
from rastervision.pytorch_learner import (
    Backbone,
    ClassificationImageDataConfig,
    ClassificationModelConfig,
    SolverConfig,
)

TRAIN_SCENES = ('zanzibar_a', 'kampala_a', 'nairobi_a')
VALIDATION_SCENES = ('zanzibar_b', 'nairobi_b')
CLASSES = ClassConfig(names=['no_building', 'building'], colors=['lightgray', 'darkred'])
CELL_SZ = 64  # pixels of the image, 19 m


def make_scene(data_uri: str, split: str, name: str) -> SceneConfig:
    """A scene of the data set.

    Args:
        data_uri: Folder of the data sets.
        split: Name of the folder that the scene is in.
        name: Name of the scene.
    """
    image = join(data_uri, 'segmentation/oam_buildings', split, f'{name}.tif')
    cells = join(data_uri, 'classification/oam_building_cells', split, f'{name}_cells.geojson')
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(uris=image, channel_order=[0, 1, 2]),
        label_source=ChipClassificationLabelSourceConfig(vector_source=GeoJSONVectorSourceConfig(uris=cells)),
    )


def get_config(runner: str, data_uri: str, root_uri: str, num_epochs: int = 30) -> ChipClassificationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        data_uri: Folder of the data sets.
        root_uri: Folder to write to.
        num_epochs: How often training sees each chip.
    """
    dataset = DatasetConfig(
        class_config=CLASSES,
        train_scenes=[make_scene(data_uri, 'train', name) for name in TRAIN_SCENES],
        validation_scenes=[make_scene(data_uri, 'val', name) for name in VALIDATION_SCENES],
    )
    backend = PyTorchChipClassificationConfig(
        data=ClassificationImageDataConfig(
            img_sz=CELL_SZ,
            num_workers=0,
            augmentors=['RandomRotate90', 'HorizontalFlip', 'VerticalFlip', 'RGBShift', 'ToGray'],
        ),
        model=ClassificationModelConfig(backbone=Backbone.mobilenet_v3_small, pretrained=False),
        solver=SolverConfig(lr=2e-3, num_epochs=num_epochs, batch_sz=16),
    )
    return ChipClassificationConfig(
        root_uri=root_uri,
        description='Cells with buildings in drone images: OpenAerialMap (CC BY 4.0), OpenStreetMap (ODbL 1.0).',
        license='other',
        dataset=dataset,
        backend=backend,
        chip_options=ChipOptions(sampling=WindowSamplingConfig(size=CELL_SZ)),
        predict_options=PredictOptions(chip_sz=CELL_SZ),
    )
