"""Whether a vector file is what its name promises: GDAL goes by content, and some content reads other files.

A `labels.json` may be XML that describes another source: any file of this machine, or a service on the web. GeoJSON
may say that its CRS is to be fetched.
"""

import gzip
import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

from rastervision.core.data.raster_drivers import check_references, is_trusted
from rastervision.core.data.raster_names import RasterName
from rastervision.pipeline.errors import DataError

HEAD, BLOCK, OVERLAP = 1 << 16, 1 << 22, 1 << 12
XML_SUFFIXES = ('.kml', '.gml', '.gpx', '.xml')
# What stands for sources elsewhere, in the beginning of a file.
ELSEWHERE = re.compile(rb'<\s*(?:\w+:)?(OGR\w*DataSource|\w*WFS\w*|VRT\w*|GDAL_\w+|GMLAS\w*|CSW\w*)', re.IGNORECASE)
CRS_KEY = re.compile(rb'"(?:c|\\u0063)(?:r|\\u0072)(?:s|\\u0073)"\s*:\s*', re.IGNORECASE)
FETCHED = ('link', 'url', 'ogc', 'unknown')  # types of CRS


def check_promise(uri: str, path: str, suffix: str, *, is_json: bool) -> None:
    """See that a vector file leads to no other file, nor to the web.

    Costs reading GeoJSON once, at the speed of the disk, and the beginning of others.

    Args:
        uri: What the user calls the file.
        path: What GDAL calls it.
        suffix: The ending that says the format.
        is_json: Whether that is some kind of GeoJSON.

    Raises:
        DataError: If it does.
        NotReadableError: If it is a `.vrt` that does.
    """
    if os.path.isdir(path) or is_trusted():
        return
    if suffix == '.vrt':
        check_references(uri, RasterName.of(path))
        return
    with _opened(path) as file:
        head = file.read(HEAD)
        found = ELSEWHERE.search(head)
        is_xml = head.removeprefix(b'\xef\xbb\xbf').lstrip().startswith(b'<')
        if found or (is_xml and suffix not in (*XML_SUFFIXES, '')):
            what = found[1].decode(errors='replace') if found else 'XML'
            raise DataError(
                f'{uri!r} is not opened: it is {what}, and not what its name promises. Such files of others could read '
                'any file of this machine, or make requests. Name the file with the features itself.'
            )
        if is_json:
            _check_crs(uri, head, file)


def _check_crs(uri: str, start: bytes, file: IO[bytes]) -> None:
    text, rest = start, b' '
    while True:
        rest = file.read(BLOCK)
        text += rest
        for match in CRS_KEY.finditer(text):
            crs = _value_at(text[match.end() : match.end() + OVERLAP // 2])
            if isinstance(crs, dict) and str(crs.get('type', 'name')).lower() in FETCHED:
                raise DataError(
                    f'{uri!r} is not opened: its CRS is to be fetched: {crs!r:.200}. Leave "crs" out, which means '
                    'longitude and latitude, or give its name.'
                )
        if not rest:
            return
        text = text[-OVERLAP:]


def _value_at(text: bytes) -> Any:
    try:
        return json.JSONDecoder().raw_decode(text.decode(errors='replace'))[0]
    except (ValueError, RecursionError):
        return {'type': 'unknown'} if text.startswith(b'{') else None


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """The bytes of a file by GDAL's name of it."""
    if path.startswith('/vsigzip/'):
        with gzip.open(path.removeprefix('/vsigzip/')) as file:
            yield file  # type: ignore[misc]
    elif path.startswith('/vsizip/'):
        inner = path.removeprefix('/vsizip/')
        end = inner.lower().index('.zip/') + len('.zip')
        archive, member = inner[:end], inner[end + 1 :]
        with zipfile.ZipFile(archive) as opened:
            is_folder = member not in opened.namelist()  # a file geodatabase
            with BytesIO() if is_folder else opened.open(member) as file:
                yield file
    else:
        with open(path, 'rb') as file:
            yield file
