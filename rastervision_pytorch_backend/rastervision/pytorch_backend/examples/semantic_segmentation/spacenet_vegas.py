"""Maps buildings, or roads, in satellite images of Las Vegas, as polygons to load into a GIS.

    rastervision run local rastervision.pytorch_backend.examples.semantic_segmentation.spacenet_vegas \
        -a raw_uri s3://spacenet-dataset -a root_uri OUTPUT -a target roads

SpaceNet 2 (buildings: 3,851 images of 650 x 650 pixels) and SpaceNet 3 (roads: 989 images of 1,300 x 1,300), 0.3 m,
16 bits, EPSG:4326. Roads are labelled by their centre lines, which are widened. Some images have no labels in them.
"""

import re
from dataclasses import dataclass
from os.path import join

from rastervision.core.data import (
    BufferTransformerConfig,
    BuildingVectorOutputConfig,
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
    StatsTransformerConfig,
    VectorOutputConfig,
)
from rastervision.core.rv_pipeline import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
    WindowSamplingConfig,
)
from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pipeline.file_system.utils import list_paths
from rastervision.pytorch_backend import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_backend.examples.scene_list import divide
from rastervision.pytorch_backend.examples.trial import for_trial
from rastervision.pytorch_learner import (
    Backbone,
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
    SolverConfig,
)

BACKGROUND, TARGET = 0, 1
CHIP_SZ = 325
ROAD_BUFFER = 7  # pixels on each side of the centre line, 2 m
MIN_BUILDING = 100  # pixels, 9 m2


@dataclass(frozen=True)
class Target:
    """What to look for.

    Attributes:
        folder: Where images and labels are, in the bucket.
        image: Image of a number.
        labels: Labels of a number.
        class_config: The classes.
        vector_output: How what is found becomes polygons.
    """

    folder: str
    image: str
    labels: str
    class_config: ClassConfig
    vector_output: VectorOutputConfig


TARGETS = {
    'buildings': Target(
        'spacenet/SN2_buildings/train/AOI_2_Vegas',
        'PS-RGB/SN2_buildings_train_AOI_2_Vegas_PS-RGB_img{}.tif',
        'geojson_buildings/SN2_buildings_train_AOI_2_Vegas_geojson_buildings_img{}.geojson',
        ClassConfig(names=['background', 'building'], colors=['lightgray', 'darkred'], null_class='background'),
        BuildingVectorOutputConfig(class_id=TARGET, min_area=MIN_BUILDING),
    ),
    'roads': Target(
        'spacenet/SN3_roads/train/AOI_2_Vegas',
        'PS-RGB/SN3_roads_train_AOI_2_Vegas_PS-RGB_img{}.tif',
        'geojson_roads/SN3_roads_train_AOI_2_Vegas_geojson_roads_img{}.geojson',
        ClassConfig(names=['background', 'road'], colors=['lightgray', 'orange'], null_class='background'),
        PolygonVectorOutputConfig(class_id=TARGET),
    ),
}


def list_numbers(raw_uri: str, target: Target) -> list[int]:
    """The numbers of the images that have labels.

    Args:
        raw_uri: Bucket or folder of SpaceNet.
        target: What to look for.

    Raises:
        ConfigError: If there are none.
    """
    folder = join(raw_uri, target.folder, target.labels.partition('/')[0])
    names = list_paths(folder, ext='.geojson')
    numbers = sorted(int(found[1]) for name in names if (found := re.search(r'_img(\d+)\.geojson$', name)))
    if not numbers:
        raise ConfigError(
            f'raw_uri {raw_uri!r}: there are no labels in {folder!r}. Give s3://spacenet-dataset or a copy of it.'
        )
    return numbers


def make_scene(raw_uri: str, target: Target, number: int) -> SceneConfig:
    """An image with its labels.

    Args:
        raw_uri: Bucket or folder of SpaceNet.
        target: What to look for.
        number: Number of the image.
    """
    labels = GeoJSONVectorSourceConfig(
        uris=join(raw_uri, target.folder, target.labels.format(number)),
        transformers=[
            ClassInferenceTransformerConfig(default_class_id=TARGET),
            BufferTransformerConfig(geom_type='LineString', default_buf=ROAD_BUFFER),
        ],
    )
    return SceneConfig(
        id=f'img{number}',
        raster_source=RasterioSourceConfig(
            uris=join(raw_uri, target.folder, target.image.format(number)), transformers=[StatsTransformerConfig()]
        ),
        label_source=SemanticSegmentationLabelSourceConfig(
            raster_source=RasterizedSourceConfig(
                vector_source=labels, rasterizer_config=RasterizerConfig(background_class_id=BACKGROUND)
            )
        ),
        label_store=SemanticSegmentationLabelStoreConfig(vector_output=[target.vector_output]),
    )


def get_config(
    runner: str, raw_uri: str, root_uri: str, target: str = 'buildings', test: bool = False, nochip: bool = False
) -> SemanticSegmentationConfig:
    """Describe the pipeline.

    Args:
        runner: Name of the runner; not needed here.
        raw_uri: The bucket `s3://spacenet-dataset`, or a folder with the same layout.
        root_uri: Folder to write to.
        target: `buildings` or `roads`.
        test: Only see whether it runs.
        nochip: Train from the scenes, without making chips first.
    """
    if target not in TARGETS:
        raise ConfigError(f'target {target!r}: choose buildings or roads{did_you_mean(target, TARGETS) or "."}')
    chosen = TARGETS[target]
    train, validation = divide(list_numbers(raw_uri, chosen))
    data = SemanticSegmentationGeoDataConfig if nochip else SemanticSegmentationImageDataConfig
    config = SemanticSegmentationConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=chosen.class_config,
            train_scenes=[make_scene(raw_uri, chosen, number) for number in train],
            validation_scenes=[make_scene(raw_uri, chosen, number) for number in validation],
        ),
        backend=PyTorchSemanticSegmentationConfig(
            data=data(img_sz=CHIP_SZ),
            model=SemanticSegmentationModelConfig(backbone=Backbone.resnet50),
            solver=SolverConfig(lr=1e-4, num_epochs=5, batch_sz=8),
        ),
        chip_options=SemanticSegmentationChipOptions(sampling=WindowSamplingConfig(size=CHIP_SZ)),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ, stride=CHIP_SZ // 2, crop_sz='auto'),
    )
    return for_trial(config) if test else config
