"""Chips of semantic segmentation and chip classification whose options are those of 0.21, as they were then."""

import zipfile

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
)
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.config.spellings import OldSpellingWarning
from rastervision.pytorch_backend.pytorch_chip_classification_config import PyTorchChipClassificationConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.classification_learner_config import ClassificationModelConfig
from rastervision.pytorch_learner.dataset.image_files import load_image
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner_config import SemanticSegmentationModelConfig

SIZE, CHIP = 40, 20
CLASSES = ClassConfig(names=['land', 'water'], colors=['white', 'blue'])


@pytest.fixture
def image(tmp_path):
    """An image, and a raster of labels with one pixel of water, in the upper left corner."""
    profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'dtype': 'uint8', 'crs': 'EPSG:32633'}
    labels = np.zeros((1, SIZE, SIZE), np.uint8)
    labels[0, 2, 3] = 1
    for name, pixels in (('image', np.full((3, SIZE, SIZE), 9, np.uint8)), ('labels', labels)):
        place = from_origin(5e5, 5e6, 10, 10)
        with rasterio.open(tmp_path / f'{name}.tif', 'w', count=len(pixels), transform=place, **profile) as file:
            file.write(pixels)
    return str(tmp_path / 'image.tif'), str(tmp_path / 'labels.tif')


def chip(config, tmp_path):
    """Names of the chips that a pipeline makes for training."""
    (tmp_path / 'tmp').mkdir()
    resolve(config).build(str(tmp_path / 'tmp')).chip()
    names = []
    for path in (tmp_path / 'out/chip').glob('*.zip'):
        with zipfile.ZipFile(path) as chips:
            names += [name for name in chips.namelist() if name.startswith('train/')]
    return names


@pytest.mark.parametrize(
    ('old', 'count'),
    [
        ({}, 9),
        ({'window_method': 'sliding'}, 9),
        ({'window_method': 'sliding', 'stride': 20}, 4),
        ({'window_method': 'random_sample'}, 1000),
        ({'window_method': 'random_sample', 'chips_per_scene': 7}, 7),
        ({'target_class_ids': [1], 'negative_survival_prob': 0.0, 'target_count_threshold': 1}, 1),
        ({'target_class_ids': [1], 'negative_survival_prob': 0.0, 'target_count_threshold': 2}, 0),
        ({'target_class_ids': [1], 'negative_survival_prob': 1.0}, 9),
    ],
)
def test_options_of_segmentation_make_the_chips_that_they_made(image, tmp_path, old, count):
    labels = SemanticSegmentationLabelSourceConfig(raster_source=RasterioSourceConfig(uris=image[1]))
    scene = SceneConfig(id='a', raster_source=RasterioSourceConfig(uris=image[0]), label_source=labels)
    with pytest.warns(OldSpellingWarning):
        config = SemanticSegmentationConfig(
            root_uri=str(tmp_path / 'out'),
            dataset=DatasetConfig(class_config=CLASSES, train_scenes=[scene], validation_scenes=[]),
            backend=PyTorchSemanticSegmentationConfig(
                model=SemanticSegmentationModelConfig(), solver=SolverConfig(), num_workers=0
            ),
            train_chip_sz=CHIP,
            chip_options=SemanticSegmentationChipOptions(**{'window_method': 'sliding', **old}) if old else None,
        )
        names = chip(config, tmp_path)
    assert len([name for name in names if name.startswith('train/img/')]) == count


def test_older_colours_of_labels_are_classes_in_chips(image, tmp_path):
    colors = np.full((3, SIZE, SIZE), 255, np.uint8)
    colors[:2, :, 20:] = 0
    profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 3, 'dtype': 'uint8', 'crs': 'EPSG:32633'}
    with rasterio.open(tmp_path / 'rgb.tif', 'w', transform=from_origin(5e5, 5e6, 10, 10), **profile) as file:
        file.write(colors)
    with pytest.warns(OldSpellingWarning):
        labels = SemanticSegmentationLabelSourceConfig(
            raster_source=RasterioSourceConfig(uris=str(tmp_path / 'rgb.tif')), rgb_class_config=CLASSES
        )
        scene = SceneConfig(id='a', raster_source=RasterioSourceConfig(uris=image[0]), label_source=labels)
        config = SemanticSegmentationConfig(
            root_uri=str(tmp_path / 'out'),
            dataset=DatasetConfig(class_config=CLASSES, train_scenes=[scene], validation_scenes=[]),
            backend=PyTorchSemanticSegmentationConfig(
                model=SemanticSegmentationModelConfig(), solver=SolverConfig(), num_workers=0
            ),
            train_chip_sz=SIZE,
        )
        names = chip(config, tmp_path)

    (path,) = (tmp_path / 'out/chip').glob('*.zip')
    with zipfile.ZipFile(path) as chips:
        made = load_image(chips.extract(names[-1], tmp_path))
    assert names[-1].startswith('train/labels/')
    np.testing.assert_array_equal(made.squeeze(), np.repeat([[0, 1]], 20, axis=1).repeat(SIZE, axis=0))


def test_chips_of_classification_are_its_cells(image, tmp_path):
    (tmp_path / 'none.json').write_text('{"type": "FeatureCollection", "features": []}')
    vectors = GeoJSONVectorSourceConfig(uris=str(tmp_path / 'none.json'))
    labels = ChipClassificationLabelSourceConfig(vector_source=vectors, infer_cells=True, background_class_id=0)
    scene = SceneConfig(id='a', raster_source=RasterioSourceConfig(uris=image[0]), label_source=labels)
    with pytest.warns(OldSpellingWarning):
        config = ChipClassificationConfig(
            root_uri=str(tmp_path / 'out'),
            dataset=DatasetConfig(class_config=CLASSES, train_scenes=[scene], validation_scenes=[]),
            backend=PyTorchChipClassificationConfig(
                model=ClassificationModelConfig(), solver=SolverConfig(), num_workers=0
            ),
            train_chip_sz=CHIP,
        )
        assert len(chip(config, tmp_path)) == 4
