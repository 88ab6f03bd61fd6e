import subprocess
import sys

import numpy as np
import pytest
import rasterio

from rastervision.core.data import block_cache
from rastervision.core.data.block_cache import bytes_for_window, make_room_for_blocks
from rastervision.core.data.rasterio_io import open_raster

MEGABYTE = 1 << 20

READ = """
import sys
from rastervision.core.data import block_cache
block_cache.BLOCK_CACHE_MB = block_cache._cache.megabytes = 1
from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterio_source import RasterioSource

source = RasterioSource(sys.argv[1])
first = source.get_chip(Box(0, 0, 64, 64))
with open(sys.argv[1], 'r+b') as file:  # what was decoded is not read again
    file.seek(3000)
    file.write(bytes(100_000))
assert source.get_chip(Box(900, 900, 964, 964)).any()
assert (source.get_chip(Box(0, 0, 64, 64)) == first).all()
"""


def write(path, height=1024, width=1024, count=3, **layout):
    profile = {'driver': 'GTiff', 'height': height, 'width': width, 'count': count, 'dtype': 'uint8', **layout}
    with rasterio.open(path, 'w', **profile) as dataset:
        if height * width <= MEGABYTE:
            dataset.write(np.random.default_rng(0).integers(1, 9, (count, height, width), dtype=np.uint8))
    return str(path)


def test_an_image_of_one_strip_is_decoded_once(tmp_path):
    path = write(tmp_path / 'strip.tif', blockysize=1024, compress='deflate', interleave='pixel')

    run = subprocess.run([sys.executable, '-c', READ, path], capture_output=True, text=True)

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ('layout', 'height', 'width', 'expected'),
    [
        ({'blockysize': 2000, 'compress': 'deflate'}, 2000, 2000, 2000 * 2000),
        ({'blockysize': 1}, 3000, 5000, 513 * 5000),
        ({'blockysize': 1}, 300, 5000, 300 * 5000),
        ({'tiled': True, 'blockxsize': 256, 'blockysize': 256}, 3000, 3000, 9 * 256 * 256),
        ({'tiled': True, 'blockxsize': 2048, 'blockysize': 1024}, 3000, 3000, 4 * 2048 * 1024),
    ],
)
def test_room_is_for_the_blocks_of_a_window(tmp_path, layout, height, width, expected):
    with open_raster(write(tmp_path / 'image.tif', height, width, sparse_ok=True, **layout)) as dataset:
        assert bytes_for_window(dataset) == 3 * expected


@pytest.fixture
def cache(monkeypatch):
    """A cache whose sizes are only remembered."""
    sizes = []
    monkeypatch.setattr(block_cache, 'set_gdal_config', lambda _, size: sizes.append(size // MEGABYTE))
    monkeypatch.setattr(block_cache, '_cache', block_cache._Cache())
    monkeypatch.setenv('GDAL_CACHEMAX', str(block_cache.BLOCK_CACHE_MB))
    return sizes


LARGE = {'tiled': True, 'blockxsize': 4096, 'blockysize': 2048}
HUGE = {'tiled': True, 'blockxsize': 16384, 'blockysize': 16384}


def test_the_cache_grows_for_large_blocks_only(tmp_path, cache):
    small = write(tmp_path / 'small.tif', 20000, 20000, sparse_ok=True, tiled=True)
    large = write(tmp_path / 'large.tif', 5000, 5000, sparse_ok=True, **LARGE)
    for path in (small, large, large, small):
        with open_raster(path):
            pass

    assert cache == [97]


def test_blocks_that_are_too_large_are_warned_of_once(tmp_path, cache, caplog):
    path = write(tmp_path / 'huge.tif', 20000, 20000, sparse_ok=True, **HUGE)
    for _ in range(2):
        with open_raster(path):
            pass

    assert cache == [block_cache.MAX_BLOCK_CACHE_MB]
    assert len(caplog.records) == 1 and 'rastervision cogify' in caplog.text and 'huge.tif' in caplog.text


def test_a_size_that_the_user_has_set_stays(tmp_path, cache, monkeypatch):
    monkeypatch.setenv('GDAL_CACHEMAX', '100')
    with rasterio.open(write(tmp_path / 'image.tif', 20000, 20000, sparse_ok=True, **HUGE)) as dataset:
        make_room_for_blocks(dataset)

    assert not cache
