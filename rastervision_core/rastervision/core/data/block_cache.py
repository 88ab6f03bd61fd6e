"""GDAL's cache of decoded blocks: small, but large enough that no block is decoded for each window anew."""

import logging
import os
import threading
from math import ceil
from typing import TYPE_CHECKING

from rasterio._env import set_gdal_config

from rastervision.core.data.nodata import numpy_dtype

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

log = logging.getLogger(__name__)

OPTION = 'GDAL_CACHEMAX'
BLOCK_CACHE_MB = 64  # a row of blocks of a scene 32,000 pixels wide with eight channels of 8 bits
MAX_BLOCK_CACHE_MB = 512
WINDOW = 512  # pixels; of a window whose blocks must fit in


class _Cache:
    """The size of the cache of this process, which only grows."""

    def __init__(self) -> None:
        self.megabytes = BLOCK_CACHE_MB
        self.told: set[str] = set()
        self.lock = threading.Lock()

    def grow(self, megabytes: int) -> None:
        with self.lock:
            if megabytes > self.megabytes:
                set_gdal_config(OPTION, megabytes << 20)  # at once, in bytes
                self.megabytes = megabytes


_cache = _Cache()


def bound_block_cache() -> None:
    """Let GDAL keep at most `BLOCK_CACHE_MB` of decoded blocks, unless the user has set GDAL_CACHEMAX.

    Its own limit is a share of the machine's memory, 5 %, which a large scene fills. Has an effect only before GDAL
    reads or writes its first block, so it is called whenever a dataset is opened.
    """
    os.environ.setdefault(OPTION, str(BLOCK_CACHE_MB))


def make_room_for_blocks(dataset: 'DatasetReader') -> None:
    """Let the cache hold the blocks of a window of an image, such as the strips or the large tiles that it has.

    Up to `MAX_BLOCK_CACHE_MB`; of an image that needs more, a warning says what to do. A size that the user has set
    by GDAL_CACHEMAX stays.
    """
    needed = ceil(bytes_for_window(dataset) / 2**20) + 1
    if needed <= _cache.megabytes or os.environ.get(OPTION) != str(BLOCK_CACHE_MB):
        return
    _cache.grow(min(needed, MAX_BLOCK_CACHE_MB))
    if needed > MAX_BLOCK_CACHE_MB and dataset.name not in _cache.told:
        _cache.told.add(dataset.name)
        height, width = dataset.block_shapes[0]
        log.warning(
            '%.300r is stored in blocks of %d x %d pixels, and a window needs %d MB of them, each time: reading it '
            'will be slow. Make it a tiled image first, with rastervision cogify.',
            dataset.name,
            height,
            width,
            needed,
        )


def bytes_for_window(dataset: 'DatasetReader') -> int:
    """How many bytes the decoded blocks have that a window of `WINDOW` pixels touches, of all bands."""
    height, width = dataset.block_shapes[0]
    blocks = 1
    for size, block in ((dataset.height, height), (dataset.width, width)):
        touched = 1 + ceil(min(WINDOW, size) / block) if block < size else 1
        blocks *= min(touched, ceil(size / block))
    values = sum(numpy_dtype(name).itemsize for name in dataset.dtypes)
    return int(blocks * height * width * values)
