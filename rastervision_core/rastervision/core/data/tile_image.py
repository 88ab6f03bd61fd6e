"""Making one image of many tiles."""

import logging
import math
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice, product
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader, MemoryFile
from rasterio.transform import Affine
from rasterio.windows import Window

from rastervision.core.data.raster_check import check_blocks, raster_write_errors
from rastervision.core.data.rasterio_io import HEADER_ERRORS, read_colors, transparent_colors
from rastervision.core.data.tile_grid import ON_EDGE, Bounds, TileGrid, TileRange
from rastervision.pipeline.errors import ConfigError, DataError, MissingFileError, NotReadableError
from rastervision.pipeline.file_system.file_system import MB, FileSystem

if TYPE_CHECKING:
    from rasterio.io import DatasetWriter

log = logging.getLogger(__name__)

MAX_TILES = 10_000
AT_ONCE = 8  # requests
HELD = 32  # tiles in memory
MAX_TILE_BYTES = 32 * MB
MAX_TILE_SIDE = 4096  # pixels
DRIVERS = ('PNG', 'JPEG', 'WEBP', 'GTiff', 'GIF')  # none of which leads from a tile to other files
BLOCK_SZ = 256


@dataclass(frozen=True)
class TileImage:
    """A tile that was read.

    Attributes:
        pixels: (bands, height, width), without alpha; colours of a palette.
        valid: Which pixels are data, bool (height, width).
    """

    pixels: np.ndarray
    valid: np.ndarray

    @property
    def kind(self) -> tuple[str, int, int, int]:
        """What all tiles of an image must have in common: type, bands, height and width."""
        return str(self.pixels.dtype), *self.pixels.shape


def write_tiles(grid: TileGrid, bounds: Bounds, path: str, max_tiles: int = MAX_TILES) -> None:
    """Write the tiles that a box has a part of, cut to it, as a GeoTIFF with a mask, in the pixels of the tiles.

    Tiles that do not exist are no data. A few tiles are held at a time; the file is not compressed.

    Args:
        grid: The tiles.
        bounds: The box: xmin, ymin, xmax, ymax in units of the CRS of the grid.
        path: The file, local.
        max_tiles: At most so many tiles are asked for.

    Raises:
        ConfigError: If it has no tiles in it, or more than that.
        DataError: If a tile is no image, or of another kind than the first one; or none exists.
        NotReadableError: If a tile cannot be fetched.
        NotWritableError: If the file cannot be written.
    """
    wanted = grid.range_of(bounds)
    if wanted.total > max_tiles:
        lower = math.ceil(math.log(wanted.total / max_tiles, 4))
        raise ConfigError(
            f'{wanted.total} tiles are needed, more than max_tiles {max_tiles}. Use a zoom that is lower by {lower}, a '
            'smaller bbox, or, if the service allows it, a larger max_tiles.'
        )
    log.info('Fetching %d tiles', wanted.total)
    found = ((place, tile) for place, tile in _fetched(grid, wanted) if tile is not None)
    first = next(found, None)
    if first is None:
        raise DataError(
            f'None of the {wanted.total} tiles exists, from {grid.uri(*wanted[:2])!r} to '
            f'{grid.uri(wanted.last_column - 1, wanted.last_row - 1)!r}. Check the template, zoom and bbox.'
        )
    kind = first[1].kind
    if grid.size is not None and kind[2:] != grid.size[::-1]:
        raise DataError(
            f'{grid.uri(*first[0])!r} has {kind[3]} x {kind[2]} pixels, not {grid.size} as the service says.'
        )
    frame = _Frame.of(grid, bounds, wanted, size=(kind[3], kind[2]))
    count = 0
    with raster_write_errors(path), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, 'w', **frame.profile(kind)) as target:
            for place, tile in chain([first], found):
                if tile.kind != kind:
                    raise DataError(
                        f'The tile {grid.uri(*place)!r} is another kind of image than the first one: (type, bands, '
                        f'height, width) {tile.kind!r} instead of {kind!r}. Choose a bbox whose tiles are alike.'
                    )
                frame.write(target, place, tile)
                count += 1
        check_blocks(path)
    if count < wanted.total:
        log.warning('%d of %d tiles do not exist; they are no data.', wanted.total - count, wanted.total)


@dataclass(frozen=True)
class _Frame:
    """Where tiles are in the image, and that in the world.

    Attributes:
        grid: The tiles.
        size: Width and height of a tile in pixels.
        left: Column of the first pixel of the image, counted from the corner of the grid.
        top: Its row.
        width: Width of the image in pixels.
        height: Its height.
    """

    grid: TileGrid
    size: tuple[int, int]
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, grid: TileGrid, bounds: Bounds, wanted: TileRange, size: tuple[int, int]) -> Self:
        """The pixels of these tiles that the box has a part of."""
        edges = np.array(grid.in_tiles(bounds)) * (size * 2)
        low = np.floor(edges[:2] + ON_EDGE).astype(int).clip(np.multiply(wanted[:2], size), None)
        high = np.ceil(edges[2:] - ON_EDGE).astype(int).clip(None, np.multiply(wanted[2:], size))
        (left, top), (width, height) = low.tolist(), np.maximum(high - low, 1).tolist()
        return cls(grid, size, left, top, width, height)

    def profile(self, kind: tuple[str, int, int, int]) -> dict[str, Any]:
        """What rasterio makes the file with."""
        (x, y), (span_x, span_y) = self.grid.corner, self.grid.span
        pixel = span_x / self.size[0], span_y / self.size[1]
        transform = Affine(pixel[0], 0, x + self.left * pixel[0], 0, -pixel[1], y - self.top * pixel[1])
        layout = {'tiled': True, 'blockxsize': BLOCK_SZ, 'blockysize': BLOCK_SZ, 'BIGTIFF': 'IF_SAFER'}
        place = {'crs': self.grid.crs, 'transform': transform, 'width': self.width, 'height': self.height}
        return {'driver': 'GTiff', 'dtype': kind[0], 'count': kind[1], **place, **layout}

    def write(self, target: 'DatasetWriter', place: tuple[int, int], tile: TileImage) -> None:
        """Write the part of a tile that is in the image."""
        x, y = place[0] * self.size[0] - self.left, place[1] * self.size[1] - self.top
        xmin, ymin = max(x, 0), max(y, 0)
        xmax, ymax = min(x + self.size[0], self.width), min(y + self.size[1], self.height)
        part = (slice(ymin - y, ymax - y), slice(xmin - x, xmax - x))
        window = Window(xmin, ymin, xmax - xmin, ymax - ymin)
        target.write(tile.pixels[(slice(None), *part)], window=window)
        target.write_mask(tile.valid[part].astype(np.uint8) * 255, window=window)


def _fetched(grid: TileGrid, wanted: TileRange) -> Iterator[tuple[tuple[int, int], TileImage | None]]:
    """Tiles by column and row, row after row; None for those that do not exist."""
    rows = range(wanted.first_row, wanted.last_row)
    columns = range(wanted.first_column, wanted.last_column)
    places = ((column, row) for row, column in product(rows, columns))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while some := list(islice(places, HELD)):
            yield from zip(some, pool.map(lambda place: read_tile(grid.uri(*place)), some), strict=True)


def read_tile(uri: str) -> TileImage | None:
    """Fetch a tile.

    Args:
        uri: The tile, local or remote.

    Returns:
        The tile; None if there is none: the server says so (404, 410), or gives nothing; or there is no such file.

    Raises:
        NotReadableError: If it cannot be fetched; a web page in its place is no tile.
        DataError: If it is no image.
    """
    try:
        data = FileSystem.get_file_system(uri, 'r').read_up_to(uri, MAX_TILE_BYTES)
    except MissingFileError:
        return None
    if not data:
        return None
    try:
        with rasterio.Env(), MemoryFile(data) as file, _opened(file) as dataset:
            if max(dataset.shape) > MAX_TILE_SIDE:
                raise DataError(f'The tile {uri!r} has {dataset.width} x {dataset.height} pixels, which no tile has.')
            return _decoded(dataset)
    except HEADER_ERRORS as error:
        if isinstance(error, DataError | NotReadableError):
            raise
        raise DataError(f'The tile {uri!r} is no image ({", ".join(DRIVERS)}), but {data[:60]!r}.') from error


def _opened(file: MemoryFile) -> DatasetReader:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)  # as all tiles are
        return DatasetReader(file.name, driver=list(DRIVERS))


def _decoded(dataset: DatasetReader) -> TileImage:
    bands = [
        band
        for band, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True)
        if meaning is not ColorInterp.alpha
    ]
    valid = np.asarray(dataset.dataset_mask() != 0)
    pixels: np.ndarray = dataset.read(bands)
    if dataset.colorinterp[0] is ColorInterp.palette:
        opaque = np.ones(256, dtype=bool)
        opaque[transparent_colors(dataset)] = False
        return TileImage(np.moveaxis(read_colors(dataset)[pixels[0]], -1, 0), valid & opaque[pixels[0]])
    return TileImage(pixels, valid)
