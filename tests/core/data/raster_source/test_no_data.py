"""What every raster source says about pixels that are no data."""

import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import xarray
from PIL import Image
from rasterio.warp import transform_bounds
from shapely.geometry import box, mapping

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
from rastervision.pipeline.errors import NotReadableError

GRID = {'crs': 'EPSG:32633', 'resolution': 10}
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


def item_of(*uris):
    """A STAC item with an asset of each image."""
    with rasterio.open(uris[0]) as image:
        bounds = transform_bounds(image.crs, 'EPSG:4326', *image.bounds)
    item = pystac.Item('a', mapping(box(*bounds)), list(bounds), datetime(2024, 5, 1, tzinfo=UTC), {})
    for index, uri in enumerate(uris):
        item.add_asset(f'b{index}', pystac.Asset(uri, media_type=pystac.MediaType.GEOTIFF, roles=['data']))
    return item


def stac_source(uri, pixels, nodata, **options):
    return XarraySource.from_stac(item_of(uri), stackstac_args=GRID, **options)


def streamed_stac_source(uri, pixels, nodata, **options):
    return XarraySource.from_stac(item_of(uri), stackstac_args=GRID, allow_streaming=True, **options)


def temporal_stac_source(uri, pixels, nodata, **options):
    return XarraySource.from_stac(item_of(uri), stackstac_args=GRID, temporal=True, **options)


def plugin_source(uri, pixels, nodata, **options):
    return PluginSource(RasterioSource(uri), **options)


SOURCES = [
    rasterio_source,
    multi_source,
    temporal_source,
    xarray_source,
    temporal_xarray_source,
    stac_source,
    streamed_stac_source,
    temporal_stac_source,
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


# --------------------------------------------------------------------------- what files say, in any way
def of_files(*uris, **options):
    return RasterioSource(list(uris), **options)


def of_items(*uris, **options):
    items = pystac.ItemCollection([item_of(uri) for uri in uris])
    return XarraySource.from_stac(items, stackstac_args=GRID, **options)


def of_streamed_items(*uris, **options):
    return of_items(*uris, allow_streaming=True, **options)


def of_times(*uris, **options):
    return of_items(*uris, temporal=True, **options)


WAYS = [of_files, of_items, of_streamed_items, of_times]
any_way = pytest.mark.parametrize('read', WAYS)


def noise_of(dtype='uint8', bands=3):
    pixels = np.random.default_rng(0).integers(1, 100, (*SIZE, bands)).astype(dtype)
    pixels[0] = 0
    return pixels


def check(source, missing, pixels):
    chip = source.read_chip(ALL)
    valid = np.ones(SIZE, dtype=bool) if chip.valid is None else chip.valid
    assert np.array_equal(~valid, missing)
    assert np.array_equal(latest(chip.pixels)[valid], pixels[valid]) and not latest(chip.pixels)[missing].any()
    said = source.get_nodata_mask(ALL)
    assert np.array_equal(~valid, np.zeros(SIZE, bool) if said is None else said)


@any_way
@pytest.mark.parametrize('inside', [True, False])
def test_a_mask_counts(write_tif, read, inside):
    pixels = noise_of()
    pixels[GAP] = 77
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside):
        uri = write_tif(pixels, mask=None if not inside else ~gap())
    if not inside:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(uri, 'r+') as image:
            image.write_mask(~gap())
    check(read(uri), gap(), pixels)


@any_way
def test_alpha_is_a_mask_and_no_channel(write_tif, read):
    pixels = noise_of(bands=4)
    pixels[..., 3] = np.where(gap(), 0, 255)
    uri = write_tif(pixels, photometric='RGB', alpha='YES')
    check(read(uri), gap(), pixels[..., :3])
    check(read(uri, channel_order=[3, 0]), np.zeros(SIZE, bool), pixels[..., [3, 0]])


def test_a_band_that_is_asked_for_by_name_is_data(write_tif):
    pixels = noise_of(bands=4)
    pixels[..., 3] = np.where(gap(), 0, 255)
    item = item_of(write_tif(pixels, photometric='RGB', alpha='YES'))
    source = XarraySource.from_stac(item, stackstac_args={**GRID, 'assets': ['b0.2', 'b0.4']})
    check(source, np.zeros(SIZE, bool), pixels[..., [1, 3]])


@any_way
def test_what_is_labelled_alpha_but_none_hides_nothing(write_tif, read):
    pixels = noise_of(bands=4)
    pixels[GAP][..., 3] = 0
    uri = write_tif(pixels, photometric='RGB', alpha='YES')
    check(read(uri), np.zeros(SIZE, bool), pixels[..., :3])
    check(read(uri, channel_order=[0, 1, 2, 3]), np.zeros(SIZE, bool), pixels)


@any_way
@pytest.mark.parametrize(('dtype', 'text'), [('int64', 2**63 - 1), ('int64', 2**53), ('uint64', 2**64 - 1)])
def test_nodata_of_64_bits_is_exact(write_tif, tmp_path, read, dtype, text):
    pixels = noise_of(dtype)
    pixels[GAP], pixels[1] = text, text - 1
    path = Path(write_tif(pixels, nodata=0))
    content = path.read_bytes()
    tag = struct.pack('<HHII', 42113, 2, 2, int.from_bytes(b'0\0', 'little'))
    assert content.count(tag) == 1
    written = f'{text}\0'.encode()
    place = struct.pack('<HHII', 42113, 2, len(written), len(content))
    path.write_bytes(content.replace(tag, place) + written)
    check(read(str(path)), gap(), pixels)


def halves(write_tif, left, right, *, step=0, **options):
    """Two images beside each other, `step` columns between them."""
    width = left.shape[1]
    places = ((500000.0, 5100000.0), (500000.0 + 10 * (width + step), 5100000.0))
    return [
        write_tif(pixels, f'{name}.tif', origin=place, **({} if nodata is None else {'nodata': nodata}), **options)
        for name, pixels, place, nodata in (('left', left, places[0], -1), ('right', right, places[1], -2))
    ]


@any_way
def test_each_image_has_its_own_nodata(write_tif, read):
    pixels, missing = noise_of('int16'), np.zeros(SIZE, dtype=bool)
    pixels[10:12], pixels[20:22] = -1, -2
    missing[10:12, :40], missing[20:22, 40:] = True, True
    check(read(*halves(write_tif, pixels[:, :40], pixels[:, 40:])), missing, pixels)


@any_way
def test_gaps_between_images_are_no_data(write_tif, read):
    pixels, missing = noise_of(), np.zeros(SIZE, dtype=bool)
    missing[:, 30:50] = True
    uris = [
        write_tif(pixels[:, :30], 'left.tif'),
        write_tif(pixels[:, 50:], 'right.tif', origin=(500000.0 + 10 * 50, 5100000.0)),
    ]
    check(read(*uris), missing, pixels)


@any_way
def test_what_a_mask_hides_shows_the_image_below(write_tif, read):
    """The later file is on top, the first item."""
    above, below = noise_of() + 1, noise_of() + 101
    uris = [write_tif(below, 'below.tif'), write_tif(above, 'above.tif', mask=~gap())]
    expected = np.where(gap()[..., None], below, above)
    if read is not of_times:
        check(read(*(uris if read is of_files else uris[::-1])), np.zeros(SIZE, bool), expected)


@pytest.mark.parametrize('way', [{}, {'allow_streaming': True}, {'temporal': True}])
def test_each_asset_has_its_own_nodata(write_tif, way):
    pixels = noise_of('int16', bands=2)
    pixels[GAP], pixels[20], pixels[21] = (-1, -2), (-2, 5), (5, -1)
    uris = [write_tif(pixels[..., [i]], f'{i}.tif', nodata=nodata) for i, nodata in enumerate((-1, -2))]
    check(XarraySource.from_stac(item_of(*uris), stackstac_args=GRID, **way), gap(), pixels)


def test_nodata_that_only_metadata_declare_counts_beside_assets_without(write_tif):
    pixels = noise_of('int16', bands=2)
    pixels[GAP] = -1
    item = item_of(*(write_tif(pixels[..., [i]], f'{i}.tif') for i in (0, 1)))
    item.assets['b0'].extra_fields['raster:bands'] = [{'nodata': -1, 'data_type': 'int16'}]
    chip = XarraySource.from_stac(item, stackstac_args=GRID).read_chip(ALL)
    assert chip.valid is None and np.array_equal(chip.pixels[..., 0] == 0, gap() | (pixels[..., 0] == 0))


@pytest.mark.parametrize('resampling', ['nearest', 'bilinear'])
def test_items_on_another_grid_have_no_data_where_there_are_none(write_tif, resampling):
    """Of a constant image with a gap, on a grid that is turned against it, no other value comes out."""
    pixels = np.full((*SIZE, 3), 90, 'uint8')
    pixels[GAP] = 7
    item = item_of(write_tif(pixels, mask=~gap()))
    grid = {'crs': 'EPSG:4326', 'resolution': 0.0001, 'resampling': resampling}
    chip = XarraySource.from_stac(item, stackstac_args=grid).read_chip(Box(-2, 0, 60, 100))
    assert np.unique(chip.pixels[chip.valid]).tolist() == [90] and not chip.pixels[~chip.valid].any()
    assert 0.5 < chip.valid.mean() < 0.98


# --------------------------------------------------------------------------- masks and palettes
@pytest.mark.parametrize('factor', [2, 0.5])
def test_a_mask_of_another_size_is_named(write_tif, factor):
    uri = write_tif(noise_of())
    height, width = (int(side * factor) for side in SIZE)
    profile = {'driver': 'GTiff', 'height': height, 'width': width, 'count': 1, 'dtype': 'uint8'}
    with rasterio.open(f'{uri}.msk', 'w', **profile) as mask:
        mask.write(np.full((1, height, width), 255, 'uint8'))
        mask.update_tags(**{f'INTERNAL_MASK_FLAGS_{band}': '2' for band in (1, 2, 3)})
    with pytest.raises(NotReadableError, match=rf'image\.tif.*mask.*{height} x {width} pixels, the image 60 x 80'):
        RasterioSource(uri)


def test_transparent_colours_are_no_data(tmp_path):
    indices = noise_of(bands=1)[..., 0] % 5
    indices[GAP], indices[20] = 7, 8
    image = Image.fromarray(indices, mode='P')
    image.putpalette([part for index in range(256) for part in (index, 255 - index, 9)])
    path = str(tmp_path / 'palette.png')
    image.save(path, transparency=bytes(0 if index in (7, 8) else 255 for index in range(256)))
    missing = gap()
    missing[20] = True
    colours = np.stack([indices, 255 - indices, np.full_like(indices, 9)], axis=-1)
    check(RasterioSource(path, expand_palette=True), missing, colours)
    assert RasterioSource(path).read_chip(ALL).valid is None
