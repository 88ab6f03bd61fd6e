from datetime import UTC, datetime

import numpy as np
import pystac
import pytest
import rasterio
import xarray
from rasterio.warp import transform_bounds

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.stac_config import STACItemConfig, subset_assets
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_source.xarray_source_config import XarraySourceConfig
from rastervision.pipeline.errors import ConfigError, DataError

GRID = {'crs': 'epsg:32633', 'resolution': 10}


@pytest.fixture
def cube():
    return np.random.default_rng(0).integers(1, 5000, (4, 30, 40, 2), dtype=np.uint16)


@pytest.fixture
def temporal(cube):
    return XarraySource(
        xarray.DataArray(cube, dims=('time', 'y', 'x', 'band')), IdentityCRSTransformer(), temporal=True
    )


@pytest.fixture
def make_item(write_tif):
    """A function that makes a STAC item of single-band images."""

    def make(name, day=1, fields=None, **assets):
        item = pystac.Item(name, None, None, datetime(2020, 1, day, tzinfo=UTC), {})
        for key, pixels in assets.items():
            href = write_tif(pixels[..., None], f'{name}-{key}.tif', nodata=0)
            with rasterio.open(href) as dataset:
                box = transform_bounds(dataset.crs, 'epsg:4326', *dataset.bounds)
            item.add_asset(
                key, pystac.Asset(href, media_type=pystac.MediaType.GEOTIFF, roles=['data'], extra_fields=fields or {})
            )
        west, south, east, north = box
        item.bbox = list(box)
        item.geometry = {
            'type': 'Polygon',
            'coordinates': [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
        }
        return item

    return make


def test_times_are_selected(temporal, cube):
    assert temporal.shape == (4, 30, 40, 2)
    assert np.array_equal(temporal.get_chip(Box(2, 3, 9, 9), time=[1, 3]), cube[[1, 3], 2:9, 3:9])
    assert np.array_equal(temporal[1:3, 2:9, 3:9, [1]], cube[1:3, 2:9, 3:9, 1:])
    assert np.array_equal(temporal.get_chip(Box(2, 3, 9, 9), bands=1, time=2), cube[2, 2:9, 3:9, 1])


def test_each_time_is_resampled(temporal, cube):
    chip = temporal.get_chip(Box(0, 0, 20, 20), out_shape=(10, 10))

    assert chip.shape == (4, 10, 10, 2) and chip.dtype == np.uint16
    assert chip.mean() == pytest.approx(cube[:, :20, :20].mean(), rel=0.1)


def test_nodata_attribute_becomes_zero(cube):
    cube[0, :5] = 9
    array = xarray.DataArray(cube[0], dims=('y', 'x', 'band'), attrs={'nodata': 9})
    source = XarraySource(array, IdentityCRSTransformer())

    assert not source[0:5, 0:40].any()
    assert source.get_nodata_mask(Box(0, 0, 10, 10))[:5].all()


def test_wrong_dims_are_named(cube):
    with pytest.raises(DataError, match=r'time.*temporal=False'):
        XarraySource(xarray.DataArray(cube, dims=('time', 'y', 'x', 'band')), IdentityCRSTransformer())


@pytest.mark.parametrize('stream', [True, False])
def test_assets_of_an_item_are_channels(make_item, noise, stream):
    item = make_item('a', red=noise[..., 0], blue=noise[..., 1])

    source = XarraySource.from_stac(item, channel_order=[1, 0], allow_streaming=stream, stackstac_args=GRID)

    by_name = list(source.data_array.band.values)
    expected = noise[..., [['red', 'blue'].index(name) for name in by_name]][..., ::-1]
    chip = source.get_chip(source.extent)
    assert chip.shape[-1] == 2 and np.array_equal(chip[chip.any(axis=-1)], expected.reshape(-1, 2))


def test_items_are_times(make_item, noise):
    items = pystac.ItemCollection([make_item(f'i{d}', d, red=noise[..., d - 1]) for d in (1, 2)])

    source = XarraySource.from_stac(items, temporal=True, stackstac_args=GRID)

    chip = source.get_chip(source.extent)
    assert len(chip) == 2
    assert [np.array_equal(c[c > 0], noise[..., i].ravel()) for i, c in enumerate(chip)] == [True, True]


def test_items_are_merged_without_time(make_item, noise):
    top, half = noise[..., 0].copy(), noise[..., 1]
    top[:, 40:] = 0
    items = pystac.ItemCollection([make_item('a', 1, red=top), make_item('b', 2, red=half)])

    chip = XarraySource.from_stac(items, stackstac_args=GRID)[0:60, 0:80]

    merged = chip[chip > 0]
    assert np.array_equal(merged, np.where(top > 0, top, half).ravel()[: merged.size])


def test_rescale_follows_the_metadata(make_item, noise):
    item = make_item('a', fields={'raster:bands': [{'scale': 0.5, 'offset': 1}]}, red=noise[..., 0])

    source = XarraySource.from_stac(item, stackstac_args=GRID | {'rescale': True})

    chip = source.get_chip(source.extent)
    assert chip.dtype == np.float32 and np.allclose(chip[chip > 0], noise[..., 0].ravel() * 0.5 + 1)


def test_unknown_options_and_two_bboxes_are_refused(make_item, noise):
    item = make_item('a', red=noise[..., 0])

    with pytest.raises(ConfigError, match=r"unknown option 'resolutoin'.*resolution"):
        XarraySource.from_stac(item, stackstac_args={'resolutoin': 10})
    with pytest.raises(ConfigError, match='Give only one'):
        XarraySource.from_stac(item, stackstac_args=GRID, bbox=(0, 0, 1, 1), bbox_map_coords=(0, 0, 1, 1))


def test_config_reads_an_item_file(make_item, noise, tmp_path):
    item = make_item('a', red=noise[..., 0], blue=noise[..., 1])
    item.save_object(include_self_link=False, dest_href=str(tmp_path / 'a.json'))

    stac = STACItemConfig(uri=str(tmp_path / 'a.json'), assets=['blue'])
    source = XarraySourceConfig(stac=stac, stackstac_args=GRID, bbox=(0, 0, 20, 20)).build()

    assert source.shape == (20, 20, 1)
    assert source.crs_transformer.image_crs is not None


def test_a_missing_asset_is_named(make_item, noise):
    with pytest.raises(ConfigError, match=r"no asset 'rde'.*Did you mean 'red'"):
        subset_assets(make_item('a', red=noise[..., 0]), ['rde'])


def test_assets_of_an_item_are_sources_side_by_side(make_item, noise):
    item = make_item('a', red=noise[..., 0], blue=noise[..., 1])

    source = MultiRasterSource.from_stac(item, ['blue', 'red'], bbox=(5, 5, 25, 35))

    assert np.array_equal(source[:, :], noise[5:25, 5:35, [1, 0]])


def test_a_bbox_ends_where_the_array_does():
    array = xarray.DataArray(np.ones((5, 5, 1)), dims=['y', 'x', 'band'])
    source = XarraySource(array, IdentityCRSTransformer(), bbox=Box(2, 2, 5, 7))

    assert (source.bbox, source.shape, source[:, :].shape) == (Box(2, 2, 5, 5), (3, 3, 1), (3, 3, 1))
    assert (source.full_extent, source.ndim) == (Box(0, 0, 5, 5), 3)


# --------------------------------------------------------------------------- what arrays say about NODATA
GAP = (slice(10, 20), slice(20, 30))


def gap():
    mask = np.zeros((30, 40), dtype=bool)
    mask[GAP] = True
    return mask


def noise_of(dtype='uint8', bands=3):
    pixels = np.random.default_rng(0).integers(1, 100, (30, 40, bands)).astype(dtype)
    pixels[0] = 0
    return pixels


def check(source, missing, pixels):
    chip = source.read_chip(source.extent)
    assert np.array_equal(~chip.valid, missing) and np.array_equal(source.get_nodata_mask(source.extent), missing)
    assert np.array_equal(chip.pixels[~missing], pixels[~missing]) and not chip.pixels[missing].any()


TWO = {'missing_value': np.array([-9999, -8888], 'int16')}


@pytest.mark.parametrize(
    'attrs',
    [
        {'_FillValue': np.int16(-9999), 'missing_value': np.int16(-8888)},
        {'nodata': -9999.0, 'missing_value': -8888},
        {'_FillValue': '-9999', 'nodata': '-8888.0'},
        {'nodatavals': (-9999.0, -9999.0), 'nodata': -8888},
        TWO,
    ],
    ids=str,
)
def test_all_attributes_of_an_array_count(attrs):
    pixels = noise_of('int16', bands=2)
    pixels[GAP], pixels[25] = -9999, -8888
    missing = gap()
    missing[25] = True
    source = XarraySource(xarray.DataArray(pixels, dims=('y', 'x', 'band'), attrs=attrs), IdentityCRSTransformer())
    check(source, missing, pixels)


def test_bands_of_an_array_have_their_own_nodata():
    pixels = noise_of('int16', bands=2)
    pixels[GAP], pixels[25] = (-1, -2), (-2, -1)
    array = xarray.DataArray(pixels, dims=('y', 'x', 'band'), attrs={'nodatavals': (-1, -2)})
    check(XarraySource(array, IdentityCRSTransformer()), gap(), pixels)
    check(XarraySource(array, IdentityCRSTransformer(), channel_order=[1]), gap(), pixels[..., [1]])


def test_nodata_that_is_no_number_is_named():
    array = xarray.DataArray(noise_of(), dims=('y', 'x', 'band'), attrs={'nodata': 'none'}, name='height')
    with pytest.raises(DataError, match=r"'height'.*'none' is NODATA, which is no number"):
        XarraySource(array, IdentityCRSTransformer())


@pytest.mark.parametrize('decoded', [True, False])
def test_zero_of_scaled_values_is_data_whatever_the_file_has_for_missing_ones(tmp_path, decoded):
    stored = noise_of('int16')
    stored[GAP], stored[0], stored[25] = 0, 50, 1
    attrs = {'_FillValue': np.int16(0), 'add_offset': -50.0, 'scale_factor': 1.0}
    xarray.Dataset({'v': (('y', 'x', 'band'), stored, attrs)}).to_netcdf(tmp_path / 'a.nc', engine='scipy')
    array = xarray.open_dataset(tmp_path / 'a.nc', engine='scipy', mask_and_scale=decoded)['v']
    check(XarraySource(array, IdentityCRSTransformer()), gap(), stored.astype('float32') - 50 if decoded else stored)


@pytest.mark.parametrize('decoded', [True, False])
@pytest.mark.parametrize('name', ['_FillValue', 'missing_value'])
def test_what_netcdf_says_is_missing_is_no_data(tmp_path, decoded, name):
    pixels = noise_of('int16')
    pixels[GAP] = -9999
    xarray.Dataset({'v': (('y', 'x', 'band'), pixels, {name: np.int16(-9999)})}).to_netcdf(
        tmp_path / 'a.nc', engine='scipy'
    )
    array = xarray.open_dataset(tmp_path / 'a.nc', engine='scipy', mask_and_scale=decoded)['v']
    check(XarraySource(array, IdentityCRSTransformer()), gap(), pixels)
