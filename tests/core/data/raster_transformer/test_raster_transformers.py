from types import SimpleNamespace

import numpy as np
import pytest

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer
from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer
from rastervision.core.data.raster_transformer.nan_transformer import NanTransformer
from rastervision.core.data.raster_transformer.nan_transformer_config import NanTransformerConfig
from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer
from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer
from rastervision.core.data.raster_transformer.stats_transformer_config import (
    StatsTransformerConfig,
    stats_transformer_config_upgrader,
)
from rastervision.core.raster_stats import RasterStats
from rastervision.pipeline.errors import ArgumentError, ArgumentTypeError, ConfigError, DataError

TRANSFORMERS = [
    StatsTransformer([100.0] * 3, [50.0] * 3),
    MinMaxTransformer(),
    NanTransformer(1.0),
    CastTransformer('int32'),
    ReclassTransformer({0: 1, 1: 0}),
]
RGB = RGBClassTransformer(ClassConfig(names=['a', 'b', 'null'], colors=['red', '#00ff80', 'black']))


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float32'])
@pytest.mark.parametrize('shape', [(4, 5, 3), (2, 4, 5, 3)])
@pytest.mark.parametrize('transformer', TRANSFORMERS, ids=lambda t: type(t).__name__)
def test_a_chip_stays_as_it_was_and_the_dtype_is_as_announced(transformer, shape, dtype):
    chip = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    before = chip.copy()

    out = transformer.transform(chip)

    assert np.array_equal(chip, before)
    assert out.dtype == transformer.get_out_dtype(chip.dtype)
    assert out.shape == (*shape[:-1], transformer.get_out_channels(3))


def test_stats_put_the_mean_in_the_middle_and_keep_nodata_zero():
    chip = np.array([0, 100, 250, 1000, -900, np.nan], dtype=np.float32).reshape(1, 6, 1)

    assert StatsTransformer([100.0], [50.0]).transform(chip).ravel().tolist() == [0, 127, 255, 255, 0, 0]


def test_stats_of_a_constant_channel_do_not_fail():
    chip = np.array([7, 9, 3], dtype=np.uint16).reshape(1, 3, 1)

    assert StatsTransformer([7.0], [0.0]).transform(chip).ravel().tolist() == [127, 255, 0]


def test_stats_of_another_number_of_channels_are_refused():
    with pytest.raises(DataError, match=r'3 channels.*of 2'):
        StatsTransformer([1.0, 2.0], [1.0, 2.0]).transform(np.ones((2, 2, 3), dtype=np.uint16))
    with pytest.raises(ArgumentError):
        StatsTransformer([1.0, 2.0], [1.0])


def test_stats_follow_the_channel_order():
    transformer = StatsTransformer.from_raster_stats(RasterStats([1, 2, 3], [4, 5, 6]), [2, 0])

    assert transformer.means.tolist() == [3, 1] and transformer.stats.stds.tolist() == [6, 4]
    with pytest.raises(DataError, match='channel_order'):
        StatsTransformer.from_raster_stats(RasterStats([1], [2]), [1])


def test_min_max_stretches_each_channel():
    chip = np.array([[[10, 5], [20, 5], [30, 5]]], dtype=np.uint16)

    assert MinMaxTransformer().transform(chip).tolist() == [[[0, 0], [127, 0], [255, 0]]]


def test_nan_is_replaced():
    assert NanTransformer(2.0).transform(np.array([np.nan, 1.0])).tolist() == [2.0, 1.0]
    assert NanTransformerConfig(to_value=None).build().to_value == 0.0


def test_values_are_swapped_at_once():
    chip = np.array([[0, 1, 9]], dtype=np.uint8)

    assert ReclassTransformer({0: 1, 1: 0}).transform(chip).tolist() == [[1, 0, 9]]


def test_a_value_that_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r'uint8.*CastTransformer'):
        ReclassTransformer({0: 300}).transform(np.zeros((2, 2), dtype=np.uint8))


def test_an_unknown_dtype_is_refused():
    with pytest.raises(ArgumentTypeError, match="'flaot32'"):
        CastTransformer('flaot32')


def test_unknown_colours_are_the_null_class():
    pixels = np.array([[[255, 0, 0], [0, 255, 128], [1, 2, 3]]], dtype=np.uint8)

    assert RGB.transform(pixels).tolist() == [[0, 1, 2]]


def test_an_unknown_colour_without_a_null_class_is_named():
    transformer = RGBClassTransformer(ClassConfig(names=['a'], colors=['red']))

    with pytest.raises(DataError, match=r'\(1, 2, 3\)'):
        transformer.transform(np.array([[[1, 2, 3]]], dtype=np.uint8))


def test_class_ids_become_colours_and_come_back():
    ids = np.array([[0, 1], [2, 0]], dtype=np.uint8)

    assert np.array_equal(RGB.rgb_to_class(RGB.class_to_rgb(ids)), ids)
    with pytest.raises(DataError, match=r'\[7\]'):
        RGB.class_to_rgb(np.array([7]))


def test_stats_uri_is_filled_from_the_pipeline_once():
    config = StatsTransformerConfig(scene_group='g')

    config.update(pipeline=SimpleNamespace(analyze_uri='/r/analyze'))
    config.update(pipeline=SimpleNamespace(analyze_uri='/other'))

    assert config.stats_uri == '/r/analyze/stats/g/stats.json'


@pytest.mark.parametrize(
    ('group', 'uri'),
    [('train_scenes', '/b/analyze/stats/train_scenes/stats.json'), ('__N/A__', '/b/stats.json')],
)
def test_stats_are_found_in_a_bundle(group, uri):
    config = StatsTransformerConfig(stats_uri='/gone', scene_group=group)

    config.update_root('/b')

    assert config.stats_uri == uri


def test_stats_of_old_bundles_are_of_all_channels(tmp_path):
    uri = str(tmp_path / 'stats.json')
    RasterStats([1, 2, 3], [1, 1, 1]).save(uri)
    old = stats_transformer_config_upgrader({'stats_uri': uri}, 13)

    assert StatsTransformerConfig(**old).build(channel_order=[2, 1]).means.tolist() == [3, 2]
    assert StatsTransformerConfig(stats_uri=uri).build(channel_order=[2, 1]).means.tolist() == [1, 2, 3]


def test_stats_without_a_uri_cannot_be_built():
    with pytest.raises(ConfigError, match='stats_uri'):
        StatsTransformerConfig().build()


def test_statistics_of_one_channel_are_for_all():
    chip = np.full((3, 3, 2), 150, np.uint16)

    by_one, by_two = (StatsTransformer([100.0] * n, [50.0] * n).transform(chip) for n in (1, 2))
    assert np.array_equal(by_one, by_two)
    with pytest.raises(DataError, match='has 2 channels'):
        StatsTransformer([100.0] * 3, [50.0] * 3).transform(chip)


@pytest.mark.parametrize('channels', [1, 4])
def test_colours_have_three_channels(channels):
    with pytest.raises(ValueError, match=f'the labels have {channels}'):
        RGBClassTransformer(ClassConfig(names=['a'], colors=['red'])).get_out_channels(channels)
