"""What is alpha, and what is only labelled so."""

import numpy as np
import pytest
import rasterio

from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterio_source import RasterioSource

ALL = Box(0, 0, 60, 80)
DARK = (slice(0, 20), slice(None))


@pytest.fixture(params=['uint8', 'uint16'])
def colours(request):
    return np.random.default_rng(0).integers(1, 250, (60, 80, 3)).astype(request.param)


@pytest.fixture
def write_labelled(write_tif):
    """Writes an image whose last band is labelled alpha, with a description of it."""

    def write(colours, last, name='image.tif', description=None, **options):
        pixels = np.concatenate([colours, last[..., None].astype(colours.dtype)], axis=-1)
        path = write_tif(pixels, name, photometric='RGB', alpha='YES', **options)
        if description is not None:
            with rasterio.open(path, 'r+') as dataset:
                dataset.set_band_description(4, description)
        return path

    return write


def infrared():
    values = np.random.default_rng(1).integers(20, 180, (60, 80))
    values[DARK] = 0
    return values


def alpha(dtype, feather=0):
    values = np.full((60, 80), np.iinfo(dtype).max)
    values[DARK] = 0
    values[20 : 20 + feather] //= 3
    return values


def test_near_infrared_that_is_labelled_alpha_hides_nothing(write_labelled, colours, caplog):
    source = RasterioSource(write_labelled(colours, infrared()))

    chip = source.read_chip(ALL)

    assert source.num_channels == 3 and chip.valid is None and np.array_equal(chip.pixels, colours)
    assert 'band 4 is labelled alpha' in caplog.text and '[0, 1, 2, 3]' in caplog.text
    assert source.get_chip(ALL, out_shape=(30, 40))[:9].all()


def test_a_band_that_is_asked_for_is_data(write_labelled, colours, caplog):
    last = alpha(colours.dtype)
    source = RasterioSource(write_labelled(colours, last), channel_order=[0, 1, 2, 3])

    chip = source.read_chip(ALL)

    assert chip.valid is None and np.array_equal(chip.pixels[..., 3], last) and not caplog.text
    assert np.array_equal(chip.pixels[..., :3], colours)


@pytest.mark.parametrize('feather', [0, 6])
def test_a_real_alpha_band_is_a_mask(write_labelled, colours, caplog, feather):
    source = RasterioSource(write_labelled(colours, alpha(colours.dtype, feather)))

    chip = source.read_chip(ALL)

    assert not chip.valid[DARK].any() and chip.valid[20:].all() and not caplog.text


@pytest.mark.parametrize(('name', 'is_mask'), [('NIR', False), ('Near infra-red', False), ('opacity', True)])
def test_a_description_decides(write_labelled, colours, name, is_mask):
    values = infrared() if is_mask else alpha(colours.dtype)
    source = RasterioSource(write_labelled(colours, values, description=name))

    assert (source.read_chip(ALL).valid is not None) == is_mask


def test_a_mask_counts_beside_near_infrared_that_is_labelled_alpha(write_labelled, colours):
    valid = np.ones((60, 80), dtype=bool)
    valid[40:] = False
    path = write_labelled(colours, infrared())
    with rasterio.open(path, 'r+') as dataset:
        dataset.write_mask(valid)

    for order in (None, [0, 1, 2, 3]):
        assert np.array_equal(RasterioSource(path, channel_order=order).read_chip(ALL).valid, valid)


@pytest.mark.parametrize('order', [None, [3, 0]])
def test_mosaics_of_such_images_keep_what_is_dark(write_labelled, colours, order):
    paths = [write_labelled(colours, infrared(), f'{i}.tif', origin=(500000.0 + 800 * i, 5100000.0)) for i in range(2)]
    source = RasterioSource(paths, channel_order=order)

    chip = source.read_chip(source.extent)

    assert chip.valid is None and np.array_equal(chip.pixels[:, 80:, -1], colours[..., 0 if order else 2])


def test_alpha_of_mosaics_is_a_mask(write_labelled, colours):
    paths = [
        write_labelled(colours, alpha(colours.dtype), f'{i}.tif', origin=(500000.0 + 900 * i, 5100000.0))
        for i in range(2)
    ]
    source = RasterioSource(paths)

    valid = source.read_chip(source.extent).valid

    assert not valid[:20].any() and valid[20:, :80].all() and not valid[:, 80:90].any() and valid[20:, 90:].all()


@pytest.mark.parametrize('count', [1, 2])
@pytest.mark.parametrize('out_shape', [None, (30, 40 * 2), (120, 320)])
def test_alpha_counts_beside_a_nodata_value(write_labelled, colours, count, out_shape):
    # GDAL looks at the value only, and passes the alpha band over.
    colours[colours == 7], colours[20:40] = 8, 7
    colours[DARK] = 200
    paths = [
        write_labelled(colours, alpha(colours.dtype), f'{i}.tif', origin=(500000.0 + 800 * i, 5100000.0), nodata=7)
        for i in range(count)
    ]
    source = RasterioSource(paths)

    chip = source.read_chip(source.extent, out_shape=out_shape)

    first = 40 if out_shape is None else out_shape[0] * 2 // 3
    assert source.num_channels == 3 and not chip.valid[:first].any() and chip.valid[first:].all()
    assert not chip.pixels[:first].any() and chip.pixels[first:].all()
