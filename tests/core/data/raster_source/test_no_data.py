"""What every raster source says about pixels that are no data."""

import numpy as np
import pytest
import xarray

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.temporal_multi_raster_source import TemporalMultiRasterSource
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer
from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer
from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer

UTM = 'epsg:32633'
SIZE = (60, 80)
GAP = (slice(10, 20), slice(30, 50))
ALL = Box(0, 0, *SIZE)
VALUES = [
    ('uint8', 255),
    ('uint8', 107),
    ('int16', -9999),
    ('uint16', 65535),
    ('float32', -9999.0),
    ('float32', float(np.finfo('float32').min)),
    ('float64', np.nan),
    ('int64', -(2**63)),
]
VALUE_IDS = [f'{value} in {dtype}' for dtype, value in VALUES]


class PluginSource(RasterSource):
    """As a plugin writes one: it reads a window, and says what is NODATA."""

    def __init__(self, inner, **options):
        self.inner = inner
        super().__init__(
            channel_order=None,
            num_channels_raw=inner.num_channels,
            dtype_raw=inner.dtype,
            bbox=options.pop('bbox', None) or inner.bbox,
            **options,
        )

    @property
    def crs_transformer(self):
        return self.inner.crs_transformer

    def _get_chip(self, window, out_shape=None):
        return self.inner.get_chip(window.to_global_coords(self.bbox), out_shape=out_shape)

    def get_nodata_mask(self, window):
        return self.inner.get_nodata_mask(window.to_global_coords(self.bbox))


def rasterio_source(uri, pixels, nodata, **options):
    return RasterioSource(uri, **options)


def multi_source(uri, pixels, nodata, **options):
    return MultiRasterSource([RasterioSource(uri, channel_order=[i]) for i in range(3)], **options)


def temporal_source(uri, pixels, nodata, **options):
    return TemporalMultiRasterSource([RasterioSource(uri), RasterioSource(uri)], **options)


def array_of(pixels, nodata):
    attrs = {} if nodata is None else {'nodata': nodata}
    return xarray.DataArray(pixels, dims=('y', 'x', 'band'), attrs=attrs)


def xarray_source(uri, pixels, nodata, **options):
    return XarraySource(array_of(pixels, nodata), RasterioCRSTransformer.from_uri(uri), **options)


def temporal_xarray_source(uri, pixels, nodata, **options):
    series = array_of(pixels, nodata).expand_dims(time=2)
    return XarraySource(series, RasterioCRSTransformer.from_uri(uri), temporal=True, **options)


def plugin_source(uri, pixels, nodata, **options):
    return PluginSource(RasterioSource(uri), **options)


SOURCES = [
    rasterio_source,
    multi_source,
    temporal_source,
    xarray_source,
    temporal_xarray_source,
    plugin_source,
]


@pytest.fixture(params=SOURCES)
def make_source(request, write_tif):
    """Makes a source of an image with zeros, which are data, and a gap."""

    def make(dtype, nodata=None, fill=None, **options):
        pixels = np.random.default_rng(0).integers(0, 100, (*SIZE, 3)).astype(dtype)
        pixels[0] = 0
        pixels[GAP] = nodata if fill is None else fill
        uri = write_tif(pixels, nodata=nodata)
        return request.param(uri, pixels, nodata, **options), pixels

    return make


def latest(array):
    return array[-1] if array.ndim == 4 else array


def gap():
    mask = np.zeros(SIZE, dtype=bool)
    mask[GAP] = True
    return mask


@pytest.mark.parametrize(('dtype', 'nodata'), VALUES, ids=VALUE_IDS)
def test_nodata_of_any_value_is_no_data_and_zero_is(make_source, dtype, nodata):
    source, pixels = make_source(dtype, nodata)

    chip = source.read_chip(ALL)

    expected = np.where(gap()[..., None], pixels.dtype.type(0), pixels)
    assert np.array_equal(~chip.valid, gap())
    assert chip.pixels.dtype == dtype and np.array_equal(latest(chip.pixels), expected)
    assert np.array_equal(source.get_nodata_mask(ALL), ~chip.valid)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_data(make_source, value):
    source, _ = make_source('float32', fill=value)

    chip = source.read_chip(ALL)

    assert np.array_equal(~chip.valid, gap()) and np.isfinite(chip.pixels).all()
    assert not latest(chip.pixels)[GAP].any()


@pytest.mark.parametrize('dtype', ['uint8', 'int16', 'float32'])
def test_zero_is_data_if_nothing_says_otherwise(make_source, dtype):
    source, _ = make_source(dtype, fill=0)

    assert source.read_chip(ALL).valid is None


@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
def test_what_is_outside_is_no_data(make_source, dtype):
    source, _ = make_source(dtype, fill=1, bbox=Box(5, 5, 40, 60))
    window = Box(-3, 50, 10, 60)

    valid = source.read_chip(window).valid

    assert valid[3:, :5].all() and valid.sum() == 10 * 5
    assert source.read_chip(Box(-9, -9, -2, -2)).is_empty
    assert source.read_chip(Box(0, 0, 9, 9)).valid is None


@pytest.mark.parametrize(('dtype', 'nodata', 'fill'), [('int16', -9999, None), ('float32', None, np.nan)])
@pytest.mark.parametrize('out_shape', [(30, 40), (120, 160), (33, 77)])
def test_resampling_mixes_nothing_into_data(make_source, dtype, nodata, fill, out_shape):
    source, _ = make_source(dtype, nodata, fill)

    chip = source.read_chip(ALL, out_shape)

    assert chip.valid.shape == out_shape
    assert latest(chip.pixels)[chip.valid].min() >= 0 and latest(chip.pixels).max() < 100
    assert 1 - chip.valid.mean() == pytest.approx(200 / 4800, abs=0.01)
    assert np.count_nonzero(latest(chip.pixels)[chip.valid].any(axis=-1)) > 0.9 * chip.valid.sum()


@pytest.mark.parametrize(('dtype', 'nodata', 'fill'), [('int16', -9999, None), ('float32', None, np.inf)])
def test_stretching_looks_at_data_only(make_source, dtype, nodata, fill):
    source, pixels = make_source(dtype, nodata, fill, raster_transformers=[MinMaxTransformer()])
    window = Box(-8, 0, *SIZE)

    chip = source.read_chip(window)

    expected = pixels[..., 0].astype(float) / 99 * 255
    assert np.abs(latest(chip.pixels)[8:, :, 0][~gap()] - expected[~gap()]).max() <= 1
    assert not latest(chip.pixels)[:8].any() and not latest(chip.pixels)[8:][GAP].any()
    assert np.array_equal(latest(source.get_chip(window)), latest(chip.pixels))


@pytest.mark.parametrize(
    ('dtype', 'nodata', 'fill'), [('int16', -9999, None), ('uint16', 9999, None), ('float32', None, np.nan)]
)
def test_zero_is_scaled_as_its_neighbours_where_the_image_says_what_is_nodata(make_source, dtype, nodata, fill):
    stats = StatsTransformer([30.0] * 3, [20.0] * 3)
    source, _ = make_source(dtype, nodata, fill, raster_transformers=[stats])

    chip = source.read_chip(ALL)

    assert (latest(chip.pixels)[0, :20] == int((3 - 1.5) / 6 * 255)).all()
    assert not latest(chip.pixels)[GAP].any() and np.array_equal(~chip.valid, gap())


def test_casting_makes_no_numbers_of_nan(make_source):
    source, _ = make_source('float32', fill=np.nan, raster_transformers=[CastTransformer('uint8')])

    assert not latest(source.get_chip(ALL))[GAP].any()
    assert np.array_equal(~source.read_chip(ALL).valid, gap())


def test_one_channel_without_a_value_leaves_the_pixel_data(write_tif):
    pixels = np.full((4, 4, 3), 9, dtype=np.uint8)
    pixels[0, :, 0] = 255
    chip = RasterioSource(write_tif(pixels, nodata=255), raster_transformers=[MinMaxTransformer()]).read_chip(
        Box(0, 0, 4, 4)
    )

    assert chip.valid is None and not chip.pixels.any()


class Negative(MinMaxTransformer):
    """A plugin's, which knows `transform` only."""

    def transform(self, chip):
        return 255 - super().transform(chip)


def test_a_transform_of_a_subclass_is_honoured(write_tif):
    pixels = np.arange(16, dtype=np.int16).reshape(4, 4, 1)
    pixels[0] = -5
    source = RasterioSource(write_tif(pixels, nodata=-5), raster_transformers=[Negative()])

    assert source.get_chip(Box(0, 0, 4, 4))[3, 3, 0] == 0 and source.get_chip(Box(0, 0, 4, 4))[0, 0, 0] == 255
    assert not source.read_chip(Box(0, 0, 4, 4)).pixels[0].any()
