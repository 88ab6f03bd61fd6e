import threading
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import torch
from torch import nn

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.symmetries import SYMMETRIES
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationLearnerConfig
from rastervision.pytorch_learner.utils.prediction import (
    MAX_WINDOWS_AHEAD,
    _ahead,
    _in_threads,
    iter_predict_scene_ss,
    predict_scene_ss,
)


@pytest.fixture
def scene(tmp_path):
    def make(height=21, width=30):
        path = str(tmp_path / 'image.tif')
        pixels = np.random.default_rng(0).integers(1, 255, (3, height, width), dtype=np.uint8)
        profile = {'driver': 'GTiff', 'height': height, 'width': width, 'count': 3, 'dtype': 'uint8'}
        with rasterio.open(path, 'w', **profile, crs='EPSG:3857', transform=rasterio.Affine(1, 0, 0, 0, -1, 0)) as file:
            file.write(pixels)
        return Scene(id='s', raster_source=RasterioSource(path))

    return make


@pytest.fixture
def learner(tmp_path):
    class_config = ClassConfig(names=['dark', 'bright'], colors=['black', 'white'], null_class='dark')
    data = SemanticSegmentationImageDataConfig(class_config=class_config, img_channels=3, img_sz=10)
    model = nn.Conv2d(3, 2, 1)
    with torch.no_grad():
        model.weight[0], model.weight[1] = -1.0, 1.0
        model.bias.copy_(torch.tensor([1.5, -1.5]))
    cfg = SemanticSegmentationLearnerConfig(data=data)
    return SemanticSegmentationLearner(cfg, model=model, tmp_dir=str(tmp_path), training=False)


def bright(scene):
    return scene.raster_source[:, :].astype(float).sum(axis=2) > 1.5 * 255


@pytest.mark.parametrize(('stride', 'crop_sz'), [(10, None), (4, 'auto'), (6, 0), (4, 3)])
def test_all_pixels_are_predicted(learner, scene, stride, crop_sz):
    scene = scene()
    options = SemanticSegmentationPredictOptions(chip_sz=10, stride=stride, crop_sz=crop_sz, batch_sz=3)

    labels = predict_scene_ss(learner, scene, options)

    assert (labels.get_label_arr(scene.extent) == bright(scene)).all()


class Inside(nn.Module):
    """Class 1 where a window shows the image, whose values are never 0, up to two pixels from what is beyond it."""

    def forward(self, x):
        beyond = nn.functional.max_pool2d((x[:, :1] == 0).float(), 5, stride=1, padding=2)
        return torch.cat([beyond, 1 - beyond], 1)


@pytest.mark.parametrize(('height', 'width'), [(1, 1), (3, 40), (16, 16), (17, 31), (29, 50)])
@pytest.mark.parametrize(
    ('stride', 'crop_sz', 'blend'),
    [(16, 0, 'mean'), (10, 3, 'mean'), (8, 'auto', 'mean'), (3, 'auto', 'linear'), (7, 2, 'linear'), (7, 0, 'cosine')],
)
def test_each_pixel_is_predicted_whatever_is_cropped(learner, scene, height, width, stride, crop_sz, blend):
    learner.model, scene = Inside(), scene(height, width)
    options = SemanticSegmentationPredictOptions(chip_sz=16, stride=stride, crop_sz=crop_sz, blend=blend)
    options.validate_config()

    labels = predict_scene_ss(learner, scene, options)

    found = labels.get_label_arr(scene.extent)
    assert (found >= 0).all()
    if min(height, width) >= 16:
        assert (found == 1).all(), 'no window reaches over the edges of an image that is large enough'


def test_windows_with_gaps_are_refused(learner, scene):
    options = SemanticSegmentationPredictOptions(chip_sz=10, stride=11)

    with pytest.raises(ConfigError, match='stride=11 is larger than chip_sz=10'):
        predict_scene_ss(learner, scene(), options)


def test_image_smaller_than_a_chip_is_predicted(learner, scene):
    scene = scene(7, 5)

    labels = predict_scene_ss(learner, scene, SemanticSegmentationPredictOptions(chip_sz=10))

    assert (labels.get_label_arr(scene.extent) == bright(scene)).all()


def test_scores_do_not_depend_on_the_batch_size(learner, scene):
    scene = scene()
    one, five = (
        list(iter_predict_scene_ss(learner, scene, SemanticSegmentationPredictOptions(chip_sz=10, batch_sz=size)))
        for size in (1, 5)
    )

    assert [window for window, _ in one] == [window for window, _ in five]
    assert all(np.allclose(a, b, atol=1e-6, equal_nan=True) for (_, a), (_, b) in zip(one, five, strict=True))


def test_scores_have_the_size_of_the_window_and_add_up_to_one(learner, scene):
    window, scores = next(iter_predict_scene_ss(learner, scene(), SemanticSegmentationPredictOptions(chip_sz=16)))

    assert scores.shape == (2, *window.size)
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=0), 1)


class Lopsided(nn.Module):
    """Gives each pixel of a window logits that depend on its place, whatever the image."""

    def forward(self, x):
        height, width = x.shape[-2:]
        place = torch.arange(height * width, dtype=torch.float32).reshape(height, width) / (height * width)
        return torch.stack([place, 1 - place]).expand(len(x), 2, height, width)


@pytest.mark.parametrize('tta', ['flips', 'turns', 'all'])
def test_augmented_scores_are_means_over_positions(learner, tta):
    learner.model = Lopsided()
    x = torch.rand(2, 3, 6, 6)
    plain = learner.predict(x, raw_out=True)

    scores = learner.predict_augmented(x, tta, raw_out=True)

    expected = torch.stack([symmetry.undo(plain) for symmetry in SYMMETRIES[tta]]).mean(dim=0)
    assert torch.allclose(scores, expected, atol=1e-6)
    assert torch.allclose(scores, scores.flip((-1, -2)), atol=1e-6)
    assert not torch.allclose(scores, plain, atol=1e-3)
    assert torch.equal(learner.predict_augmented(x, tta), scores.argmax(dim=1))


@pytest.mark.parametrize('tta', ['flips', 'turns', 'all'])
def test_augmented_images_need_not_be_square(learner, tta):
    x = torch.rand(3, 5, 8)

    scores = learner.predict_augmented(x, tta, raw_out=True, out_shape=(10, 16))

    assert torch.allclose(scores, learner.predict(x, raw_out=True, out_shape=(10, 16)), atol=1e-5)


def test_unknown_positions_are_named_with_those_there_are(learner):
    with pytest.raises(ConfigError, match=r"tta 'flip'.*flips, turns, all"):
        learner.predict_augmented(torch.rand(1, 3, 4, 4), 'flip')


@pytest.mark.parametrize('options', [{'tta': 'all'}, {'blend': 'linear'}, {'blend': 'cosine', 'tta': 'flips'}])
@pytest.mark.parametrize(('height', 'width'), [(21, 30), (7, 5)])
def test_options_do_not_change_what_is_certain(learner, scene, options, height, width):
    scene = scene(height, width)
    options = SemanticSegmentationPredictOptions(chip_sz=10, stride=5, batch_sz=3, **options)

    labels = predict_scene_ss(learner, scene, options)

    assert (labels.get_label_arr(scene.extent) == bright(scene)).all()


@pytest.mark.parametrize('crop_sz', [None, 1])
@pytest.mark.parametrize('blend', ['mean', 'linear', 'cosine'])
def test_blended_scores_do_not_depend_on_the_batch_size(learner, scene, blend, crop_sz):
    learner.model, scene = Lopsided(), scene()
    scene.label_store = SimpleNamespace(smooth_output=True)
    options = {'chip_sz': 10, 'stride': 5, 'crop_sz': crop_sz, 'blend': blend}
    one, five = (
        predict_scene_ss(learner, scene, SemanticSegmentationPredictOptions(**options, batch_sz=size))
        for size in (1, 5)
    )
    scores = one.get_score_arr(scene.extent)

    assert np.array_equal(scores, five.get_score_arr(scene.extent))
    assert np.allclose(scores.sum(axis=0), 1, atol=2e-3)


def test_blending_makes_seams_fainter(learner, scene):
    learner.model, scene = Lopsided(), scene()
    scene.label_store = SimpleNamespace(smooth_output=True)
    seams = {}
    for blend in ('mean', 'linear', 'cosine'):
        options = SemanticSegmentationPredictOptions(chip_sz=10, stride=5, blend=blend)
        scores = predict_scene_ss(learner, scene, options).get_score_arr(scene.extent)
        seams[blend] = np.abs(np.diff(scores[0], axis=0)).max()

    assert max(seams['linear'], seams['cosine']) < seams['mean'] / 2


@pytest.mark.parametrize('workers', [1, 3])
def test_scores_do_not_depend_on_how_many_threads_read(learner, scene, monkeypatch, workers):
    scene = scene(height=40, width=50)
    options = SemanticSegmentationPredictOptions(chip_sz=10, stride=5, batch_sz=4)
    expected = list(iter_predict_scene_ss(learner, scene, options))
    monkeypatch.setenv('RASTERVISION_PREDICT_NUM_WORKERS', str(workers))
    monkeypatch.setattr('rastervision.pytorch_learner.utils.prediction.core_count', lambda: 4)
    read_chip, threads, together = scene.raster_source.read_chip, set(), threading.Barrier(workers)

    def read(window):
        mine = threading.current_thread() is threading.main_thread()  # which looks at a few windows before
        if not mine and threading.current_thread() not in threads:
            threads.add(threading.current_thread())
            together.wait(timeout=20)  # so that no thread reads all
        return read_chip(window)

    monkeypatch.setattr(scene.raster_source, 'read_chip', read)
    found = list(iter_predict_scene_ss(learner, scene, options))

    assert len(threads) == workers
    assert [window for window, _ in found] == [window for window, _ in expected]
    assert all((a == b).all() for (_, a), (_, b) in zip(found, expected, strict=True))


@pytest.mark.parametrize('side', [5, 10, 30, 40])
def test_each_window_is_read_once(learner, scene, monkeypatch, side):
    scene = scene(height=side, width=side)
    read_chip, read = scene.raster_source.read_chip, []
    monkeypatch.setattr(scene.raster_source, 'read_chip', lambda window: read.append(window) or read_chip(window))

    options = SemanticSegmentationPredictOptions(chip_sz=10, stride=10)
    predicted = [window for window, _ in iter_predict_scene_ss(learner, scene, options)]

    assert predicted == scene.extent.get_windows(10, 10)
    assert sorted(map(tuple, read)) == sorted(map(tuple, predicted))


def test_few_windows_are_read_ahead_by_threads_and_errors_are_raised():
    made = []

    def make(number):
        made.append(number)
        if number == 20:
            raise OSError('broken')
        return -number

    stream = _in_threads(make, range(100), 3)

    assert next(stream) == 0
    threading.Event().wait(0.1)
    assert len(made) <= 1 + 3 * MAX_WINDOWS_AHEAD
    with pytest.raises(OSError, match='broken'):
        list(stream)
    assert len(made) < 40


def test_few_batches_are_read_ahead():
    made = []
    stream = _ahead((made.append(i) or i for i in range(100)), 2)

    assert next(stream) == 0
    threading.Event().wait(0.3)
    assert len(made) <= 5
    stream.close()


def test_errors_while_reading_are_raised():
    def items():
        yield 1
        raise OSError('broken')

    with pytest.raises(OSError, match='broken'):
        list(_ahead(items(), 2))
