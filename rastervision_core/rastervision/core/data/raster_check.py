"""Looking at rasters that were just written, because GDAL closes files without a word of what it could not write."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from rastervision.pipeline.errors import NotWritableError
from rastervision.pipeline.file_system.atomic import PART_FOLDER

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


WAY_OUT = 'Is the disk full, or was it taken away?'


@contextmanager
def raster_write_errors(path: str) -> Iterator[None]:
    """Let what rasterio and GDAL raise while a local raster is written end as an error that names it.

    Raises:
        NotWritableError: Instead of an error of theirs.
    """
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        cause = error.__cause__ or error
        raise NotWritableError(f'{PART_FOLDER.sub("", path)!r} cannot be written: {cause}. {WAY_OUT}') from error


def check_blocks(path: str) -> None:
    """Check that all blocks of a local GeoTIFF are in the file.

    Costs a look at the table of blocks, and reading the last one; pixels are not compared.

    Args:
        path: The file, closed.

    Raises:
        NotWritableError: If the file cannot be opened, or lacks a block or a part of one.
    """
    with raster_write_errors(path):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            dataset = rasterio.open(path)
        with dataset:
            missing = _first_missing(dataset, os.path.getsize(path))
            if missing is None:
                dataset.read(window=list(dataset.block_windows(1))[-1][1])
    if missing is not None:
        band, row, column = missing
        raise NotWritableError(
            f'{PART_FOLDER.sub("", path)!r} was not written completely: block {column} of row {row} of band {band} is '
            f'missing. {WAY_OUT}'
        )


def _first_missing(dataset: 'DatasetReader', size: int) -> tuple[int, int, int] | None:
    """Band, row and column of the first block that is not in the file, or None."""
    separate = dataset.interleaving is not None and dataset.interleaving.name == 'band'
    for band in dataset.indexes if separate else dataset.indexes[:1]:
        for (row, column), _ in dataset.block_windows(band):
            tags = [f'BLOCK_{what}_{column}_{row}' for what in ('OFFSET', 'SIZE')]
            found = [dataset.get_tag_item(tag, 'TIFF', bidx=band) for tag in tags]
            if None in found or sum(map(int, found)) > size:
                return band, row, column
    return None
