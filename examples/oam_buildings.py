"""Finds buildings in drone images of Zanzibar, Kampala and Nairobi, with a light model trained from scratch.

    rastervision run local examples/oam_buildings.py -a data_uri DATA -a root_uri OUTPUT

`data_uri` is a folder with `train/` and `val/`, each with `<scene>.tif` (OpenAerialMap, RGB, EPSG:3857) and
`<scene>_buildings.geojson` (OpenStreetMap, EPSG:4326). The labels are reprojected to the images, and outlines that
cross themselves are repaired, when they are read.
"""

from os.path import join

from rastervision.core.data import (
    ClassConfig,
    ClassInferenceTransformerConfig,
    DatasetConfig,
    GeoJSONVectorSourceConfig,
    PolygonVectorOutputConfig,
    RasterioSourceConfig,
    RasterizedSourceConfig,
    RasterizerConfig,
    SceneConfig,
    SemanticSegmentationLabelSourceConfig,
    SemanticSegmentationLabelStoreConfig,
)
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

TRAIN_SCENES = ('zanzibar_a', 'kampala_a', 'nairobi_a')
VALIDATION_SCENES = ('zanzibar_b', 'nairobi_b')
CLASSES = ClassConfig(names=['background', 'building'], colors=['lightgray', 'darkred'], null_class='background')
BACKGROUND, BUILDING = 0, 1
WINDOW_SZ = 256  # pixels of the image, 76 m
IMG_SZ = 128  # pixels that the model sees: half the resolution is enough for buildings, at a quarter of the cost


def make_scene(folder: str, name: str) -> SceneConfig:
    """A scene of the data set.

    Args:
        folder: Where its files are.
        name: Name of the scene.
    """
    labels = GeoJSONVectorSourceConfig(
        uris=join(folder, f'{name}_buildings.geojson'),
        transformers=[ClassInferenceTransformerConfig(default_class_id=BUILDING)],
    )
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(uris=join(folder, f'{name}.tif'), channel_order=[0, 1, 2]),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterizedSourceConfig(
                vector_source=labels, rasterizer_config=RasterizerConfig(background_class_id=BACKGROUND)
            )
        ),
        label_store=SemanticSegmentationLabelStoreConfig(
            smooth_output=True,
            smooth_as_uint8=True,
            vector_output=[PolygonVectorOutputConfig(class_id=BUILDING)],
        ),
    )


def get_config(
    runner: str, data_uri: str, root_uri: str, num_epochs: int = 30, chips_per_scene: int = 100
) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        data_uri: Folder of the data set.
        root_uri: Folder to write to.
        num_epochs: How often training sees each chip.
        chips_per_scene: How many windows to draw from each training scene.
    """
    dataset = DatasetConfig(
        class_config=CLASSES,
        train_scenes=[make_scene(join(data_uri, 'train'), name) for name in TRAIN_SCENES],
        validation_scenes=[make_scene(join(data_uri, 'val'), name) for name in VALIDATION_SCENES],
    )
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(
            img_sz=IMG_SZ,
            num_workers=0,
            augmentors=['RandomRotate90', 'HorizontalFlip', 'VerticalFlip', 'RGBShift', 'ToGray'],
        ),
        model=SemanticSegmentationModelConfig(
            backbone=Backbone.mobilenet_v3_large, architecture='lraspp', pretrained=False
        ),
        solver=SolverConfig(lr=2e-3, num_epochs=num_epochs, batch_sz=8, class_loss_weights=[1, 2]),
    )
    return SemanticSegmentationConfig(
        root_uri=root_uri,
        description='Buildings in drone images of OpenAerialMap (CC BY 4.0); labels: OpenStreetMap (ODbL 1.0).',
        license='other',
        dataset=dataset,
        backend=backend,
        chip_options=SemanticSegmentationChipOptions(
            sampling=WindowSamplingConfig(
                method=WindowSamplingMethod.random,
                size=IMG_SZ,
                size_lims=(192, 320),
                max_windows=chips_per_scene,
            )
        ),
        predict_options=SemanticSegmentationPredictOptions(
            chip_sz=WINDOW_SZ, stride=WINDOW_SZ // 2, crop_sz=WINDOW_SZ // 8
        ),
    )
