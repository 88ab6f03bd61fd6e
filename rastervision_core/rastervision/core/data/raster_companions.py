"""Files beside an image that GDAL reads with it: masks, overviews, `.aux.xml`, world files.

GDAL takes whatever it can open for a mask or an overview, also what describes other images. Those of an image that a
stranger may have made are TIFFs, in its folder.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, lru_cache

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from rastervision.core.data.hdf_references import find_reference
from rastervision.core.data.raster_drivers import (
    ARRAY_SUFFIXES,
    ARRAYS,
    DESCRIPTION_SUFFIXES,
    PICTURES,
    drivers_for,
    refused,
    remote_files_of,
)
from rastervision.core.data.raster_names import SCHEMES, RasterName
from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.file_system.companions import companion_endings, path_of
from rastervision.pipeline.file_system.downloads import companions_there
from rastervision.pipeline.file_system.file_system import FileSystem

IMAGES = ('.msk', '.ovr', '.msk.ovr')  # of an image, after its name
DESCRIPTION = '.aux.xml'
MAX_DESCRIPTION_BYTES = 64 << 20
MISSING = ('No such file', 'does not exist')


def streamed_with_companions(path: str) -> bool:
    """Whether an image that is streamed, or a part of it if it is the XML of a VRT, has files beside it."""
    return any(remote_companions(file) for file in _remote_files(path))


@cache
def remote_companions(path: str) -> tuple[str, ...]:
    """The endings of the files that belong to a remote image and are there; asked for once.

    Args:
        path: What GDAL calls the image.

    Returns:
        None that GDAL could not name, as for an address with a query: see `needs_download`.
    """
    uri = _uri_of(path)
    return () if uri is None or path_of(uri) != uri else _companions_there(uri)


def needs_download(uri: str) -> bool:
    """Whether files belong to a remote image that GDAL would not find while it streams it."""
    return path_of(uri) != uri and bool(_companions_there(uri))


def is_looked_through(name: RasterName) -> bool:
    """Whether a raster is of a format that may refer to other files: only on this machine that can be seen."""
    return name.driver in ARRAYS or name.suffix in ARRAY_SUFFIXES


def _companions_there(uri: str) -> tuple[str, ...]:
    if not companion_endings(uri):
        return ()
    try:
        fs = FileSystem.get_file_system(uri)
    except NotReadableError:  # no plugin for it: GDAL alone reads it
        return ()
    return companions_there(uri, fs)


def check_companions(uri: str, path: str) -> None:
    """See that the files beside an image that a stranger may have made are no way to other files.

    Args:
        uri: What the user calls the image.
        path: What GDAL calls it.

    Raises:
        NotReadableError: If one is a link out of the folder, not the TIFF that it should be, or too large.
    """
    name = RasterName.of(path)
    if name.before.startswith('<') or name.is_service:
        return
    if set(drivers_for(name)) & set(ARRAYS):
        _check_arrays(uri, name)
    if name.file is not None and not name.before.startswith('/vsi'):
        _check_local(uri, name.file)
    elif path.startswith('/vsi'):
        is_archive = name.file is not None
        known = IMAGES if is_archive else [ending.lstrip('*') for ending in remote_companions(path)]
        for ending in set(known) & set(IMAGES):
            _check_image(uri, f'{path}{ending}', may_miss=is_archive)


def check_source(uri: str, source: str) -> None:
    """See that an image that another one describes, and what is beside it, are no way to other files.

    Args:
        uri: What the user calls the other.
        source: The name of the image.

    Raises:
        NotReadableError: If they are.
    """
    name = RasterName.of(source).local()
    path = name.before if name.file is None else name.with_file(name.file)
    states: tuple[int, ...] = ()
    if name.file is not None and os.path.exists(name.file):
        states = (os.stat(name.file).st_mtime_ns, os.stat(os.path.dirname(name.file)).st_mtime_ns)
    _check_source(uri, path, states)


@lru_cache(100_000)
def _check_source(uri: str, path: str, states: tuple[int, ...]) -> None:
    """The same, once for each time of change of the image and its folder."""
    check_companions(uri, path)
    if states and not path.lower().endswith(DESCRIPTION_SUFFIXES):
        with (
            suppress(RasterioError),
            rasterio.Env(),
            DatasetReader(path, driver=drivers_for(RasterName.of(path))) as dataset,
        ):
            check_overviews(uri, dataset)
            check_parts(uri, path, dataset)


def check_overviews(uri: str, dataset: DatasetReader) -> None:
    """See that an image, as it is open, names no other file for its overviews; before GDAL looks for them.

    Raises:
        NotReadableError: If it does.
    """
    file = dataset.tags(ns='OVERVIEWS').get('OVERVIEW_FILE')
    if file is not None:
        raise refused(uri, f'its overviews are said to be in {file!r:.200}')


def check_parts(uri: str, path: str, dataset: DatasetReader) -> None:
    """See that an image, as it is open, is read from files in its folder, whatever its header names.

    Raises:
        NotReadableError: If it is not.
    """
    name = RasterName.of(path)
    if name.file is None or name.before.startswith('/vsi') or dataset.driver in PICTURES:
        return
    folders = _folders_of(name.file)
    for file in dataset.files:
        if dataset.driver == 'VRT' and file.startswith('<VRTDataset'):
            continue  # looked at with the VRT that it is in
        real = os.path.realpath(file)
        if file != name.file and not any(os.path.commonpath([real, folder]) == folder for folder in folders):
            raise refused(uri, f'it is read from {file!r:.200}, too, which is not in its folder')


def _folders_of(path: str) -> set[str]:
    """Where what belongs to an image may be: beside it, or, if it is a link, beside what that leads to."""
    return {os.path.realpath(os.path.dirname(path)), os.path.dirname(os.path.realpath(path))}


def _check_arrays(uri: str, name: RasterName) -> None:
    """See that a file of HDF or netCDF refers to no other."""
    is_local = name.file is not None and not name.file.startswith('/vsi') and not name.before.startswith('/vsi')
    if not is_local and not is_looked_through(name):
        return  # a name that promises nothing
    if not is_local:
        raise refused(uri, 'its format may refer to other files, and it is not itself a file of this machine')
    found = find_reference(str(name.file))
    if found is not None:
        raise refused(uri, f'it has {found}')


def _check_local(uri: str, path: str) -> None:
    folder, own_name = os.path.split(path)
    endings = {ending.lstrip('*') for ending in companion_endings(path) if ending.startswith('*')} | set(IMAGES)
    others = {os.path.splitext(own_name)[0] + ending for ending in companion_endings(path) if ending[0] == '.'}
    wanted = {f'{own_name}{ending}'.lower() for ending in endings} | {name.lower() for name in others}
    try:
        names = _listed(folder, os.stat(folder).st_mtime_ns)
    except OSError:
        return
    inside = _folders_of(path)
    for name in names:
        if name == own_name or name.lower() not in wanted:
            continue
        beside = os.path.join(folder, name)
        if os.path.islink(beside) and os.path.dirname(os.path.realpath(beside)) not in inside:
            raise refused(uri, f'{name!r:.200} beside it leads out of its folder')
        if name.lower().endswith(IMAGES):
            _check_image(uri, beside)
        elif name.lower().endswith(DESCRIPTION) and os.path.getsize(beside) > MAX_DESCRIPTION_BYTES:
            raise refused(uri, f'{name!r:.200} beside it is larger than {MAX_DESCRIPTION_BYTES >> 20} MB')


@lru_cache(16)
def _listed(folder: str, changed: int) -> list[str]:
    return os.listdir(folder)


def _check_image(uri: str, path: str, *, may_miss: bool = False) -> None:
    """See that a mask or overviews are a TIFF, which names no other file."""
    try:
        with rasterio.Env(), DatasetReader(path, driver=['GTiff']) as dataset:
            check_overviews(uri, dataset)
    except RasterioError as error:
        if may_miss and any(words in str(error) for words in MISSING):
            return
        raise refused(uri, f'{os.path.basename(path)!r:.200} beside it is not the TIFF that it should be') from error


def _remote_files(path: str) -> Iterator[str]:
    if path.startswith('<'):
        yield from remote_files_of(path)
    else:
        yield RasterName.of(path).file or path


def _uri_of(path: str) -> str | None:
    """What the user calls what GDAL calls so; None if it is not on a server, or not known."""
    return next((f'{scheme}{path.removeprefix(vsi)}' for scheme, vsi in SCHEMES.items() if path.startswith(vsi)), None)
