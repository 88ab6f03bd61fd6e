"""What every raster source must do."""

import pickle

import numpy as np
import pytest
import xarray

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.temporal_multi_raster_source import TemporalMultiRasterSource
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.errors import ArgumentError, UnsupportedSliceError


def rasterio_source(uri, pixels, **options):
    return RasterioSource(uri, **options)


def multi_source(uri, pixels, **options):
    return MultiRasterSource([RasterioSource(uri, channel_order=[i]) for i in range(3)], **options)


def temporal_source(uri, pixels, **options):
    return TemporalMultiRasterSource([RasterioSource(uri), RasterioSource(uri)], **options)


def xarray_source(uri, pixels, **options):
    array = xarray.DataArray(pixels, dims=('y', 'x', 'band'))
    return XarraySource(array, RasterioCRSTransformer.from_uri(uri), **options)


@pytest.fixture(params=[rasterio_source, multi_source, temporal_source, xarray_source])
def make_source(request, write_tif, noise):
    uri = write_tif(noise)
    return lambda **options: request.param(uri, noise, **options)


def latest(chip):
    return chip[-1] if chip.ndim == 4 else chip


def test_a_chip_has_the_pixels_of_its_window(make_source, noise):
    chip = make_source().get_chip(Box(10, 20, 40, 70))

    assert chip.dtype == np.uint8
    assert np.array_equal(latest(chip), noise[10:40, 20:70])


def test_outside_the_image_is_zero_and_the_dtype_stays(make_source, noise):
    chip = latest(make_source().get_chip(Box(-5, 70, 10, 90)))

    assert chip.dtype == np.uint8 and chip.shape == (15, 20, 3)
    assert np.array_equal(chip[5:, :10], noise[:10, 70:])
    assert not chip[:5].any() and not chip[:, 10:].any()


def test_a_window_wholly_outside_is_zero(make_source):
    assert not make_source().get_chip(Box(100, 100, 105, 106)).any()


def test_windows_are_relative_to_the_bbox(make_source, noise):
    source = make_source(bbox=Box(10, 20, 30, 60))

    assert source.extent == Box(0, 0, 20, 40) and source.shape[-3:] == (20, 40, 3)
    assert np.array_equal(latest(source.get_chip(source.extent)), noise[10:30, 20:60])


def test_a_chip_is_resampled_to_out_shape(make_source, noise):
    chip = latest(make_source().get_chip(Box(0, 0, 40, 40), out_shape=(20, 10)))

    assert chip.shape == (20, 10, 3) and chip.dtype == np.uint8
    assert chip.mean() == pytest.approx(noise[:40, :40].mean(), abs=6)


def test_padding_of_a_resampled_chip_is_resampled_too(make_source):
    chip = latest(make_source().get_chip(Box(-20, 0, 20, 40), out_shape=(80, 80)))

    assert not chip[:40].any() and chip[40:].all()


def test_slices_with_steps_sample(make_source, noise):
    source = make_source()
    key = (slice(None),) * (len(source.shape) - 3)

    assert np.array_equal(latest(source[(*key, slice(0, 8), slice(3, 9), slice(0, 1))]), noise[:8, 3:9, :1])
    assert latest(source[(*key, slice(0, 50, 2), slice(0, 50, 5))]).shape == (25, 10, 3)
    assert np.array_equal(
        source[(*key, slice(0, 8), slice(3, 9), 1)][..., :8, :6].reshape(-1, 8, 6)[-1], noise[:8, 3:9, 1]
    )


def test_negative_slices_and_single_rows_are_refused(make_source):
    source = make_source()
    key = (slice(None),) * (len(source.shape) - 3)

    with pytest.raises(UnsupportedSliceError, match='slice'):
        source[(*key, slice(-5, 4), slice(0, 4))]
    with pytest.raises(ArgumentError, match='ymin:ymax'):
        source[(*key, 3, slice(0, 4))]


def test_transformers_decide_the_dtype(make_source):
    source = make_source(raster_transformers=[CastTransformer('float32')])

    assert source.dtype == np.float32 == source.get_chip(Box(0, 0, 4, 4)).dtype
    assert source.get_raw_chip(Box(0, 0, 4, 4)).dtype == np.uint8


def test_a_window_comes_back_from_map_coordinates(make_source):
    source = make_source(bbox=Box(5, 5, 50, 60))
    window = Box(3, 4, 20, 30)
    in_map = source.crs_transformer.pixel_to_map(window, bbox=source.bbox)

    for map_window in (in_map, in_map.normalize()):
        assert np.array_equal(source.get_chip_by_map_window(map_window), source.get_chip(window))


def test_a_pickled_source_reads_the_same(make_source):
    source = make_source()

    copy = pickle.loads(pickle.dumps(source))

    assert np.array_equal(copy.get_chip(Box(0, 0, 9, 9)), source.get_chip(Box(0, 0, 9, 9)))


def test_without_nodata_there_is_no_mask(make_source):
    assert make_source().get_nodata_mask(Box(0, 0, 4, 4)) is None


class Doubling(RasterTransformer):
    """Says nothing of the channels that it adds."""

    def transform(self, chip):
        return np.concatenate([chip, chip], axis=-1)


def test_a_transformer_that_does_not_say_how_many_channels_it_makes_is_named_once(make_source, caplog, request):
    doubling = type(f'Doubling{abs(hash(request.node.name))}', (Doubling,), {})
    source = make_source(raster_transformers=[doubling()])

    for _ in range(2):
        assert source.get_chip(Box(0, 0, 8, 8)).shape[-1] == source.read_chip(Box(0, 0, 8, 8)).pixels.shape[-1] == 6

    assert caplog.text.count(f'{doubling.__name__} makes 6 channels of 3') == 1
    assert 'get_out_channels' in caplog.text


class SourceOf021(RasterSource):
    """Gives what 0.21 asked for: the arguments by place, and the dtype of a chip as a property."""

    crs_transformer = IdentityCRSTransformer()
    dtype = np.uint16

    def __init__(self, transformers):
        super().__init__([1, 0], 2, Box(0, 0, 6, 8), transformers)

    def _get_chip(self, window, out_shape=None):
        return np.full((*window.size, 2), [3, 4], np.uint16)


def test_a_source_written_for_021_is_read():
    source = SourceOf021([Doubling()])

    assert source.get_chip(Box(0, 0, 2, 2)).tolist() == source[0:2, 0:2].tolist() == [[[4, 3, 4, 3]] * 2] * 2
    assert source.read_chip(Box(4, 6, 8, 10)).valid.tolist() == [[i < 2 and j < 2 for j in range(4)] for i in range(4)]
    assert (source.dtype, source.dtype_raw, source.extent) == (np.uint16, np.dtype('uint16'), Box(0, 0, 6, 8))


def test_a_source_must_say_its_dtype():
    own = type('Source', (SourceOf021,), {'dtype': RasterSource.dtype})

    with pytest.raises(ArgumentError, match='Source: dtype_raw is missing'):
        own([])
