"""From the URI of a vector file to what GDAL is to open."""

import os
import zipfile

from rastervision.core.data.vector_source.promises import check_promise
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.utils import download_if_needed

JSON_SUFFIXES = ('.json', '.geojson', '.geojsonl', '.geojsons', '.jsonl', '.ndjson', '.topojson')
PARQUET_SUFFIXES = ('.parquet', '.geoparquet')
INDEXED_SUFFIXES = ('.gpkg', '.fgb', '.shp', '.gdb', '.sqlite')
ONE_LAYER_SUFFIXES = (*JSON_SUFFIXES, *PARQUET_SUFFIXES, '.fgb', '.shp', '.csv')
VECTOR_SUFFIXES = (*ONE_LAYER_SUFFIXES, *INDEXED_SUFFIXES, '.kml', '.gml', '.gpx', '.tab', '.dxf')


def suffix_of(path: str) -> str:
    """The ending that says the format, in lower case, without that of a compression."""
    return os.path.splitext(path.lower().removesuffix('.gz'))[1]


def open_path(uri: str, layer: str | None = None) -> tuple[str, str | None]:
    """Make a vector file local, with the files that belong to it.

    Args:
        uri: The file. A `.zip` may hold one vector file, or several of which the layer names one.
        layer: The layer asked for.

    Returns:
        What GDAL calls the file, and the layer to ask for in it.

    Raises:
        NotReadableError: If it does not exist or cannot be fetched.
        DataError: If it is a zip without the vector file, or would lead to other files or the web.
    """
    path, layer = _open_path(uri, layer)
    suffix = suffix_of(path)
    check_promise(uri, path, suffix, is_json=suffix in (*JSON_SUFFIXES, ''))
    return path, layer


def _open_path(uri: str, layer: str | None) -> tuple[str, str | None]:
    path = download_if_needed(uri)
    if path.lower().endswith('.gz'):
        return f'/vsigzip/{os.path.abspath(path)}', layer
    if path.lower().endswith('.zip'):
        return _in_zip(uri, os.path.abspath(path), layer)
    return path, layer


def _in_zip(uri: str, path: str, layer: str | None) -> tuple[str, str | None]:
    members = _vector_members(uri, path)
    if len(members) == 1:
        return f'/vsizip/{path}/{members[0]}', layer
    by_layer = {os.path.splitext(os.path.basename(member))[0]: member for member in members}
    if layer in by_layer:
        return f'/vsizip/{path}/{by_layer[layer]}', None
    raise DataError(
        f'{uri}: the zip should hold one vector file, but holds {members!r:.500}. '
        + (f'Choose one with layer: {sorted(by_layer)!r:.500}.' if members else 'Unpack it, and name the file.')
    )


def _vector_members(uri: str, path: str) -> list[str]:
    """The vector files in a zip; a file geodatabase is a folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f'{uri} is not a zip file, or damaged: {error}.') from error
    folders = {name[: name.lower().index('.gdb/') + 4] for name in names if '.gdb/' in name.lower()}
    files = {
        name
        for name in names
        if suffix_of(name) in VECTOR_SUFFIXES
        and not name.startswith('__MACOSX')
        and not name.startswith(tuple(f'{folder}/' for folder in folders))
    }
    shapes = {os.path.splitext(name)[0] for name in files if suffix_of(name) == '.shp'}
    return sorted(folders | {name for name in files if suffix_of(name) == '.shp' or name[:-4] not in shapes})
