import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.box import Box
from rastervision.core.data.mosaic import build_vrt
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.errors import DataError, NotReadableError


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(1, 255, (60, 80, 3), dtype=np.uint8)


@pytest.fixture
def write_part(tmp_path, noise):
    """A function that writes a part of one image as a GeoTIFF at its place."""

    def write(name, part, *, pixels=None, crs='epsg:32633', resolution=10.0, mask=None, **profile):
        pixels = noise[part.to_slices()] if pixels is None else pixels
        origin = (500000 + part.xmin * 10, 5100000 - part.ymin * 10)
        options = {
            'height': part.height,
            'width': part.width,
            'count': pixels.shape[-1],
            'dtype': pixels.dtype,
            'crs': crs,
            'transform': from_origin(*origin, resolution, resolution),
        }
        path = str(tmp_path / name)
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(path, 'w', driver='GTiff', **options, **profile) as dataset,
        ):
            dataset.write(np.moveaxis(pixels, -1, 0))
            if mask is not None:
                dataset.write_mask(mask)
        return path

    return write


@pytest.fixture
def write_at(write_part):
    """A function that writes pixels (height, width, bands) with a corner at (x, y)."""

    def write(pixels, name, x=0, y=0, **profile):
        return write_part(name, Box(y, x, y + pixels.shape[0], x + pixels.shape[1]), pixels=pixels, **profile)

    return write


def test_two_crops_make_the_original_image(write_part, noise):
    left, right = write_part('l.tif', Box(0, 0, 60, 50)), write_part('r.tif', Box(0, 30, 60, 80))
    whole = RasterioSource(write_part('w.tif', Box(0, 0, 60, 80)))

    source = RasterioSource([right, left])

    assert source.image_extent == whole.image_extent
    assert np.array_equal(source[:, :], noise)
    assert source.crs_transformer.transform == whole.crs_transformer.transform


def test_the_later_image_is_on_top(write_part):
    area = Box(0, 0, 10, 10)
    paths = [write_part(f'{v}.tif', area, pixels=np.full((10, 10, 1), v, dtype=np.uint8)) for v in (1, 2)]

    assert (RasterioSource(paths)[:, :] == 2).all()
    assert (RasterioSource(paths[::-1])[:, :] == 1).all()


def test_nodata_of_the_later_image_does_not_hide_the_earlier(write_part):
    area = Box(0, 0, 4, 4)
    below = write_part('a.tif', area, pixels=np.full((4, 4, 1), 7, dtype=np.uint8), nodata=255)
    top = np.full((4, 4, 1), 255, dtype=np.uint8)
    top[0] = 9

    source = RasterioSource([below, write_part('b.tif', area, pixels=top, nodata=255)])

    assert source[:, :][:, 0, 0].tolist() == [9, 7, 7, 7]


def test_masked_pixels_do_not_hide_the_earlier_image(write_part):
    area = Box(0, 0, 4, 4)
    below = write_part('a.tif', area, pixels=np.full((4, 4, 1), 7, dtype=np.uint8))
    valid = np.zeros((4, 4), dtype=bool)
    valid[0] = True

    source = RasterioSource(
        [below, write_part('b.tif', area, pixels=np.full((4, 4, 1), 9, dtype=np.uint8), mask=valid)]
    )

    assert source[:, :][:, 0, 0].tolist() == [9, 7, 7, 7]


def test_gaps_between_images_are_nodata(write_part, noise):
    paths = [write_part('a.tif', Box(0, 0, 10, 10), nodata=255), write_part('b.tif', Box(20, 20, 30, 30), nodata=255)]

    source = RasterioSource(paths)

    assert source.shape == (30, 30, 3)
    assert not source[10:20, 0:30].any()
    assert source.get_nodata_mask(Box(10, 0, 20, 30)).all()
    assert np.array_equal(source[20:30, 20:30], noise[20:30, 20:30])


@pytest.mark.parametrize(
    ('what', 'options'),
    [
        ('CRS', {'crs': 'epsg:32634'}),
        ('resolution', {'resolution': 20.0}),
        ('number of bands', {'pixels': np.ones((10, 10, 1), dtype=np.uint8)}),
        ('dtype', {'pixels': np.ones((10, 10, 3), dtype=np.uint16)}),
    ],
)
def test_images_that_do_not_fit_are_named(write_part, what, options):
    paths = [write_part('a.tif', Box(0, 0, 10, 10)), write_part('b.tif', Box(0, 10, 10, 20), **options)]

    with pytest.raises(DataError, match=rf'b\.tif.*a\.tif.*{what} differs'):
        RasterioSource(paths)


def test_a_written_vrt_reads_the_same(write_part, noise, tmp_path):
    paths = [write_part('l.tif', Box(0, 0, 60, 50)), write_part('r.tif', Box(0, 50, 60, 80))]

    build_vrt(str(tmp_path / 'x.vrt'), paths)

    assert np.array_equal(RasterioSource(str(tmp_path / 'x.vrt'))[:, :], noise)


@pytest.mark.parametrize(
    ('dtype', 'left', 'right'),
    [
        ('uint8', 0, 255),
        ('int16', -9999, 0),
        ('float32', np.nan, -1),
        ('uint8', 255, None),
        ('int32', -(2**31), 7),
        ('int64', -(2**63), 7),
    ],
)
def test_each_image_has_its_own_nodata(write_at, dtype, left, right):
    """A value that is NODATA in one image is data in another."""
    first, second = np.full((4, 10, 2), 5).astype(dtype), np.full((4, 10, 2), 6).astype(dtype)
    first[:, :3], second[:, -3:] = left, 6 if right is None else right
    first[0, 5], second[0, 5] = 6 if right is None else right, left
    paths = [write_at(first, 'left.tif', nodata=left), write_at(second, 'right.tif', x=14, nodata=right)]
    source = RasterioSource(paths)

    chip = source.read_chip(source.extent)

    expected = np.ones((4, 24), dtype=bool)
    expected[:, :3], expected[:, 10:14] = False, False
    if right is not None:
        expected[:, -3:] = False
    if left != left:
        expected[0, 19] = False
    assert np.array_equal(chip.valid, expected)
    assert (chip.pixels[1:, 3:10] == 5).all() and (chip.pixels[1:, 14:21] == 6).all()
    assert chip.pixels[0, 5, 0] == (6 if right is None else right)


@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
def test_a_gap_is_no_data_also_without_a_nodata_value(write_at, noise, dtype):
    pixels = noise.astype(dtype)
    source = RasterioSource([write_at(pixels, 'a.tif'), write_at(pixels, 'b.tif', x=90, y=10)])

    valid = source.read_chip(source.extent).valid

    assert valid[:60, :80].all() and valid[10:, 90:].all() and valid.sum() == 2 * 60 * 80


def test_one_band_without_data_does_not_hide_the_others(write_at):
    pixels = np.full((4, 10, 3), 9, dtype=np.uint8)
    pixels[0, :, 0], pixels[1] = 0, 0
    source = RasterioSource([write_at(pixels, 'a.tif', nodata=0), write_at(pixels, 'b.tif', x=10, nodata=255)])

    valid = source.read_chip(source.extent).valid

    assert valid[0].all() and not valid[1, :10].any() and valid[1, 10:].all()


MASKS = ['internal', 'beside', 'alpha']


@pytest.fixture
def write_masked(tmp_path):
    """A function that writes an image with a NODATA value and a mask: in the file, beside it, or an alpha band."""

    def write(name, pixels, hidden, kind, nodata, x=0):
        is_alpha = kind == 'alpha'
        bands = [*np.moveaxis(pixels, -1, 0)]
        mask = np.where(hidden, 0, 255).astype('uint8')
        path = str(tmp_path / name)
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=kind == 'internal'),
            rasterio.open(
                path,
                'w',
                driver='GTiff',
                height=pixels.shape[0],
                width=pixels.shape[1],
                count=len(bands) + is_alpha,
                dtype=pixels.dtype,
                crs='EPSG:32633',
                transform=from_origin(5e5 + 10 * x, 51e5, 10, 10),
                nodata=nodata,
                photometric='RGB',
                **({'alpha': 'YES'} if is_alpha else {}),
            ) as image,
        ):
            image.write(np.stack([*bands, mask.astype(pixels.dtype)] if is_alpha else bands))
            if not is_alpha:
                image.write_mask(mask)
        return path

    return write


@pytest.mark.parametrize('kind', MASKS)
@pytest.mark.parametrize(
    ('dtype', 'nodata'),
    [
        ('uint8', (0, 0)),
        ('uint8', (7, 7)),
        ('uint8', (7, 8)),
        ('uint8', (7, None)),
        ('uint8', (255, 0)),
        ('uint16', (7, 65535)),
        ('int16', (-9999, 7)),
    ],
)
def test_what_is_data_is_neither_nodata_nor_masked_as_in_each_image(write_masked, kind, dtype, nodata):
    """Images on each other and beside each other: what one of them hides shows the one below."""
    random = np.random.default_rng(0)
    images = []
    for name, value, x in zip('ab', nodata, (0, 10), strict=True):
        pixels = random.integers(20, 200, (16, 20, 3)).astype(dtype)
        if value is not None:
            pixels[random.random((16, 20)) < 0.3] = value
            pixels[random.random((16, 20)) < 0.2, 0] = value
        images.append(
            RasterioSource(write_masked(f'{name}.tif', pixels, random.random((16, 20)) < 0.3, kind, value, x))
        )
    below, above = (image.read_chip(image.extent) for image in images)
    source = RasterioSource([image.imagery_path for image in images])

    chip = source.read_chip(source.extent)

    valid, pixels = np.zeros((16, 30), dtype=bool), np.zeros((16, 30, 3), dtype=dtype)
    for each, columns in ((below, slice(0, 20)), (above, slice(10, 30))):
        valid[:, columns] |= each.valid
        data = np.broadcast_to(each.valid[..., np.newaxis], each.pixels.shape)
        data = data & (each.data if each.data is not None else True)
        np.copyto(pixels[:, columns], each.pixels, where=data)
    assert chip.pixels.shape == pixels.shape
    assert np.array_equal(chip.valid, valid)
    assert np.array_equal(chip.pixels[valid], pixels[valid])


@pytest.mark.parametrize('kind', MASKS)
def test_a_written_vrt_knows_what_is_data(write_masked, tmp_path, kind):
    pixels, hidden = np.full((8, 8, 3), 9, dtype='uint8'), np.zeros((8, 8), dtype=bool)
    pixels[0], hidden[1] = 7, True
    build_vrt(str(tmp_path / 'index.vrt'), [write_masked(f'{x}.tif', pixels, hidden, kind, 7, x) for x in (0, 8)])

    source = RasterioSource(str(tmp_path / 'index.vrt'))

    assert source.read_chip(source.extent).valid.all(axis=1).tolist() == [False, False, *[True] * 6]


def test_a_vrt_within_a_vrt_leads_nowhere_else(tmp_path, write_part):
    (tmp_path / 'in').mkdir()
    outside = write_part('outside.tif', Box(0, 0, 8, 8))
    build_vrt(str(tmp_path / 'in' / 'index.vrt'), [outside])
    inner = (tmp_path / 'in' / 'index.vrt').read_text()
    inside = inner.replace(outside, inner.replace('&', '&amp;').replace('<', '&lt;'))
    (tmp_path / 'in' / 'index.vrt').write_text(inside)

    with pytest.raises(NotReadableError, match=r'reads .*outside\.tif.*not in its folder'):
        RasterioSource(str(tmp_path / 'in' / 'index.vrt'))
