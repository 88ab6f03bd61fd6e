"""Archives: zip, tar (also compressed) and gz."""

import gzip
import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from urllib.parse import urlsplit

from rastervision.pipeline.errors import DataError, MissingFileError, UnknownArchiveError
from rastervision.pipeline.file_system.archive_members import (
    ARCHIVE_LIMITS,
    MemberCheck,
    UnpackLimits,
    check_zip,
    damage_as,
)
from rastervision.pipeline.file_system.atomic import move_files, part_of, replace_dir, replace_file
from rastervision.pipeline.file_system.local_file_system import list_files

TAR = re.compile(r'\.(tar|tar\.gz|tgz|tar\.bz2|tbz2?|tar\.xz|txz)$', re.IGNORECASE)
ARCHIVE = re.compile(r'\.(zip|tar|tar\.gz|tgz|tar\.bz2|tbz2?|tar\.xz|txz|gz)$', re.IGNORECASE)
COMPACT = ('.pth', '.safetensors', '.onnx', '.zip', '.png', '.jpg', '.jpeg')  # what compressing does not make smaller
FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
READABLE_FILE = 0o100644 << 16
BLOCK = 1 << 20


def is_archive(uri: str) -> bool:
    """Whether a URI ends like an archive: `.zip`, `.tar`, `.tar.gz`, `.tgz`, `.tar.bz2`, `.tar.xz`, `.gz`, ..."""
    return ARCHIVE.search(archive_name(uri)) is not None


def archive_name(uri: str) -> str:
    """The last part of a URI, without a query."""
    return os.path.basename(urlsplit(uri).path if '://' in uri else uri)


def archive_stem(uri: str) -> str:
    """The last part of a URI, without a query and the ending of an archive."""
    return ARCHIVE.sub('', archive_name(uri))


def zipdir(dir: str, zip_path: str) -> None:
    """Pack a folder into a zip file, without the folder's own name.

    The same files give the same bytes: names are sorted, times and permissions are fixed. Images and weights are stored
    as they are, all else is compressed. Costs one reading of the files; they are never held in memory. Empty folders
    are left out.

    Args:
        dir: The local folder.
        zip_path: The local zip file; it may lie in `dir`.

    Raises:
        NotReadableError: If there is no such folder.
        NotWritableError: If the zip file cannot be written.
    """
    if not os.path.isdir(dir):
        raise MissingFileError(f'{dir!r} cannot be packed: there is no such folder.')
    target = os.path.realpath(zip_path)
    names = [name for name in list_files(dir) if os.path.realpath(os.path.join(dir, name)) != target]
    with replace_file(zip_path) as path, zipfile.ZipFile(path, 'w') as archive:
        for name in names:
            file = os.path.join(dir, name)
            info = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            info.compress_type = zipfile.ZIP_STORED if name.lower().endswith(COMPACT) else zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = UNIX, READABLE_FILE
            info.file_size = os.path.getsize(file)
            with open(file, 'rb') as source, archive.open(info, 'w') as member:
                shutil.copyfileobj(source, member, 1 << 20)


def unzip(zip_path: str, target_dir: str, limits: UnpackLimits = ARCHIVE_LIMITS) -> None:
    """Unpack a zip file into a folder; see :func:`unpack`."""
    _unpack(zip_path, target_dir, _unpack_zip, limits)


def unpack(path: str, target_dir: str) -> None:
    """Unpack a local archive into a folder, which appears, or is added to, when everything is unpacked.

    Args:
        path: A zip, tar (also compressed) or gz file, by its ending.
        target_dir: The folder. What is there stays, unless the archive has a file of the same name.

    Raises:
        NotReadableError: If there is no such file.
        DataError: If it is no archive or damaged, a member would land outside of the folder, two have one name, or
            more would come out of it than its size lets expect.
        NotWritableError: If the folder cannot be written.
    """
    if not is_archive(path):
        raise UnknownArchiveError(
            f'{path!r} does not end like an archive. Known: .zip, .tar, .tar.gz, .tar.bz2, .tar.xz, .gz.'
        )
    if path.lower().endswith('.zip'):
        _unpack(path, target_dir, _unpack_zip)
    else:
        _unpack(path, target_dir, _unpack_tar if TAR.search(path) else _unpack_gz)


def _unpack(
    path: str,
    target_dir: str,
    unpack_into: Callable[[str, str, UnpackLimits], None],
    limits: UnpackLimits = ARCHIVE_LIMITS,
) -> None:
    if not os.path.isfile(path):
        raise MissingFileError(f'{path!r} cannot be unpacked: there is no such file.')
    with damage_as(DataError, path):
        if os.path.isdir(target_dir):
            with part_of(os.path.join(os.path.realpath(target_dir), 'unpacked')) as part:
                os.mkdir(part)
                unpack_into(path, part, limits)
                move_files(part, target_dir, list_files(part))
        else:
            with replace_dir(target_dir) as part:
                unpack_into(path, part, limits)


def _unpack_zip(path: str, folder: str, limits: UnpackLimits) -> None:
    with zipfile.ZipFile(path) as archive:
        check_zip(path, archive, os.path.getsize(path), folder, limits)
        archive.extractall(folder)


def _unpack_tar(path: str, folder: str, limits: UnpackLimits) -> None:
    with tarfile.open(path) as archive:
        check = MemberCheck(path, os.path.getsize(path), folder, limits)
        for info in archive:
            check.add(info.name, info.size, is_dir=info.isdir())
        check.check_disk()
        archive.extractall(folder, filter='data')  # refuses devices, and links that lead outside


def _unpack_gz(path: str, folder: str, limits: UnpackLimits) -> None:
    check = MemberCheck(path, os.path.getsize(path), folder, limits)
    name = archive_stem(path)
    with gzip.open(path) as source, open(os.path.join(folder, name), 'wb') as target:
        while block := source.read(BLOCK):
            target.write(block)
            check.grow(len(block))
