"""Vector tiles: where they are, and what is in them."""

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pyogrio
import shapely

from rastervision.core.data.features import Features
from rastervision.core.data.vector_source.damage import DAMAGED
from rastervision.core.data.vector_source.regions import Bounds
from rastervision.core.data.vector_source.vector_file import make_properties
from rastervision.core.data.web_tiles import HALF_WORLD, Tile, is_template, tile_uri
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError
from rastervision.pipeline.file_system.utils import download_if_needed, file_exists, get_tmp_dir, is_local

MVT_ID = 'mvt_id'  # what GDAL calls the number of a feature in a tile
MAX_TILES = 10_000
DOWNLOADS_AT_ONCE = 8
GZIP = b'\x1f\x8b'
MAX_TILE_BYTES = 64 << 20  # unpacked; usual ones have less than 1 MB


def tiles_in(bounds: Bounds, zoom: int) -> list[Tile]:
    """The tiles that touch some bounds, in EPSG:3857, row by row.

    Raises:
        ConfigError: If these are more than can be meant.
    """
    count = 1 << zoom
    size = 2 * HALF_WORLD / count
    xmin, ymin, xmax, ymax = bounds
    west, east = (int(np.clip((x + HALF_WORLD) // size, 0, count - 1)) for x in (xmin, xmax))
    north, south = (int(np.clip((HALF_WORLD - y) // size, 0, count - 1)) for y in (ymax, ymin))
    wanted = (east - west + 1) * (south - north + 1)
    if wanted > MAX_TILES:
        raise ConfigError(f'{wanted} tiles are needed at zoom {zoom}, more than {MAX_TILES}. Use a lower zoom.')
    return [Tile(zoom, x, y) for y in range(north, south + 1) for x in range(west, east + 1)]


def fetch_tiles(uri: str, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, bytes]]:
    """The tiles that exist, in the order given.

    Args:
        uri: A template with {z}, {x} and {y} (or {-y}, counted from the south), or an `.mbtiles` file.
        tiles: The tiles.

    Raises:
        NotReadableError: If one cannot be fetched.
        DataError: If the `.mbtiles` is not one.
    """
    if is_template(uri):
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            found = pool.map(lambda tile: (tile, _fetch(tile_uri(uri, tile))), tiles)
            yield from ((tile, data) for tile, data in found if data is not None)
        return
    query = 'SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?'
    with closing(_open_mbtiles(uri)) as database:
        for tile in tiles:
            for (data,) in database.execute(query, (tile.z, tile.x, tile.y_from_south)):
                if not isinstance(data, bytes):
                    raise DataError(f'{tile} of {uri} is no vector tile, but {data!r:.100}.')
                yield tile, data


def all_tiles(uri: str, zoom: int) -> list[Tile]:
    """All tiles of an `.mbtiles` file at a zoom, row by row.

    Raises:
        DataError: If it is not one, or has no tiles at this zoom.
    """
    with closing(_open_mbtiles(uri)) as database:
        rows = database.execute('SELECT tile_column, tile_row FROM tiles WHERE zoom_level = ?', (zoom,)).fetchall()
        zooms = database.execute('SELECT DISTINCT zoom_level FROM tiles ORDER BY 1').fetchall()
    if not rows:
        raise DataError(f'{uri} has no tiles of zoom {zoom}, but of {[level for (level,) in zooms]}.')
    if not all(isinstance(number, int) for row in rows for number in row):
        raise DataError(f'{uri} has tiles whose columns and rows are no numbers, such as {rows[0]!r:.100}.')
    return sorted((Tile(zoom, x, (1 << zoom) - 1 - row) for x, row in rows), key=lambda tile: (tile.y, tile.x))


def read_tiles(tiles: Iterable[tuple[Tile, bytes]], layer: str | None, where: str) -> list[tuple[str, Features]]:
    """Decode tiles, gzipped or not.

    Features are clipped to their tile, beyond which tiles may reach.

    Args:
        tiles: Tiles and their bytes.
        layer: The layer to read. None: all.
        where: The URI, for messages.

    Returns:
        Features of each layer of each tile, with the name of the layer, in EPSG:3857.

    Raises:
        DataError: If a tile is not one.
    """
    found = []
    with get_tmp_dir() as folder:
        for number, (tile, data) in enumerate(tiles):
            path = os.path.join(folder, f'{number}.mvt')  # GDAL remembers what it saw under a path
            try:
                with open(path, 'wb') as file:
                    file.write(_unpacked(data))
                names = [str(name) for name, _ in pyogrio.list_layers(path)]
                found += [(name, _read_layer(path, name, tile)) for name in names if layer in (None, name)]
            except DAMAGED as error:
                raise DataError(f'{tile} of {where} is no vector tile: {error}') from error
            os.remove(path)
    return found


def _unpacked(data: bytes) -> bytes:
    """A tile as it is, or unpacked, if it is gzipped."""
    if not isinstance(data, bytes):
        raise DataError(f'its data are a {type(data).__name__}')
    if not data.startswith(GZIP):
        return _checked(data)
    unpacked = zlib.decompressobj(wbits=31).decompress(data, MAX_TILE_BYTES)
    if len(unpacked) == MAX_TILE_BYTES:
        raise DataError(f'more than {MAX_TILE_BYTES >> 20} MB come out of it')
    return _checked(unpacked)


def _checked(tile: bytes) -> bytes:
    """A tile that GDAL takes for one, and not for a description of another source."""
    if tile[:1].isspace() or tile[:3] == b'\xef\xbb\xbf' or tile[:1] in (b'<', b'{', b'['):
        raise DataError('it is text')
    return tile


def _read_layer(path: str, name: str, tile: Tile) -> Features:
    meta, _, wkb, columns = pyogrio.raw.read(path, layer=name, force_2d=True, X=tile.x, Y=tile.y, Z=tile.z, CLIP='YES')
    names = [str(field) for field in meta['fields']]
    properties = make_properties(names, [column.tolist() for column in columns], len(wkb))
    return Features(shapely.from_wkb(wkb, on_invalid='fix'), properties).without_empty()


def _fetch(uri: str) -> bytes | None:
    """The bytes of a tile; None if there is none, which means that it is empty."""
    try:
        path = download_if_needed(uri)
    except NotReadableError:
        if is_local(uri) or not file_exists(uri, include_dir=False):
            return None
        raise
    with open(path, 'rb') as file:
        return file.read() or None


def _open_mbtiles(uri: str) -> sqlite3.Connection:
    path = download_if_needed(uri)
    database = sqlite3.connect(f'file:{os.path.abspath(path)}?mode=ro', uri=True)
    try:
        database.execute('SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles LIMIT 1')
    except sqlite3.DatabaseError as error:
        database.close()
        raise DataError(
            f'{uri} is no .mbtiles file ({error}), nor a template of tiles such as tiles/{{z}}/{{x}}/{{y}}.mvt.'
        ) from error
    return database
