"""Finds the buildings of a small town: the whole way from imagery to a bundle, in a few minutes on two cores.

python examples/town.py town
rastervision run local examples/quickstart.py -a data_uri town -a root_uri output
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

CLASSES = ClassConfig(names=['background', 'building'], colors=['lightgray', 'darkred'], null_class='background')
CHIP_SZ = 128


def make_scene(data_uri: str, name: str) -> SceneConfig:
    """An image, the building outlines that lie over it, and what to write when it is predicted."""
    labels = GeoJSONVectorSourceConfig(
        uris=join(data_uri, f'{name}_buildings.geojson'),
        transformers=[ClassInferenceTransformerConfig(default_class_id=CLASSES.get_class_id('building'))],
    )
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(uris=join(data_uri, f'{name}.tif')),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterizedSourceConfig(
                vector_source=labels,
                rasterizer_config=RasterizerConfig(background_class_id=CLASSES.get_class_id('background')),
            )
        ),
        label_store=SemanticSegmentationLabelStoreConfig(
            vector_output=[PolygonVectorOutputConfig(class_id=CLASSES.get_class_id('building'))]
        ),
    )


def get_config(runner: str, data_uri: str, root_uri: str, num_epochs: int = 9) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        data_uri: Folder with images and labels, as `examples/town.py` writes it.
        root_uri: Folder to write to.
        num_epochs: How often training sees each chip.
    """
    dataset = DatasetConfig(
        class_config=CLASSES,
        train_scenes=[make_scene(data_uri, name) for name in ('train_a', 'train_b', 'train_c')],
        validation_scenes=[make_scene(data_uri, 'validation')],
    )
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(img_sz=CHIP_SZ, num_workers=0),
        model=SemanticSegmentationModelConfig(
            backbone=Backbone.mobilenet_v3_large, architecture='lraspp', pretrained=False
        ),
        solver=SolverConfig(lr=3e-3, num_epochs=num_epochs, batch_sz=8),
    )
    return SemanticSegmentationConfig(
        root_uri=root_uri,
        description='Finds the buildings of a made-up town.',
        license='Apache-2.0',
        dataset=dataset,
        backend=backend,
        chip_options=SemanticSegmentationChipOptions(
            sampling=WindowSamplingConfig(
                method=WindowSamplingMethod.random, size=CHIP_SZ, size_lims=(CHIP_SZ, CHIP_SZ + 1), max_windows=48
            )
        ),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ, stride=CHIP_SZ // 2, crop_sz='auto'),
    )
