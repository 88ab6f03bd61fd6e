import json

import numpy as np
import pytest
import xarray

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.raster_stats import RasterStats, get_num_chips_to_sample, parallel_variance
from rastervision.pipeline.errors import DataError, NoStatsError


def source(pixels):
    return XarraySource(xarray.DataArray(pixels, dims=('y', 'x', 'band')), IdentityCRSTransformer())


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(1, 1000, (60, 70, 2), dtype=np.uint16)


def test_statistics_are_those_of_all_pixels(noise):
    stats = RasterStats()

    stats.compute([source(noise)], chip_sz=20)

    assert stats.means == pytest.approx(noise.mean(axis=(0, 1)))
    assert stats.stds == pytest.approx(noise.std(axis=(0, 1)), rel=2e-3)
    assert stats.counts.tolist() == [4200, 4200]


def test_nodata_does_not_count_in_each_channel_by_itself(noise):
    noise[:30, :, 0] = 0
    stats = RasterStats()

    stats.compute([source(noise)], chip_sz=20)

    assert stats.counts.tolist() == [2100, 4200]
    assert stats.means == pytest.approx([noise[30:, :, 0].mean(), noise[..., 1].mean()])


def test_a_chip_with_a_single_valid_pixel_does_not_break_the_variance():
    pixels = np.zeros((2, 4, 1), dtype=np.float32)
    pixels[0, 0], pixels[0, 2:], pixels[1, 2:] = 5, 3, 4
    stats = RasterStats()

    stats.compute([source(pixels)], chip_sz=2)

    assert np.isfinite(stats.stds).all() and stats.counts.tolist() == [5]


def test_sampling_is_the_same_for_the_same_seed_only(noise):
    def means(seed):
        stats = RasterStats()
        stats.compute([source(noise)], sample_prob=0.1, chip_sz=10, seed=seed)
        return stats.means.tolist()

    assert means(1) == means(1) != means(2)


def test_an_image_narrower_than_a_chip_is_sampled(noise):
    stats = RasterStats()

    stats.compute([source(noise[:10])], sample_prob=0.5, chip_sz=25)

    assert stats.counts.tolist() == [250, 250]


def test_an_image_smaller_than_a_chip_is_read_once(noise):
    stats = RasterStats()

    stats.compute([source(noise)], sample_prob=0.1, chip_sz=300)

    assert get_num_chips_to_sample(Box(0, 0, 60, 70), 300, 0.1) == 0
    assert stats.counts.tolist() == [4200, 4200]


def test_an_empty_image_has_no_statistics():
    with pytest.raises(NoStatsError, match='no pixel is data and differs from nodata_value=0'):
        RasterStats().compute([source(np.zeros((5, 5, 1), dtype=np.uint8))])


@pytest.mark.parametrize('sample_prob', [None, 1.0])
@pytest.mark.parametrize(('dtype', 'nodata'), [('int16', -9999), ('float32', np.nan), ('uint16', 65535)])
def test_zero_counts_in_an_image_that_says_what_is_nodata(sample_prob, dtype, nodata):
    pixels = np.arange(100 * 100).reshape(100, 100, 1).astype(dtype)
    pixels[:50], pixels[50, :20] = 0, nodata
    array = xarray.DataArray(pixels, dims=('y', 'x', 'band'), attrs={'nodata': nodata})
    stats = RasterStats()

    stats.compute([XarraySource(array, IdentityCRSTransformer())], sample_prob=sample_prob, chip_sz=30)

    if sample_prob is None:
        assert stats.counts.tolist() == [9980]
        valid = np.delete(pixels.ravel().astype(float), np.arange(5000, 5020))
        assert stats.means[0] == pytest.approx(valid.mean())
    else:
        assert stats.counts[0] > 9000


def test_values_that_are_not_finite_do_not_count():
    pixels = np.ones((10, 10, 2), dtype=np.float32)
    pixels[0, :, 0], pixels[1, :, 0], pixels[2, 0, 1] = np.nan, np.inf, -np.inf
    stats = RasterStats()

    stats.compute([source(pixels)])

    assert stats.counts.tolist() == [80, 99] and stats.means.tolist() == [1, 1] and stats.stds.tolist() == [0, 0]


def test_pixels_outside_the_image_do_not_count(noise):
    stats = RasterStats()

    stats.compute([source(noise)], chip_sz=50, nodata_value=None)

    assert stats.counts.tolist() == [4200, 4200]


@pytest.mark.parametrize('share', [0.25, 0.0004])
def test_chips_without_data_are_drawn_again(share):
    pixels = np.zeros((1000, 1000, 1), dtype=np.uint8)
    side = round(1000 * share**0.5)
    pixels[-side:, -side:] = 7
    both = [source(pixels), source(pixels)]

    first, second = RasterStats(), RasterStats()
    first.compute(both, sample_prob=0.01, chip_sz=20)
    second.compute(both, sample_prob=0.01, chip_sz=20)

    assert first.means.tolist() == [7] and first.counts.tolist() == second.counts.tolist()
    assert first.counts[0] > 2 * 25 * 200 if share == 0.25 else first.counts[0] > 0


def test_statistics_come_back_from_a_file(tmp_path):
    uri = str(tmp_path / 'a/stats.json')

    RasterStats([1.0, 2.0], [3.0, 4.0], [5, 6]).save(uri)

    assert json.loads((tmp_path / 'a/stats.json').read_text()) == {
        'means': [1.0, 2.0],
        'stds': [3.0, 4.0],
        'counts': [5, 6],
    }
    assert RasterStats.load(uri).vars.tolist() == [9.0, 16.0]


def test_a_file_of_something_else_is_named(tmp_path):
    (tmp_path / 'x.json').write_text('{"means": [1]}')

    with pytest.raises(DataError, match=r'x\.json.*stds'):
        RasterStats.load(str(tmp_path / 'x.json'))


def test_empty_statistics_cannot_be_saved():
    with pytest.raises(NoStatsError, match=r'compute'):
        RasterStats().to_dict()


def test_parallel_variance_of_numbers():
    assert parallel_variance(1.5, 2, 0.25, 6.0, 2, 1.0) == pytest.approx(21.5 / 3)


@pytest.mark.parametrize('names', [['running_mean'], ['running_mean', 'running_var']])
def test_what_is_known_of_pixels_is_given_in_whole(names):
    given = dict.fromkeys(names, np.ones(3))
    with pytest.raises(ValueError, match='Give all of them, or none'):
        RasterStats().compute_from_pixels(np.ones((4, 3)), **given)
    with pytest.raises(ValueError, match='Give all of them, or none'):
        RasterStats().compute_from_chips([], **given)


def test_statistics_by_name_are_arrays():
    stats = RasterStats(means=[1.0, 2.0], stds=[3.0, 4.0]).to_dict()

    assert isinstance(stats['means'], np.ndarray) and stats['stds'].tolist() == [3, 4]
