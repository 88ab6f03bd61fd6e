import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin
from xarray import DataArray

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.multi_raster_source_config import (
    MultiRasterSourceConfig,
    multi_rs_config_upgrader,
)
from rastervision.core.data.raster_source.raster_source_config import rs_config_upgrader
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import (
    RasterioSourceConfig,
    rasterio_source_config_upgrader,
)
from rastervision.core.data.raster_source.temporal_multi_raster_source import TemporalMultiRasterSource
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.errors import ChannelOrderError, ConfigError, DataError


def test_a_coarser_source_is_brought_to_the_primary_ones_pixels(write_tif, noise):
    fine = RasterioSource(write_tif(noise))
    coarse = RasterioSource(write_tif(np.full((30, 40, 1), 9, dtype=np.uint8), 'coarse.tif', resolution=20.0))

    chip = MultiRasterSource([coarse, fine], primary_source_idx=1).get_chip(Box(0, 0, 20, 20))

    assert chip.shape == (20, 20, 4) and (chip[..., 0] == 9).all()
    assert np.array_equal(chip[..., 1:], noise[:20, :20])


def waves(path, crs, *, size, resolution, dtype='uint16'):
    """An image whose pixels follow from their place on the globe, centred at 18 degrees east, 46 degrees north."""
    x, y = Transformer.from_crs('epsg:4326', crs, always_xy=True).transform(18, 46)
    left, top = x - size / 2 * resolution, y + size / 2 * resolution
    transform = from_origin(left, top, resolution, resolution)
    rows, columns = (np.mgrid[:size, :size] + 0.5) * resolution
    lon, lat = Transformer.from_crs(crs, 'epsg:4326', always_xy=True).transform(left + columns, top - rows)
    pixels = (2000 + 900 * np.sin(lon * 2e3) + 900 * np.cos(lat * 3e3)).astype(dtype)
    profile = {'driver': 'GTiff', 'height': size, 'width': size, 'count': 1, 'dtype': dtype}
    with rasterio.open(path, 'w', crs=crs, transform=transform, **profile) as image:
        image.write(pixels[None])
    return str(path)


@pytest.mark.parametrize(
    ('crs', 'resolution'), [('epsg:32634', 10), ('epsg:32634', 5), ('epsg:3857', 10), ('epsg:4326', 1e-4)]
)
@pytest.mark.parametrize('out_shape', [None, (30, 40)])
def test_a_source_in_another_crs_is_brought_to_the_primary_ones_pixels(tmp_path, crs, resolution, out_shape):
    primary = RasterioSource(waves(tmp_path / 'a.tif', 'epsg:32633', size=300, resolution=10), bbox=Box(5, 5, 290, 290))
    other = RasterioSource(waves(tmp_path / 'b.tif', crs, size=700, resolution=resolution))

    chip = MultiRasterSource([primary, other]).get_chip(Box(100, 80, 160, 160), out_shape=out_shape).astype(float)

    assert chip.shape == ((60, 80, 2) if out_shape is None else (*out_shape, 2))
    assert (
        np.abs(chip[..., 0] - chip[..., 1]).mean() < 60
    )  # of a range of 3600; half a pixel off would make more than 80


def test_a_source_in_another_crs_is_zero_where_it_ends(tmp_path):
    primary = RasterioSource(waves(tmp_path / 'a.tif', 'epsg:32633', size=300, resolution=10))
    other = RasterioSource(waves(tmp_path / 'b.tif', 'epsg:32634', size=100, resolution=10))

    chip = MultiRasterSource([primary, other])[0:300, 0:300]
    times = TemporalMultiRasterSource([primary, other])[:, 0:300, 0:300]

    assert chip[..., 0].all() and not chip[:80, :, 1].any() and chip[140:160, 140:160, 1].all()
    assert np.array_equal(times[1, ..., 0], chip[..., 1])


def test_channels_are_selected_from_all_sources(write_tif, noise):
    uri = write_tif(noise)

    source = MultiRasterSource([RasterioSource(uri), RasterioSource(uri)], channel_order=[5, 0])

    assert np.array_equal(source[:4, :4], noise[:4, :4, [2, 0]])
    with pytest.raises(ChannelOrderError):
        MultiRasterSource([RasterioSource(uri)], channel_order=[3])


def test_the_mask_is_of_what_no_source_has(write_tif, noise):
    first, second = noise.copy(), noise.copy()
    first[:20], second[:10] = 0, 0
    sources = [RasterioSource(write_tif(p, f'{i}.tif', nodata=0)) for i, p in enumerate((first, second))]

    mask = MultiRasterSource(sources).get_nodata_mask(Box(0, 0, 30, 30))

    assert mask[:10].all() and not mask[10:].any()


def test_sources_of_different_dtypes_are_refused(write_tif, noise):
    uri = write_tif(noise)

    with pytest.raises(ConfigError, match=r'uint8.*float32.*CastTransformer'):
        MultiRasterSource([RasterioSource(uri), RasterioSource(uri, [CastTransformer('float32')])])


@pytest.mark.parametrize('index', [-1, 1])
def test_a_primary_source_that_is_not_there_is_refused(write_tif, noise, index):
    with pytest.raises(ConfigError, match='primary_source_idx'):
        MultiRasterSource([RasterioSource(write_tif(noise))], primary_source_idx=index)


def test_times_need_equal_numbers_of_channels(write_tif, noise):
    uri = write_tif(noise)

    with pytest.raises(ConfigError, match=r'\[3, 1\]'):
        TemporalMultiRasterSource([RasterioSource(uri), RasterioSource(uri, channel_order=[0])])


def test_number_of_channels_of_a_time_series_is_that_of_the_image(write_tif, noise):
    source = TemporalMultiRasterSource([RasterioSource(write_tif(noise), channel_order=[0, 1])] * 2)

    assert source.num_channels == 3
    assert source.shape[-1] == source.get_chip(Box(0, 0, 2, 2)).shape[-1] == 2


def test_margins_of_finer_sources_are_resampled(write_tif, noise):
    coarse = RasterioSource(write_tif(np.full((30, 40, 1), 9, dtype=np.uint8), 'coarse.tif', resolution=20.0))

    chip = MultiRasterSource([coarse, RasterioSource(write_tif(noise))]).get_chip(Box(-5, 0, 15, 20))

    assert not chip[:4].any() and chip[5:].all()


def test_of_a_window_below_the_bbox_the_last_rows_are_cleared(write_tif, noise):
    source = MultiRasterSource([RasterioSource(write_tif(noise))], bbox=Box(0, 0, 20, 80))

    chip = source.get_chip(Box(25, 0, 40, 10))

    assert np.array_equal(chip[:-5], noise[25:35, :10]) and not chip[-5:].any()


def test_config_builds_channels_or_times(write_tif, noise):
    sources = [RasterioSourceConfig(uris=write_tif(noise))] * 2

    assert MultiRasterSourceConfig(raster_sources=sources).build().shape == (60, 80, 6)
    assert MultiRasterSourceConfig(raster_sources=sources, temporal=True).build().shape == (2, 60, 80, 3)


@pytest.mark.parametrize('fields', [{'primary_source_idx': 1}, {'temporal': True, 'channel_order': [0]}])
def test_fields_that_contradict_are_refused(fields):
    with pytest.raises(ConfigError):
        MultiRasterSourceConfig(raster_sources=[RasterioSourceConfig(uris='x.tif')], **fields)


def test_older_fields_are_upgraded():
    assert multi_rs_config_upgrader({'crs_source': 2}, 1) == {'primary_source_idx': 2}
    assert multi_rs_config_upgrader({'force_same_dtype': True}, 13) == {}
    assert rs_config_upgrader({'extent': [1, 2, 3, 4]}, 9) == {'bbox': [1, 2, 3, 4]}
    assert rs_config_upgrader({'extent_crop': None}, 6) == {}
    assert rasterio_source_config_upgrader({'x_shift': 0, 'y_shift': 0.0}, 5) == {}


@pytest.mark.parametrize(
    ('upgrader', 'fields', 'version'),
    [(rs_config_upgrader, {'extent_crop': [0, 0, 1, 1]}, 6), (rasterio_source_config_upgrader, {'x_shift': 3}, 5)],
)
def test_older_fields_without_a_successor_are_refused(upgrader, fields, version):
    with pytest.raises(ConfigError, match='not supported any longer'):
        upgrader(fields, version)


class Halving(RasterTransformer):
    """Says nothing of the channel that it leaves out."""

    def transform(self, chip):
        return chip[..., :1]


def test_channels_are_not_mixed_up_after_a_transformer_that_does_not_say_what_it_makes(write_tif, noise):
    path = write_tif(noise)
    source = MultiRasterSource([RasterioSource(path, [Halving()]), RasterioSource(path)])

    with pytest.raises(DataError, match=r'\[3, 3\] channels.*give 4 in all.*get_out_channels'):
        source.get_chip(Box(0, 0, 8, 8))


def test_the_other_sources_and_times_are_known(write_tif, noise):
    first, second = RasterioSource(write_tif(noise)), RasterioSource(write_tif(noise))
    times = DataArray(np.ones((2, 5, 5, 4), np.uint8), dims=['time', 'y', 'x', 'band'])
    series = XarraySource(times, IdentityCRSTransformer(), temporal=True)

    assert MultiRasterSource([first, second], primary_source_idx=1).non_primary_sources == [first]
    assert MultiRasterSource([series, series]).shape == (2, 5, 5, 8)
    assert MultiRasterSource([series, series])[:, :].shape == (2, 5, 5, 8)


def test_a_window_inside_a_pixel_of_a_coarser_source_has_its_value(write_tif):
    fine = RasterioSource(write_tif(np.ones((40, 40, 1), np.uint8), 'fine.tif', resolution=1))
    coarse = RasterioSource(write_tif(np.full((2, 2, 1), 250, np.uint8), 'coarse.tif', resolution=20))
    both = MultiRasterSource([fine, coarse])

    for window in (Box(0, 0, 10, 10), Box(0, 0, 20, 20), Box(23, 25, 24, 27)):
        assert np.all(both[window] == [1, 250])


@pytest.mark.parametrize('kind', [MultiRasterSource, TemporalMultiRasterSource])
def test_a_primary_source_that_is_not_there_is_an_index_error(write_tif, noise, kind):
    with pytest.raises(IndexError, match='not the index of one of 1') as caught:
        kind([RasterioSource(write_tif(noise))], primary_source_idx=10)
    assert isinstance(caught.value, ConfigError)


def test_so_it_is_in_a_config():
    with pytest.raises(IndexError, match='MultiRasterSourceConfig: primary_source_idx 10') as caught:
        MultiRasterSourceConfig(raster_sources=[RasterioSourceConfig(uris='x.tif')], primary_source_idx=10)
    assert isinstance(caught.value, ConfigError)


def test_one_stac_item_is_no_time_series():
    with pytest.raises(NotImplementedError, match=r'XarraySource\.from_stac') as caught:
        TemporalMultiRasterSource.from_stac()
    assert isinstance(caught.value, ConfigError)
