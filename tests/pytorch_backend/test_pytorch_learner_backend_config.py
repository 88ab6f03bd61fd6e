import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.raster_source.multi_raster_source_config import MultiRasterSourceConfig
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationModelConfig

STATS = StatsTransformerConfig(stats_uri='/nowhere/stats.json')


@pytest.fixture
def image(tmp_path):
    """Path of an image of 3 bands of uint16."""
    path = str(tmp_path / 'image.tif')
    place = {'crs': 'epsg:32633', 'transform': from_origin(500000, 5100000, 10, 10)}
    with rasterio.open(path, 'w', driver='GTiff', height=8, width=9, count=3, dtype='uint16', **place) as dataset:
        dataset.write(np.ones((3, 8, 9), dtype=np.uint16))
    return path


def channels_of(raster_source):
    classes = ClassConfig(names=['a', 'b'])
    scene = SceneConfig(id='s', raster_source=raster_source)
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(), model=SemanticSegmentationModelConfig(), solver=SolverConfig()
    )
    dataset = DatasetConfig(class_config=classes, train_scenes=[scene], validation_scenes=[])
    pipeline = SemanticSegmentationConfig(root_uri='/nowhere', dataset=dataset, backend=backend)
    backend.update(pipeline)
    return backend.data.img_channels


def test_channels_are_known_before_there_are_statistics(image):
    source = RasterioSourceConfig(uris=image, transformers=[STATS])

    assert channels_of(source) == 3
    assert source.transformers == [STATS]


def test_channels_of_several_sources_are_known_before_there_are_statistics(image):
    sources = [RasterioSourceConfig(uris=image, channel_order=[0], transformers=[STATS]) for _ in range(2)]

    assert channels_of(MultiRasterSourceConfig(raster_sources=sources)) == 2


def test_channels_of_a_time_series_are_those_of_a_time(image):
    sources = [RasterioSourceConfig(uris=image, channel_order=[0, 1]) for _ in range(3)]

    assert channels_of(MultiRasterSourceConfig(raster_sources=sources, temporal=True)) == 2


def test_channels_of_an_image_elsewhere_are_left_open():
    assert channels_of(RasterioSourceConfig(uris='/nowhere/image.tif')) is None
