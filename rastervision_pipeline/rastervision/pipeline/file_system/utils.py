"""Files by URI, whatever file system they are on."""

import hashlib
import json
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import MissingFileError, NotReadableError, RasterVisionError
from rastervision.pipeline.file_system.archives import archive_stem, unpack
from rastervision.pipeline.file_system.archives import is_archive as is_archive
from rastervision.pipeline.file_system.archives import unzip as unzip
from rastervision.pipeline.file_system.archives import zipdir as zipdir
from rastervision.pipeline.file_system.atomic import replace_dir
from rastervision.pipeline.file_system.downloads import download, local_companions, remove_download
from rastervision.pipeline.file_system.file_system import MAX_BYTES, FileSystem
from rastervision.pipeline.file_system.json_reader import DATA, JsonLimits, parse_json
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem, copy_file, decode, list_files
from rastervision.pipeline.file_system.publish import record
from rastervision.pipeline.rv_config import rv_config_

lazy.also_give(__name__, 'rastervision.pipeline.file_system.local_file_system: make_dir')

log = logging.getLogger(__name__)

AnyFileSystem = type[FileSystem]


def is_local(uri: str) -> bool:
    """Whether a URI names a file on a disk of this machine."""
    return issubclass(FileSystem.get_file_system(uri), LocalFileSystem)


def get_tmp_dir() -> tempfile.TemporaryDirectory[str]:
    """A new temporary folder, to be used as a context manager, that is removed at the end."""
    return rv_config_.get_tmp_dir()


def get_local_path(uri: str, download_dir: str, fs: AnyFileSystem | None = None) -> str:
    """Where a file lies once it has been downloaded; a local file's own path. Nothing is downloaded.

    Args:
        uri: The file.
        download_dir: The folder for downloads.
        fs: Its file system. None: by the URI.
    """
    return (fs or FileSystem.get_file_system(uri)).local_path(uri, download_dir)


def file_exists(uri: str, fs: AnyFileSystem | None = None, include_dir: bool = True) -> bool:
    """Whether there is a file, or a folder if `include_dir`."""
    return (fs or FileSystem.get_file_system(uri)).file_exists(uri, include_dir)


def list_paths(uri: str, ext: str = '', fs: AnyFileSystem | None = None, **kwargs: Any) -> list[str]:
    """What lies directly in a folder, sorted.

    Args:
        uri: The folder.
        ext: Only names that end so.
        fs: Its file system. None: by the URI.
        kwargs: Passed to the file system's `list_paths`.
    """
    return (fs or FileSystem.get_file_system(uri)).list_paths(uri, ext, **kwargs)


def file_to_str(uri: str, fs: AnyFileSystem | None = None, max_bytes: int = MAX_BYTES) -> str:
    """Read a UTF-8 text.

    Args:
        uri: The file.
        fs: Its file system. None: by the URI.
        max_bytes: The most that it may have.

    Raises:
        NotReadableError: If it cannot be read, has more, or is not UTF-8.
    """
    return decode((fs or FileSystem.get_file_system(uri)).read_up_to(uri, max_bytes), uri)


def str_to_file(content_str: str, uri: str, fs: AnyFileSystem | None = None) -> None:
    """Write a text as UTF-8, in place of an old one."""
    (fs or FileSystem.get_file_system(uri, 'w')).write_str(uri, content_str)
    record([uri])


def file_to_json(uri: str, limits: JsonLimits = DATA) -> Any:
    """Read JSON.

    Args:
        uri: The file, in UTF-8.
        limits: What it may be: `DOCUMENT` is for configs and the like, which are small and written by one program.

    Raises:
        NotReadableError: If the file cannot be read, is not JSON, or is beyond the limits.
    """
    return parse_json(FileSystem.get_file_system(uri).read_up_to(uri, limits.max_bytes), uri, limits)


def json_to_file(content_dict: Any, uri: str) -> None:
    """Write JSON on one line, in place of an old file."""
    str_to_file(json.dumps(content_dict), uri)


def download_if_needed(
    uri: str, download_dir: str | None = None, fs: AnyFileSystem | None = None, use_cache: bool = True
) -> str:
    """Make a file local, with those that belong to it: world file, mask, overviews, parts of a shapefile.

    Several processes may ask for the same file: each sees it complete, or not at all.

    Args:
        uri: The file. A local one stays where it is.
        download_dir: The folder for downloads. None: the cache, which is kept.
        fs: Its file system. None: by the URI.
        use_cache: Use what this user downloaded before, if it is still up to date, as the file system tells the
            version of a file. What it tells nothing about is downloaded again.

    Returns:
        Its local path.

    Raises:
        NotReadableError: If there is no such file or it cannot be downloaded. If it cannot be asked for, an earlier
            download is used, with a warning.
    """
    fs = fs or FileSystem.get_file_system(uri)
    path = fs.local_path(uri, download_dir or rv_config_.get_cache_dir())
    if issubclass(fs, LocalFileSystem):
        if not os.path.exists(path):
            raise MissingFileError(f'{uri!r} cannot be read: there is no such file. Check the spelling.')
        if not (os.path.isfile(path) or os.path.isdir(path)):  # readers would wait for it for ever
            raise NotReadableError(f'{uri!r} cannot be read: it is a pipe or a device. Copy what it gives to a file.')
        return path
    download(uri, path, fs, use_cache)
    return path


def download_or_copy(uri: str, target_dir: str, delete_tmp: bool = False, fs: AnyFileSystem | None = None) -> str:
    """Put a copy of a file into a local folder, with those that belong to it.

    Args:
        uri: The file.
        target_dir: The local folder; it is made if missing.
        delete_tmp: Do not keep the download in the cache. A local file is never deleted.
        fs: Its file system. None: by the URI.

    Returns:
        Path of the copy, which has the file's name.
    """
    fs = fs or FileSystem.get_file_system(uri)
    path = download_if_needed(uri, fs=fs)
    for source in [*local_companions(path), path]:
        copy = os.path.join(target_dir, os.path.basename(source))
        if os.path.realpath(copy) != os.path.realpath(source):
            copy_file(source, copy)
    if delete_tmp and not issubclass(fs, LocalFileSystem):
        remove_download(path)
    return os.path.join(target_dir, os.path.basename(path))


def upload_or_copy(src_path: str, dst_uri: str, fs: AnyFileSystem | None = None) -> None:
    """Put a copy of a local file, or of all that is in a folder, under a URI, in place of older ones.

    What else is in the target folder stays.

    Args:
        src_path: The local file or folder.
        dst_uri: The target. If it is the source itself, nothing is copied.
        fs: Its file system. None: by the URI.

    Raises:
        NotReadableError: If there is no such file.
        NotWritableError: If the target cannot be written.
    """
    if not os.path.exists(src_path):
        raise MissingFileError(f'{src_path!r} cannot be copied to {dst_uri!r}: there is no such file.')
    (fs or FileSystem.get_file_system(dst_uri, 'w')).copy_to(src_path, dst_uri)
    if os.path.isdir(src_path):
        record(os.path.join(dst_uri, name) for name in list_files(src_path))
    else:
        record([dst_uri])


def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False, fs: AnyFileSystem | None = None) -> None:
    """Copy what is new or changed in a local folder to a folder anywhere; see :meth:`.FileSystem.sync_to_dir`."""
    (fs or FileSystem.get_file_system(dst_dir_uri, 'w')).sync_to_dir(src_dir, dst_dir_uri, delete=delete)
    record(os.path.join(dst_dir_uri, name) for name in list_files(src_dir))


def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False, fs: AnyFileSystem | None = None) -> None:
    """Copy what is new or changed in a folder anywhere to a local folder; see :meth:`.FileSystem.sync_from_dir`."""
    (fs or FileSystem.get_file_system(src_dir_uri)).sync_from_dir(src_dir_uri, dst_dir, delete=delete)


@contextmanager
def start_sync(
    src_dir: str, dst_dir_uri: str, sync_interval: int = 600, fs: AnyFileSystem | None = None
) -> Iterator[None]:
    """Copy what changes in a local folder to a folder anywhere, now and then while the block runs and once at its end.

    A copy in between that fails is logged, and tried again at the next turn. The last one raises, unless the block
    itself fails: then its error passes.

    Args:
        src_dir: The local folder.
        dst_dir_uri: The folder to keep up to date.
        sync_interval: Seconds between two copies.
        fs: The target's file system. None: by the URI.
    """
    is_over = threading.Event()

    def keep_syncing() -> None:
        while not is_over.wait(sync_interval):
            _try_sync(src_dir, dst_dir_uri, fs)

    thread = threading.Thread(target=keep_syncing, name=f'sync of {src_dir}', daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        is_over.set()
        thread.join()
        _try_sync(src_dir, dst_dir_uri, fs)
        raise
    is_over.set()
    thread.join()
    sync_to_dir(src_dir, dst_dir_uri, fs=fs)


def extract(uri: str, target_dir: str | None = None, download_dir: str | None = None) -> str:
    """Unpack an archive: zip, tar (also compressed) or gz.

    Args:
        uri: The archive.
        target_dir: Where to unpack it. None: a folder in the cache, which is used again as long as the archive has
            the same size and time of change.
        download_dir: The folder for downloads. None: the cache.

    Returns:
        The folder with what was unpacked.

    Raises:
        NotReadableError: If the archive cannot be read.
        DataError: If it is no archive or damaged, or a member would land outside of the folder.
    """
    path = download_if_needed(uri, download_dir)
    if target_dir is not None:
        unpack(path, target_dir)
        return target_dir
    state = os.stat(path)
    key = hashlib.sha256(f'{os.path.realpath(path)} {state.st_size} {state.st_mtime_ns}'.encode()).hexdigest()[:16]
    folder = os.path.join(rv_config_.get_cache_dir(), 'extracted', key, archive_stem(uri))
    if not os.path.isdir(folder):
        with replace_dir(folder) as part:
            unpack(path, part)
    return folder


def _try_sync(src_dir: str, dst_dir_uri: str, fs: AnyFileSystem | None) -> None:
    try:
        sync_to_dir(src_dir, dst_dir_uri, fs=fs)
    except (RasterVisionError, OSError) as error:
        log.warning('%s could not be copied to %s: %s', src_dir, dst_dir_uri, error)
