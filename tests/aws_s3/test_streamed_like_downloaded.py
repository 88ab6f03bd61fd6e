"""A streamed image has the pixels, the mask and the place of the same image downloaded, with what is beside it."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from rastervision.aws_s3.s3_file_system import S3FileSystem
from rastervision.core.box import Box
from rastervision.core.data.raster_companions import remote_companions
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.errors import NotReadableError

SIZE = 300
PLACE = rasterio.Affine(2, 0, 1000, 0, -2, 5000)
PROFILE = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'dtype': 'uint8', 'tiled': True, 'compress': 'deflate'}


@contextmanager
def server(*arguments):
    command = [sys.executable, str(Path(__file__).with_name('stores.py')), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture(scope='module')
def http(tmp_path_factory):
    folder = tmp_path_factory.mktemp('web')
    with server('http', folder) as address:
        yield folder, address


@pytest.fixture(scope='session')
def s3_server():
    """The store of the other tests, in a process of its own."""
    with server('s3') as address:
        yield address


@pytest.fixture(params=['http', 's3'])
def put(request, tmp_path):
    """Puts all files of a folder where they are read from; gives the address of that."""
    if request.param == 's3':
        bucket = request.getfixturevalue('bucket')
        return lambda folder: (S3FileSystem.copy_to(str(folder), f'{bucket}/in'), f'{bucket}/in')[1]

    def publish(folder):
        web, address = request.getfixturevalue('http')
        target = web / tmp_path.name
        target.mkdir()
        for path in Path(folder).iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        return f'{address}/{tmp_path.name}'

    return publish


def write(path, *, count=2, mask=None, place=PLACE, **profile):
    pixels = np.random.default_rng(0).integers(1, 255, (count, SIZE, SIZE), dtype=np.uint8)
    options = profile if place is None else {'crs': 'EPSG:32633', 'transform': place, **profile}
    with rasterio.open(path, 'w', count=count, blockxsize=128, blockysize=128, **PROFILE, **options) as d:
        d.write(pixels)
        if mask is not None:
            d.write_mask(mask)


def holes():
    mask = np.full((SIZE, SIZE), 255, np.uint8)
    mask[40:90, 130:] = 0
    return mask


def plain(path):
    write(path)


def internal_mask(path):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(path, mask=holes())


def mask_beside(path):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
        write(path, mask=holes())
    assert Path(f'{path}.msk').exists()


def nodata_beside(path):
    write(path)
    bands = ''.join(f'<PAMRasterBand band="{band}"><NoDataValue>7</NoDataValue></PAMRasterBand>' for band in (1, 2))
    Path(f'{path}.aux.xml').write_text(f'<PAMDataset>{bands}</PAMDataset>')


def nodata(path):
    write(path, nodata=9)


def alpha(path):
    write(path, count=4, photometric='RGB', alpha='yes')
    with rasterio.open(path, 'r+') as dataset:
        dataset.write(holes(), 4)


def world_file(path):
    write(path, place=None)
    Path(path).with_suffix('.tfw').write_text('2\n0\n0\n-2\n1001\n4999\n')


def overviews_beside(path):
    write(path)
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, 'r+') as dataset:
        dataset.build_overviews([2], Resampling.nearest)
    with rasterio.open(f'{path}.ovr', 'r+') as dataset:  # to be told from the image
        dataset.write(np.full(dataset.read().shape, 200, np.uint8))


KINDS = [plain, internal_mask, mask_beside, nodata_beside, nodata, alpha, world_file, overviews_beside]


@pytest.mark.parametrize('make', KINDS, ids=lambda make: make.__name__)
def test_streamed_pixels_are_those_of_the_download(make, put, tmp_path):
    (tmp_path / 'in').mkdir()
    make(str(tmp_path / 'in' / 'a.tif'))
    uri = put(tmp_path / 'in') + '/a.tif'
    windows = [Box(0, 0, 200, 200), Box(30, 100, 230, 300), Box(250, 250, 350, 350)]

    streamed, downloaded = RasterioSource(uri, allow_streaming=True), RasterioSource(uri)

    assert streamed.is_streamed and not downloaded.is_streamed
    assert streamed.crs_transformer.map_to_pixel((15.0, 45.0)) == downloaded.crs_transformer.map_to_pixel((15.0, 45.0))
    assert streamed.nodata_values == downloaded.nodata_values
    with streamed.reading_ahead(windows):
        for window in windows:
            assert same(streamed, downloaded, window)
    for window in windows:
        assert same(streamed, downloaded, window)
        small = [source.get_chip(window, out_shape=(50, 50)) for source in (streamed, downloaded)]
        assert np.array_equal(*small)
    missing = downloaded.get_nodata_mask(windows[1])
    has_holes = make in (internal_mask, mask_beside, nodata_beside, nodata, alpha)
    assert (missing is not None and missing.any()) == has_holes
    if make is overviews_beside:
        assert (small[0][:20, :20] == 200).all()


def same(one, other, window):
    masks = one.get_nodata_mask(window), other.get_nodata_mask(window)
    if (masks[0] is None) != (masks[1] is None) or not np.array_equal(*(np.asarray(mask) for mask in masks)):
        return False
    return np.array_equal(one.get_chip(window), other.get_chip(window))


def mask_beside_and_value(path):
    mask_beside(path)
    with rasterio.open(path, 'r+') as dataset:
        dataset.nodata = 7


@pytest.mark.parametrize('first', [mask_beside, mask_beside_and_value])
def test_mosaic_of_images_with_masks_beside(put, tmp_path, first):
    (tmp_path / 'in').mkdir()
    for index, make in enumerate((first, plain)):
        make(str(tmp_path / 'in' / f'{index}.tif'))
    with rasterio.open(tmp_path / 'in' / '1.tif', 'r+') as dataset:
        dataset.transform = rasterio.Affine(2, 0, PLACE.c + 2 * SIZE, 0, -2, PLACE.f)
    root = put(tmp_path / 'in')
    uris = [f'{root}/{index}.tif' for index in range(2)]

    streamed, downloaded = RasterioSource(uris, allow_streaming=True), RasterioSource(uris)

    assert streamed.is_streamed
    assert same(streamed, downloaded, streamed.extent)
    hidden = downloaded.get_nodata_mask(downloaded.extent)
    assert hidden[40:90, 130:SIZE].all() and not hidden[:, SIZE:].any()


def test_mask_at_an_address_with_a_query_counts_too(http, tmp_path, caplog):
    folder, address = http
    mask_beside(str(folder / 'query.tif'))

    source = RasterioSource(f'{address}/query.tif?sig=s3cr3t', allow_streaming=True)

    assert not source.is_streamed
    assert 'is downloaded, not streamed' in caplog.text and 's3cr3t' not in caplog.text
    assert source.get_nodata_mask(Box(0, 0, SIZE, SIZE)).any()


def test_a_server_that_gives_the_same_for_every_name_has_no_mask(http):
    folder, address = http
    plain(str(folder / 'same.tif'))

    source = RasterioSource(f'{address}/same.tif?same', allow_streaming=True)

    assert source.is_streamed
    assert source.get_nodata_mask(Box(0, 0, SIZE, SIZE)) is None


def test_files_beside_are_asked_for_once(http):
    folder, address = http
    mask_beside(str(folder / 'once.tif'))
    source = RasterioSource(f'{address}/once.tif', allow_streaming=True)
    remote_companions.cache_clear()
    before = remote_companions.cache_info().misses

    for _ in range(5):
        source.get_nodata_mask(Box(0, 0, 10, 10))

    assert remote_companions.cache_info().misses - before <= 1
    assert remote_companions(f'/vsicurl/{address}/once.tif') == ('*.msk',)


@pytest.mark.parametrize('ending', ['.msk', '.ovr'])
def test_what_describes_other_images_is_no_mask_of_a_streamed_one(put, tmp_path, ending):
    (tmp_path / 'in').mkdir()
    plain(str(tmp_path / 'in' / 'a.tif'))
    plain(str(tmp_path / 'secret.tif'))
    (tmp_path / 'in' / f'a.tif{ending}').write_text(
        f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{tmp_path}/secret.tif</SourceFilename><SourceBand>1</SourceBand>'
        '</SimpleSource></VRTRasterBand></VRTDataset>'
    )

    with pytest.raises(NotReadableError, match=rf'a\.tif\{ending}.* is not the TIFF'):
        RasterioSource(put(tmp_path / 'in') + '/a.tif', allow_streaming=True)
