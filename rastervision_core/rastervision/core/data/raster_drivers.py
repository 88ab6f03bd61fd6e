"""Which of GDAL's drivers may open an image: those that its name promises.

GDAL finds a driver by what is in a file. So a file called `.tif` can be a description that reads any other file of this
machine, or asks a server (VRT, WMS and others). Here, what a name does not promise is not opened, and what describes
other images may name only those in its own folder, unless the user trusts it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from xml.etree import ElementTree as ET
from xml.sax.saxutils import unescape

from rastervision.core.data.raster_names import RasterName
from rastervision.pipeline.errors import NotReadableError, RasterVisionError

PICTURES = ('GTiff', 'PNG', 'JPEG', 'JP2OpenJPEG', 'JP2KAK', 'JP2ECW', 'JPEGXL', 'BMP', 'GIF', 'BIGGIF', 'WEBP', 'PNM')
ARRAYS = ('netCDF', 'HDF5', 'HDF5Image', 'HDF4', 'HDF4Image', 'BAG', 'S102', 'S104', 'S111')
_PICTURE_SUFFIXES = (
    '.tif',
    '.tiff',
    '.gtif',
    '.gtiff',
    '.btf',
    '.tf8',
    '.cog',
    '.png',
    '.jpg',
    '.jpeg',
    '.jpe',
    '.jp2',
)
_MORE_PICTURE_SUFFIXES = ('.j2k', '.j2c', '.jpx', '.jxl', '.bmp', '.gif', '.webp', '.pnm', '.ppm', '.pgm', '.pbm')
ARRAY_SUFFIXES = ('.nc', '.nc4', '.cdf', '.h5', '.hdf5', '.he5', '.hdf', '.h4', '.hdf4', '.bag')
# Formats that are all in one file. One under the name of another is opened: that does no harm.
SUFFIX_DRIVERS = {
    **dict.fromkeys((*_PICTURE_SUFFIXES, *_MORE_PICTURE_SUFFIXES), PICTURES),
    **dict.fromkeys(ARRAY_SUFFIXES, ARRAYS),
    **dict.fromkeys(('.grb', '.grb2', '.grib', '.grib2'), ('GRIB',)),
    '.gpkg': ('GPKG',),
    '.mbtiles': ('MBTiles',),
    '.vrt': ('VRT',),
    '.mrf': ('MRF',),
}
_SERVICES = ('WMS', 'WMTS', 'WCS', 'HTTP', 'STACIT', 'STACTA', 'EEDA', 'EEDAI', 'PLMOSAIC', 'DAAS', 'OGCAPI', 'NGW')
_REFERRING = (
    'VRT',
    'MRF',
    'GTI',
    'DERIVED',
    'PDF',
    'TileDB',
    'PostGISRaster',
    'GeoRaster',
    'Rasterlite',
    'MEM',
    'ESRIC',
)
_PRODUCTS = ('DIMAP', 'PDS4', 'RS2', 'SAFE', 'SENTINEL2', 'TSX', 'ECRGTOC')
# Drivers whose files refer to others, by path or URL, and the endings of those that promise it.
REFERRING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*_SERVICES, *_REFERRING), ()),
    **dict.fromkeys(_PRODUCTS, ('.xml', '.dim', '.safe')),
    'MAP': ('.map',),
    'KMLSUPEROVERLAY': ('.kml', '.kmz'),
    'ISIS3': ('.lbl', '.cub'),
    'PDS': ('.lbl', '.img', '.imq', '.pds'),
    'ERS': ('.ers',),
    'PCIDSK': ('.pix',),
    'TIL': ('.til',),
    'Zarr': ('.zarr',),
}
HEAD = 1024  # bytes, in which GDAL looks for what a text describes
DESCRIPTIONS = re.compile(
    rb'<(?:VRTDataset|GDALTileIndexDataset|GDAL_WMS|GDALWMTS|WMTS_GDAL|WCS_GDAL|Capabilities|MRF_META|OGCAPI)'
    rb'|^\s*<\?xml|^\s*\{',
    re.IGNORECASE,
)
DESCRIPTION_SUFFIXES = ('.vrt', '.mrf')
MAX_XML_BYTES = 256 << 20
MAX_DEPTH = 4  # of VRTs in VRTs
# Elements of a VRT, or of an MRF, that name files; what GDAL calls them does not depend on capitals.
FILE_TAGS = {
    'sourcefilename',
    'sourcedataset',
    'dem',
    'rpcdem',
    'datafile',
    'indexfile',
    'source',
    'filename',
    'dataset',
}
# Elements whose text is no file, whatever it looks like.
TEXT_TAGS = {'srs', 'mdi', 'description', 'category', 'unittype', 'f', 'name', 'gcplist', 'projection'}
_VSI_FILE = re.compile(r'(?<=>)(?:/vsi|&lt;VRTDataset)[^<]+')  # in the XML of a VRT, or the XML of another one
OUTSIDE = re.compile(r'^(?:[/~]|\.\.)|://|/vsi|\.\./')

_trust: ContextVar[bool | None] = ContextVar('trust in images', default=None)


@contextmanager
def trusting_images(trust: bool | None) -> Iterator[None]:
    """Say, for what this thread opens meanwhile, whether images may read other files than their own.

    Args:
        trust: False for what a stranger may have chosen, such as the images that a bundle names: never. True: always.
            None: as each source says.
    """
    token = _trust.set(trust)
    try:
        yield
    finally:
        _trust.reset(token)


def is_trusted(own_word: bool = False) -> bool:
    """Whether images may read other files: `own_word`, unless `trusting_images` says otherwise."""
    trust = _trust.get()
    return own_word if trust is None else trust


def drivers_for(name: RasterName) -> list[str]:
    """The drivers that may open a raster of this name."""
    suffix = name.suffix
    if name.driver is not None:
        return [name.driver]
    if suffix in SUFFIX_DRIVERS:
        return list(SUFFIX_DRIVERS[suffix])
    return [driver for driver in _all_drivers() if suffix in REFERRING.get(driver, (suffix,))]


def check_references(uri: str, name: RasterName) -> list[str]:
    """See that an image that a stranger may have made reads no other files but those in its folder.

    Reads the XML of a VRT, and the first bytes of the files that it names.

    Args:
        uri: What the user calls it.
        name: The same with a local path.

    Returns:
        The files that it names, and those that these name.

    Raises:
        NotReadableError: If it does, or uses a service.
    """
    sources: list[str] = []
    if name.is_service and _trust.get() is False:
        raise refused(uri, f'its driver {name.driver} asks a service')
    if name.driver in ('VRT', 'DERIVED') and name.file is not None:
        _check_source(uri, name.file, os.path.dirname(name.file), MAX_DEPTH, sources)
    elif name.suffix in DESCRIPTION_SUFFIXES and name.driver is None:
        if name.before or name.file is None or name.file.startswith('/vsi'):
            raise refused(uri, 'it names other files, and is not itself a file of this machine that could be checked')
        if os.path.isfile(name.file):
            _check_xml(uri, name.file, os.path.dirname(name.file), MAX_DEPTH, sources)
    return sources


def described_by(path: str) -> str | None:
    """What a text file describes in a way that GDAL reads other files for it, such as 'VRTDataset'; else None."""
    try:
        with open(path, 'rb') as file:
            head = file.read(HEAD)
    except OSError:
        return None
    found = DESCRIPTIONS.search(head)
    return None if found is None else found[0].decode(errors='replace').strip(' <\t\r\n') or 'a text'


@cache
def _all_drivers() -> tuple[str, ...]:
    import rasterio

    with rasterio.Env() as env:
        return tuple(env.drivers())


def _check_xml(uri: str, path: str, folder: str, depth: int, sources: list[str]) -> None:
    """See that what a VRT or MRF names lies in a folder."""
    if os.path.getsize(path) > MAX_XML_BYTES:
        raise NotReadableError(
            f'{uri!r}: {path!r} is larger than {MAX_XML_BYTES >> 20} MB, too much for a description.'
        )
    try:
        with open(path, 'rb') as file:
            text = file.read()
    except OSError as error:
        raise NotReadableError(f'{uri!r} cannot be read: {path!r}: {error.strerror}.') from error
    _check_text(uri, text, path, folder, depth, sources)


def _check_text(uri: str, text: bytes, path: str, folder: str, depth: int, sources: list[str]) -> None:
    """The same, of the XML that is in a file, or within another XML there."""
    try:
        if b'<!DOCTYPE' in text or b'<!ENTITY' in text:
            raise NotReadableError(f'{uri!r}: {path!r} defines entities, which images need not. Remove them.')
        root = ET.fromstring(text)
    except RasterVisionError:
        raise
    except (ET.ParseError, ValueError) as error:
        raise NotReadableError(f'{uri!r} cannot be read: {path!r} is no well-formed XML: {error}.') from error
    for tag, text_, is_relative in _texts(root):
        if tag in FILE_TAGS and text_.startswith('<VRTDataset') and depth > 0:
            _check_text(uri, text_.encode(), path, folder, depth - 1, sources)
        elif tag in FILE_TAGS and text_:
            source = os.path.join(os.path.dirname(path), text_) if is_relative else text_
            _check_source(uri, source, folder, depth, sources)
        elif 'pixelfunctioncode' in tag or (tag not in TEXT_TAGS and OUTSIDE.search(text_)):
            raise refused(uri, f'its <{tag}> is {text_!r:.100}')


def _texts(root: ET.Element) -> Iterator[tuple[str, str, bool]]:
    """What each element and attribute says: its name in small letters, its text, whether it is relative to the file."""
    for element in root.iter():
        attributes = {_local_name(key): value for key, value in element.attrib.items()}
        relative = attributes.get('relativetovrt', '0').strip() not in ('', '0')
        tag = _local_name(element.tag)
        if tag == 'mdi' and attributes.get('key', '').upper().endswith('_DATASET'):
            tag = 'dataset'
        yield tag, (element.text or '').strip(), relative
        for key, value in attributes.items():
            if tag != 'mdi':
                yield key, value.strip(), relative


def _local_name(tag: str) -> str:
    return str(tag).rpartition('}')[2].lower()


def _check_source(uri: str, source: str, folder: str, depth: int, sources: list[str]) -> None:
    """See that a file that a VRT names lies in a folder, and is not itself a description that leads out of it."""
    name = RasterName.of(source)
    if name.file is None or name.file.startswith('/vsi') or '://' in name.file:
        raise refused(uri, f'it reads {source!r:.200}')
    path = os.path.realpath(name.file)
    if os.path.commonpath([path, os.path.realpath(folder)]) != os.path.realpath(folder):
        raise refused(uri, f'it reads {source!r:.200}, which is not in its folder')
    if name.suffix in DESCRIPTION_SUFFIXES:
        if depth == 0 or name.before.startswith('/vsi'):
            raise refused(uri, f'it reads {source!r:.200}, a description within descriptions')
        if os.path.isfile(path):
            _check_xml(uri, path, folder, depth - 1, sources)
    elif (kind := described_by(path)) is not None:
        raise refused(uri, f'it reads {source!r:.200}, which is not what its name says ({kind})')
    sources.append(source)


def refused(uri: str, why: str) -> NotReadableError:
    """The error for an image of a stranger that would read other files than its own."""
    return NotReadableError(
        f'The image {uri!r:.300} is not opened: {why}. Images of others could read any file of this machine so, or '
        'make requests. If you know where it comes from: trust_references=True of its raster source, or --trust.'
    )


def remote_files_of(xml: str) -> Iterator[str]:
    """The remote files that the XML of a VRT of our own making reads, also by other VRTs in it."""
    for escaped in _VSI_FILE.findall(xml):
        text = unescape(escaped)
        if text.startswith('<'):
            yield from remote_files_of(text)
        else:
            yield text
