import numpy as np
import pytest

from rastervision.core.data.chip import Chip
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionChipOptions,
    ObjectDetectionWindowSamplingConfig,
)
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationChipOptions
from rastervision.core.rv_pipeline.utils import draw, nodata_below_threshold
from rastervision.pipeline.errors import ConfigError

DATA = np.ones((10, 10, 3), dtype=np.uint8)
EMPTY = np.zeros((10, 10, 3), dtype=np.uint8)


def make_options(**kwargs):
    return SemanticSegmentationChipOptions(sampling=WindowSamplingConfig(size=10), **kwargs)


def test_sliding_stride_defaults_to_the_size():
    assert WindowSamplingConfig(size=(100, 120)).stride == (100, 120)


def test_random_size_limits_default_to_the_size():
    assert WindowSamplingConfig(size=100, method='random').size_lims == (100, 101)


def test_random_windows_may_have_two_sizes():
    sampling = WindowSamplingConfig(size=(100, 120), method='random')
    assert (sampling.h_lims, sampling.w_lims) == ((100, 101), (120, 121))


@pytest.mark.parametrize(
    'limits',
    [
        {'h_lims': (50, 60)},
        {'size_lims': (50, 60), 'h_lims': (50, 60), 'w_lims': (50, 60)},
        {'size_lims': (60, 60)},
    ],
)
def test_limits_that_contradict_each_other_are_refused(limits):
    with pytest.raises(ConfigError, match='lims'):
        WindowSamplingConfig(size=100, method='random', **limits)


@pytest.mark.parametrize(
    ('options_class', 'sampling_class'),
    [
        (ChipOptions, WindowSamplingConfig),
        (SemanticSegmentationChipOptions, WindowSamplingConfig),
        (ObjectDetectionChipOptions, ObjectDetectionWindowSamplingConfig),
    ],
)
def test_chip_size_may_depend_on_the_scene(options_class, sampling_class):
    options = options_class(sampling={'scene_a': sampling_class(size=10)})
    assert isinstance(options.sampling_of('scene_a'), sampling_class)
    assert options.get_chip_sz('scene_a') == 10
    with pytest.raises(ConfigError, match=r"'scene_b'.*Did you mean 'scene_a'"):
        options.get_chip_sz('scene_b')


def test_chips_without_data_are_dropped():
    half = np.concatenate([DATA[:5], EMPTY[:5]])
    assert [make_options().keep_chip(chip, None) for chip in (DATA, half, EMPTY)] == [True, True, False]
    assert not make_options(nodata_threshold=0.5).keep_chip(half, None)


@pytest.mark.parametrize(
    ('chip', 'kept'),
    [
        (Chip(EMPTY), True),
        (Chip(DATA, np.zeros((10, 10), bool)), False),
        (Chip(EMPTY, np.eye(10, dtype=bool)), True),
        (Chip(EMPTY, zero_is_data=False), False),
        (Chip(DATA, zero_is_data=False), True),
        (Chip(EMPTY, np.eye(10, dtype=bool), zero_is_data=False), False),
        (Chip(np.stack([EMPTY, DATA]), np.eye(10, dtype=bool), zero_is_data=False), True),
    ],
)
def test_zeros_are_data_where_the_image_says_what_is_none(chip, kept):
    assert make_options().keep_sample(chip, None) is kept


def test_the_threshold_is_a_fraction_of_pixels_without_data():
    chip = Chip(EMPTY, np.arange(100).reshape(10, 10) < 40)
    assert make_options(nodata_threshold=0.61).keep_sample(chip, None)
    assert not make_options(nodata_threshold=0.6).keep_sample(chip, None)


def test_options_of_plugins_that_know_pixels_only_get_these():
    class BrightOptions(SemanticSegmentationChipOptions):
        def keep_chip(self, chip, label):
            return super().keep_chip(chip, label) and chip.max() > 1

    options = BrightOptions(sampling=WindowSamplingConfig(size=10))
    assert [options.keep_sample(Chip(pixels), None) for pixels in (EMPTY, DATA, DATA * 2)] == [False, False, True]


def test_a_pixel_is_nodata_only_if_all_channels_are():
    chip = np.array([[[-1, 1]]])
    assert nodata_below_threshold(chip, 1.0)


def test_chips_without_target_classes_survive_by_chance():
    options = make_options(target_class_ids=[1], target_count_threshold=100, negative_survival_prob=0.3)
    chips = np.random.default_rng(0).integers(1, 255, (1000, 10, 10, 3), dtype=np.uint8)
    kept = [options.keep_chip(chip, np.zeros((10, 10))) for chip in chips]

    assert 0.25 < np.mean(kept) < 0.35
    assert kept == [options.keep_chip(chip, np.zeros((10, 10))) for chip in chips]
    assert all(options.keep_chip(chip, np.ones((10, 10))) for chip in chips[:20])


def test_a_draw_depends_on_the_pixels_only():
    chip = np.arange(48).reshape(4, 4, 3)
    assert draw(chip) == draw(np.asfortranarray(chip))
    assert draw(chip) != draw(chip + 1)


@pytest.mark.parametrize('scene_id', [None, 'zz'])
def test_a_scene_without_sampling_is_a_missing_key(scene_id):
    options = ChipOptions(sampling={'s1': WindowSamplingConfig(size=256)})

    with pytest.raises(KeyError) as caught:
        options.get_chip_sz(scene_id)
    assert isinstance(caught.value, ConfigError)
    assert str(caught.value).startswith(f'chip_options.sampling has nothing for scene {scene_id!r}')


def test_without_target_classes_no_number_of_pixels_is_enough():
    options = SemanticSegmentationChipOptions(sampling=WindowSamplingConfig(size=10))

    with pytest.raises(ValueError, match='target_class_ids is not set'):
        options.enough_target_pixels(np.zeros((2, 2)))
