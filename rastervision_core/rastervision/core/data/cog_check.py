"""What a compression can hold, and whether a cloud-optimized GeoTIFF is a copy of its image."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from rastervision.pipeline.errors import ConfigError, NotWritableError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.windows import Window

LOSSY = ('jpeg', 'webp')
# By how many levels of 256 the mean of a block may change; that of few pixels, by more. JPEG and WebP stay far below.
MAX_MEAN_CHANGE = 8
MAX_PIXEL_CHANGE = 128
MAX_ALPHA = 255
# Further codecs have no limits: deflate, lzw, zstd, lzma and none take all that a GeoTIFF can hold.
DTYPES = {
    'jpeg': ('uint8',),
    'webp': ('uint8',),
    'lerc': ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'float32', 'float64'),
}
BANDS = {'jpeg': (1, 2, 3, 4), 'webp': (3, 4)}


def check_codec(dataset: 'DatasetReader', compression: str) -> None:
    """Check that a compression can hold an image.

    Args:
        dataset: The image.
        compression: One of `COMPRESSIONS`.

    Raises:
        ConfigError: If it cannot, which GDAL does not say as a rule.
    """
    codec = compression.lower()
    dtypes = DTYPES.get('lerc' if codec.startswith('lerc') else codec)
    reason = None
    if dtypes is not None and not set(dataset.dtypes) <= set(dtypes):
        reason = f'its pixels are {", ".join(sorted(set(dataset.dtypes)))}, and it holds {", ".join(dtypes)}'
    elif codec in BANDS and dataset.count not in BANDS[codec]:
        reason = f'it has {dataset.count} bands, and it holds {" or ".join(map(str, BANDS[codec]))}'
    elif codec in LOSSY and ColorInterp.palette in dataset.colorinterp:
        reason = 'it has a colour table, of which neighbouring numbers say nothing'
    elif codec in LOSSY and any(value is not None for value in dataset.nodatavals):
        reason = f'its NODATA value {dataset.nodata!r} would not be kept exactly, at the edges of what is data'
    elif codec == 'webp' and dataset.count == 4 and ColorInterp.alpha not in dataset.colorinterp:
        reason = 'its fourth band is no alpha, and it holds no other'
    elif codec == 'jpeg' and has_alpha(dataset) and not _is_mask(dataset):
        reason = 'its alpha has values other than 0 and 255, and a mask is all that it holds'
    if reason is not None:
        raise ConfigError(
            f'compression: {compression!r} cannot hold {dataset.name!r}: {reason}. Use deflate or zstd, which hold all '
            'images.'
        )


def has_alpha(dataset: 'DatasetReader') -> bool:
    """Whether the last band of an image is its alpha."""
    return bool(dataset.colorinterp[-1] == ColorInterp.alpha)


def check_copy(source: 'DatasetReader', path: str, compression: str, uri: str) -> None:
    """Check that a GeoTIFF holds an image, block by block.

    Pixels that are data must be equal; after a lossy compression the means of blocks must be about equal. What is data
    must be the same.

    Args:
        source: The image.
        path: The GeoTIFF, a local file.
        compression: One of `COMPRESSIONS`.
        uri: What the GeoTIFF will be called.

    Raises:
        NotWritableError: If it does not, because GDAL could not write it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            copy = rasterio.open(path)
        with copy:
            difference = _difference(source, copy, lossy=compression.lower() in LOSSY)
    except (RasterioError, CPLE_BaseError) as error:
        raise NotWritableError(f'{uri!r} was not written completely: {error}. Is the disk full?') from error
    if difference is not None:
        raise NotWritableError(
            f'{uri!r} is not a copy of {source.name!r}: {difference}. Is the disk full? Else GDAL cannot write it '
            f'with the compression {compression!r}; use deflate.'
        )


def _difference(source: 'DatasetReader', copy: 'DatasetReader', *, lossy: bool) -> str | None:
    """The first difference, in words, or None."""
    alpha_is_mask = copy.count == source.count - 1 and has_alpha(source)
    if copy.shape != source.shape or not (copy.count == source.count or alpha_is_mask):
        return f'it has {copy.count} bands of {copy.height} x {copy.width} pixels'
    if copy.dtypes != source.dtypes[: copy.count]:
        return f'its pixels are {copy.dtypes[0]}'
    for _, window in copy.block_windows(1):
        valid = copy.dataset_mask(window=window) != 0
        if (valid != (source.dataset_mask(window=window) != 0)).any():
            return f'other pixels are data in {window!r}'
        if not _is_like(source, copy, window, valid, lossy=lossy):
            return f'pixels differ in {window!r}'
    return None


def _is_like(
    source: 'DatasetReader', copy: 'DatasetReader', window: 'Window', valid: np.ndarray, *, lossy: bool
) -> bool:
    found = copy.read(window=window)[:, valid]
    expected = source.read(copy.indexes, window=window)[:, valid]
    if lossy:
        if not valid.any():
            return True
        most = MAX_MEAN_CHANGE + MAX_PIXEL_CHANGE / np.sqrt(valid.sum())
        return bool((np.abs(found.mean(axis=1) - expected.mean(axis=1)) <= most).all())
    return np.array_equal(found, expected, equal_nan=expected.dtype.kind in 'fc')


def _is_mask(dataset: 'DatasetReader') -> bool:
    """Whether all values of the last band are 0 or 255."""
    blocks = (dataset.read(dataset.count, window=window) for _, window in dataset.block_windows(dataset.count))
    return all(((block == 0) | (block == MAX_ALPHA)).all() for block in blocks)
