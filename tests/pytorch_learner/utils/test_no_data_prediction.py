"""Pixels without data in the predictions of all tasks."""

import numpy as np
import pytest
import rasterio
import torch
from torch import nn

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
from rastervision.pipeline.file_system.utils import file_to_json
from rastervision.pytorch_learner.classification_learner import ClassificationLearner
from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.learner_config.regression_data import RegressionImageDataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
from rastervision.pytorch_learner.regression_learner import RegressionLearner
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.classification_config import ClassificationLearnerConfig
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionLearnerConfig
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationLearnerConfig
from rastervision.pytorch_learner.utils.prediction import (
    iter_predict_scene_cc,
    iter_predict_scene_od,
    iter_predict_scene_ss,
    predict_scene_cc,
    predict_scene_od,
    predict_scene_ss,
)

SIZE = 32
ONE_PIXEL = (slice(5, 6), slice(6, 7))
QUARTER = (slice(16, 32), slice(0, 16))
KINDS = {
    'NODATA': ('uint8', 255, 255),
    'NODATA of signed integers': ('int16', -9999, -9999),
    'NaN': ('float32', None, np.nan),
    'infinity': ('float32', None, np.inf),
    'NaN as NODATA': ('float64', np.nan, np.nan),
    'the least of 64 bits': ('int64', -(2**63), -(2**63)),
}


class Dark(nn.Module):
    """Class 1 where it is dark, by normalised values of all pixels of a batch; counts the windows it sees."""

    def __init__(self):
        super().__init__()
        self.seen = 0
        self.norm = nn.BatchNorm2d(3).eval()

    def forward(self, x):
        assert torch.isfinite(x).all()
        self.seen += len(x)
        bright = self.norm(x).mean(1, keepdim=True)
        return torch.cat([bright, 1e-3 - bright], 1)


class DarkCells(Dark):
    def forward(self, x):
        return super().forward(x).mean(dim=(2, 3))


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def scene(request, tmp_path):
    dtype, nodata, value = request.param
    pixels = np.random.default_rng(0).integers(10, 200, (3, SIZE, SIZE)).astype(dtype)
    pixels[:, *ONE_PIXEL], pixels[:, *QUARTER] = value, value
    profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 3, 'dtype': dtype, 'nodata': nodata}
    path = str(tmp_path / 'image.tif')
    place = {'crs': 'EPSG:32633', 'transform': rasterio.Affine(10, 0, 5e5, 0, -10, 5e6)}
    with rasterio.open(path, 'w', **profile, **place) as file:
        file.write(pixels)
    return Scene(id='s', raster_source=RasterioSource(path))


def missing():
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[ONE_PIXEL], mask[QUARTER] = True, True
    return mask


class ZeroBoxes(nn.Module):
    """Finds two boxes in each window: of its zeros, and of the rest."""

    def forward(self, images):
        assert all(torch.isfinite(image).all() for image in images)
        return [self.detect(image) for image in images]

    def detect(self, image):
        places = [torch.nonzero((image[0] == 0) == is_zero) for is_zero in (True, False)]
        corners = [torch.cat([p.min(0).values.flip(0), p.max(0).values.flip(0) + 1]).float() for p in places if len(p)]
        boxes = torch.stack(corners)
        return {'labels': torch.ones(len(boxes)).long(), 'boxes': boxes, 'scores': torch.full((len(boxes),), 0.9)}


CLASSES = ClassConfig(names=['land', 'water', 'null'], null_class='null')


def make_learner(kind, config, data, model, tmp_path):
    options = {'class_config': ClassConfig(names=['land', 'water']), 'img_channels': 3, 'img_sz': 16}
    return kind(config(data=data(**options)), model=model, tmp_dir=str(tmp_path), training=False)


@pytest.fixture
def pixel_learner(tmp_path):
    data = SemanticSegmentationImageDataConfig
    return make_learner(SemanticSegmentationLearner, SemanticSegmentationLearnerConfig, data, Dark(), tmp_path)


@pytest.mark.parametrize('smooth', [True, False])
@pytest.mark.parametrize('options', [{}, {'stride': 8, 'crop_sz': 4}, {'stride': 8, 'blend': 'cosine'}])
def test_pixels_without_data_are_of_the_null_class_and_have_no_score(pixel_learner, scene, tmp_path, smooth, options):
    options = SemanticSegmentationPredictOptions(chip_sz=16, **options)
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0) for i in (0, 1)]
    store_config = SemanticSegmentationLabelStoreConfig(
        uri=str(tmp_path / 'out'), smooth_output=smooth, vector_output=outputs
    )
    scene.label_store = store = store_config.build(CLASSES, scene.raster_source.crs_transformer)
    store.set_bbox(scene.bbox)

    labels = predict_scene_ss(pixel_learner, scene, options)
    store.save(labels)

    written = store.read_label_arr(scene.extent)
    assert np.array_equal(written == 2, missing())
    if smooth or options.window_weights() is not None:
        assert np.array_equal(np.isnan(labels.get_score_arr(scene.extent)).any(axis=0), missing())


def test_a_window_without_data_is_not_computed(pixel_learner, scene):
    options = SemanticSegmentationPredictOptions(chip_sz=16)

    windows = [window for window, _ in iter_predict_scene_ss(pixel_learner, scene, options)]

    assert windows == [Box(0, 0, 16, 16), Box(0, 16, 16, 32), Box(16, 16, 32, 32)]
    assert pixel_learner.model.seen == 3


@pytest.fixture
def cell_learner(tmp_path):
    data = ClassificationImageDataConfig
    return make_learner(ClassificationLearner, ClassificationLearnerConfig, data, DarkCells(), tmp_path)


def test_cells_without_data_are_not_predicted(cell_learner, scene):
    options = PredictOptions(chip_sz=16, stride=16)

    labels = predict_scene_cc(cell_learner, scene, options)

    assert sorted(labels.cell_to_label, key=tuple) == [Box(0, 0, 16, 16), Box(0, 16, 16, 32), Box(16, 16, 32, 32)]
    assert all(np.isfinite(scores).all() for _, scores in iter_predict_scene_cc(cell_learner, scene, options))


@pytest.fixture
def box_learner(tmp_path):
    return make_learner(
        ObjectDetectionLearner, ObjectDetectionLearnerConfig, ObjectDetectionImageDataConfig, ZeroBoxes(), tmp_path
    )


def test_boxes_of_what_is_no_data_are_left_out(box_learner, scene):
    options = ObjectDetectionPredictOptions(chip_sz=16, stride=16)

    labels = predict_scene_od(box_learner, scene, options)

    assert sorted(map(tuple, labels.get_npboxes().tolist())) == [(0, 0, 16, 16), (0, 16, 16, 32), (16, 16, 32, 32)]


@pytest.mark.parametrize('raw_out', [True, False])
def test_a_dataset_has_no_predictions_where_it_has_no_data(pixel_learner, scene, raw_out):
    dataset = SlidingWindowGeoDataset(scene, size=16, stride=16)

    found = [*pixel_learner.predict_dataset(dataset, raw_out=raw_out, numpy_out=True, progress_bar=False)]

    assert pixel_learner.model.seen == 3 and len(found) == 4
    whole = np.concatenate([np.concatenate(found[:2], axis=-1), np.concatenate(found[2:], axis=-1)], axis=-2)
    assert np.array_equal(np.isnan(whole).any(axis=0) if raw_out else whole == -1, missing())
    if raw_out:
        expected = predict_scene_ss(pixel_learner, scene, SemanticSegmentationPredictOptions(chip_sz=16, stride=16))
        labels = SemanticSegmentationLabels.from_predictions(dataset.windows, found, scene.extent, 2, smooth=True)
        whole = labels.get_label_arr(scene.extent, null_class_id=7)
        assert np.array_equal(whole, expected.get_label_arr(scene.extent, null_class_id=7))


@pytest.mark.parametrize('return_format', ['xyz', 'yz'])
def test_datasets_of_resized_windows_know_their_own_pixels(pixel_learner, scene, return_format):
    dataset = SemanticSegmentationSlidingWindowGeoDataset(scene, size=16, stride=16, out_size=23)
    options = {'predict_kw': {'out_shape': (16, 16)}, 'dataloader_kw': {'batch_size': 3}, 'progress_bar': False}

    *others, first = next(pixel_learner.predict_dataset(dataset, return_format, numpy_out=True, **options))

    assert np.array_equal(np.isnan(first).all(axis=0), missing()[:16, :16])
    assert [part.shape for part in others] == ([(3, 23, 23), ()] if return_format == 'xyz' else [()])


@pytest.mark.parametrize('raw_out', [True, False])
def test_a_dataset_has_a_prediction_for_each_cell_but_no_label_without_data(cell_learner, scene, raw_out):
    dataset = SlidingWindowGeoDataset(scene, size=16, stride=16)

    found = [*cell_learner.predict_dataset(dataset, raw_out=raw_out, numpy_out=True, progress_bar=False)]

    assert [bool(np.isnan(each).all()) if raw_out else each == -1 for each in found] == [False, False, True, False]
    if raw_out:
        labels = ChipClassificationLabels.from_predictions(dataset.windows, found)
        expected = predict_scene_cc(cell_learner, scene, PredictOptions(chip_sz=16, stride=16))
        assert labels.get_cells() == expected.get_cells()


def test_a_dataset_has_no_boxes_of_what_is_no_data(box_learner, scene):
    dataset = SlidingWindowGeoDataset(scene, size=16, stride=16)

    found = [*box_learner.predict_dataset(dataset, numpy_out=True, progress_bar=False)]

    assert [len(each['boxes']) for each in found] == [1, 1, 0, 1]
    assert all(each['boxes'].tolist() == [[0, 0, 16, 16]] for each in found if len(each['boxes']))


def test_numbers_of_windows_without_data_are_nan(scene, tmp_path):
    data, config = RegressionImageDataConfig, RegressionLearnerConfig
    learner = make_learner(RegressionLearner, config, data, DarkCells(), tmp_path)
    dataset = SlidingWindowGeoDataset(scene, size=16, stride=16)

    found = [*learner.predict_dataset(dataset, numpy_out=True, progress_bar=False)]

    assert [bool(np.isnan(each).all()) for each in found] == [False, False, True, False]
    assert all(np.isfinite(found[index]).all() and found[index].shape == (2,) for index in (0, 1, 3))


class Own(SlidingWindowGeoDataset):
    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x + 1, y


def test_datasets_of_others_are_predicted_as_they_are(pixel_learner, scene):
    found = [*pixel_learner.predict_dataset(Own(scene, size=16, stride=16), numpy_out=True, progress_bar=False)]

    assert len(found) == 4 and all(np.isfinite(each).all() for each in found)


class Blank(SemanticSegmentationLearner):
    """A learner of a plugin, whose `predict` has the arguments of earlier versions."""

    def predict(self, x, raw_out=False, out_shape=None):
        return super().predict(x, raw_out=raw_out, out_shape=out_shape)


def test_learners_of_plugins_need_not_know_of_gaps(scene, tmp_path):
    data, config = SemanticSegmentationImageDataConfig, SemanticSegmentationLearnerConfig
    learner = make_learner(Blank, config, data, Dark(), tmp_path)
    learner.cfg.data.img_sz = 23

    scores = predict_scene_ss(
        learner, scene, SemanticSegmentationPredictOptions(chip_sz=16, stride=16, blend='cosine')
    ).get_score_arr(scene.extent)

    assert np.array_equal(np.isnan(scores).any(axis=0), missing())


@pytest.fixture
def empty_scene(tmp_path):
    path = str(tmp_path / 'empty.tif')
    profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 3, 'dtype': 'uint8', 'nodata': 0}
    with rasterio.open(path, 'w', **profile, crs='EPSG:32633', transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6)):
        pass
    return Scene(id='s', raster_source=RasterioSource(path))


def test_a_scene_without_any_data_has_empty_predictions(
    pixel_learner, cell_learner, box_learner, empty_scene, tmp_path
):
    crs_transformer, store_config = empty_scene.raster_source.crs_transformer, SemanticSegmentationLabelStoreConfig
    for config, learner, predict, options in (
        (store_config, pixel_learner, iter_predict_scene_ss, SemanticSegmentationPredictOptions),
        (ChipClassificationGeoJSONStoreConfig, cell_learner, iter_predict_scene_cc, PredictOptions),
        (ObjectDetectionGeoJSONStoreConfig, box_learner, iter_predict_scene_od, ObjectDetectionPredictOptions),
    ):
        uri = str(tmp_path / config.__name__)
        store = config(uri=uri).build(CLASSES, crs_transformer, bbox=empty_scene.bbox)
        with store.writer() as writer:
            for window, prediction in predict(learner, empty_scene, options(chip_sz=16, stride=16)):
                writer.write(window, prediction)
        if config is store_config:
            assert (store.read_label_arr(empty_scene.extent) == 2).all()
        else:
            assert file_to_json(uri)['features'] == []
