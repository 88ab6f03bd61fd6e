"""What subclasses of sample writers and backends override is called, and arguments of 0.31 and 0.21 are understood."""

import json
import zipfile

import numpy as np
import pytest
import torch
from torch import nn
from xarray import DataArray

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.scene import Scene
from rastervision.core.data_sample import DataSample
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pytorch_backend.pytorch_chip_classification import PyTorchChipClassificationSampleWriter
from rastervision.pytorch_backend.pytorch_object_detection import PyTorchObjectDetectionSampleWriter
from rastervision.pytorch_backend.pytorch_semantic_segmentation import (
    PyTorchSemanticSegmentation,
    PyTorchSemanticSegmentationSampleWriter,
)
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.object_detection_utils import BoxList
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)

CLASSES = ClassConfig(names=['ground', 'roof'], colors=['green', 'red'], null_class='ground')
SHARED = ('__enter__', '__exit__', 'write_sample', 'get_image_path', 'get_image_ext', 'write_chip')
WRITERS = {
    PyTorchSemanticSegmentationSampleWriter: (np.ones((8, 8), np.uint8), 'get_label_path'),
    PyTorchChipClassificationSampleWriter: (1, 'get_image_path'),
    PyTorchObjectDetectionSampleWriter: (
        BoxList(torch.tensor([[1.0, 1, 4, 4]]), class_ids=torch.tensor([1])),
        'update_coco_data',
    ),
}


@pytest.mark.parametrize('base', WRITERS)
def test_methods_of_a_writer_that_a_subclass_overrides_are_called(base, tmp_path):
    called, (label, own) = set(), WRITERS[base]

    def overriding(name):
        def method(self, *args, **kwargs):
            called.add(name)
            return getattr(super(cls, self), name)(*args, **kwargs)

        return method

    cls = type('OwnWriter', (base,), {name: overriding(name) for name in (*SHARED, own)})
    with cls(str(tmp_path / 'chips.zip'), CLASSES, str(tmp_path)) as writer:
        writer.write_sample(DataSample(np.ones((8, 8, 3), np.uint8), label, split='train'))

    assert called == {*SHARED, own}
    assert (tmp_path / 'chips.zip').exists()


def test_categories_of_a_coco_file_are_those_of_the_writer(tmp_path):
    class Own(PyTorchObjectDetectionSampleWriter):
        categories = ({'id': 1, 'name': 'house'},)

    with Own(str(tmp_path / 'chips.zip'), CLASSES, str(tmp_path)) as writer:
        writer.write_sample(DataSample(np.ones((8, 8, 3), np.uint8), None, split='train'))

    with zipfile.ZipFile(tmp_path / 'chips.zip') as chips:
        assert json.loads(chips.read('train/labels.json'))['categories'] == [{'id': 1, 'name': 'house'}]


@pytest.mark.parametrize(
    ('args', 'kwargs', 'expected'),
    [
        ((), {}, (8, 4)),
        ((5, 3), {}, (5, 3)),
        ((5,), {'stride': 2}, (5, 2)),
        ((), {'chip_sz': 6, 'stride': 3}, (6, 3)),
        ((SemanticSegmentationPredictOptions(chip_sz=7, stride=7),), {}, (7, 7)),
    ],
)
def test_windows_are_given_by_options_or_by_size_and_stride(args, kwargs, expected, tmp_path, monkeypatch):
    pipeline = SemanticSegmentationConfig(
        root_uri=str(tmp_path),
        dataset=DatasetConfig(class_config=CLASSES, train_scenes=[], validation_scenes=[]),
        backend=PyTorchSemanticSegmentationConfig(
            data=SemanticSegmentationImageDataConfig(),
            model=SemanticSegmentationModelConfig(pretrained=False),
            solver=SolverConfig(),
        ),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=8, stride=4),
    )
    data = SemanticSegmentationImageDataConfig(class_config=CLASSES, img_channels=3, img_sz=8)
    learner_config = SemanticSegmentationLearnerConfig(data=data)
    backend = PyTorchSemanticSegmentation(pipeline, learner_config, str(tmp_path))
    backend.learner = SemanticSegmentationLearner(
        learner_config, model=nn.Conv2d(3, 2, 1), tmp_dir=str(tmp_path), training=False
    )
    pixels = np.ones((16, 16, 3), np.uint8)
    source = XarraySource(DataArray(pixels, dims=['y', 'x', 'band']), IdentityCRSTransformer())
    seen, get_windows = [], Box.get_windows
    monkeypatch.setattr(Box, 'get_windows', lambda *a, **k: seen.append(a[1:3]) or get_windows(*a, **k))

    labels = backend.predict_scene(Scene('scene', source), *args, **kwargs)

    assert seen == [tuple((side, side) for side in expected)]
    assert labels.get_label_arr(Box(0, 0, 16, 16)).min() >= 0
