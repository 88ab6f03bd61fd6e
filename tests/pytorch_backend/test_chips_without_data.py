"""Which windows of scenes with NODATA become chips, in each task."""

from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.scene_factory import make_ss_scene
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.pytorch_backend.pytorch_chip_classification import PyTorchChipClassification
from rastervision.pytorch_backend.pytorch_object_detection import PyTorchObjectDetection
from rastervision.pytorch_backend.pytorch_semantic_segmentation import PyTorchSemanticSegmentation
from rastervision.pytorch_learner.dataset.combination import Concatenation
from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.transform import TransformType

TASKS = {
    TransformType.semantic_segmentation: PyTorchSemanticSegmentation,
    TransformType.classification: PyTorchChipClassification,
    TransformType.object_detection: PyTorchObjectDetection,
}


@pytest.fixture
def elevation(tmp_path):
    """Four windows of 10: land, sea (0), half NODATA and half sea, NODATA."""
    pixels = np.zeros((10, 40), 'int16')
    pixels[:, :10] = 5
    pixels[:5, 20:30] = pixels[:, 30:] = -9999

    def write(dtype, nodata):
        path = tmp_path / 'dem.tif'
        profile = {'width': 40, 'height': 10, 'count': 1, 'dtype': dtype, 'nodata': nodata}
        place = {'crs': 'EPSG:32636', 'transform': from_origin(500_000, 0, 1, 1)}
        with rasterio.open(path, 'w', driver='GTiff', **profile, **place) as dataset:
            dataset.write(np.where(pixels < 0, 0 if nodata is None else nodata, pixels).astype(dtype), 1)
        return make_ss_scene(str(path))

    return write


def kept(scene, task, tmp_path, threshold=1.0, **options):
    writer = SimpleNamespace(samples=[], write_sample=lambda sample: writer.samples.append(sample))
    dataset = SlidingWindowGeoDataset(
        scene, size=10, stride=10, transform_type=task, normalize=False, to_pytorch=False, return_window=True, **options
    )
    learner = SimpleNamespace(data=SimpleNamespace(num_workers=0))
    chip_options = ChipOptions(sampling=WindowSamplingConfig(size=10), nodata_threshold=threshold)
    TASKS[task](None, learner, str(tmp_path)).chip_pytorch_dataset(
        Concatenation([dataset]), writer, chip_options, 'train'
    )
    assert isinstance(dataset[0][0][0], np.ndarray)
    assert all(type(sample.chip) is np.ndarray for sample in writer.samples)
    return [sample.window.xmin // 10 for sample in writer.samples]


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize(('dtype', 'nodata'), [('int16', -9999), ('float32', -9999), ('uint8', 255)])
def test_chips_of_zeros_that_are_data_are_kept(elevation, tmp_path, task, dtype, nodata):
    scene = elevation(dtype, nodata)
    assert kept(scene, task, tmp_path) == [0, 1, 2]
    assert kept(scene, task, tmp_path, threshold=0.5) == [0, 1]


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize(('dtype', 'nodata'), [('uint8', None), ('int16', 0)])
def test_chips_of_zeros_that_are_none_or_may_be_are_left_out(elevation, tmp_path, task, dtype, nodata):
    assert kept(elevation(dtype, nodata), task, tmp_path) == [0]


def test_what_is_data_is_known_of_resized_chips(elevation, tmp_path):
    scene = elevation('int16', -9999)
    assert kept(scene, TransformType.semantic_segmentation, tmp_path, threshold=0.45, out_size=15) == [0, 1]
    assert kept(scene, TransformType.semantic_segmentation, tmp_path, threshold=0.55, out_size=15) == [0, 1, 2]
