"""Files on the disks of this machine."""

import datetime
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from rastervision.pipeline.errors import (
    FolderNotEmptyError,
    MissingFileError,
    MissingFolderError,
    NotReadableError,
    NotWritableError,
    RasterVisionError,
)
from rastervision.pipeline.file_system.atomic import is_part, replace_file, write_errors
from rastervision.pipeline.file_system.file_system import MAX_BYTES, FileSystem, too_large, too_large_to_copy

BUFFER_BYTES = 1 << 20
FILE_SCHEME = 'file://'
SCHEME = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*://')


def stays_inside(name: str) -> bool:
    """Whether a name, with `/` or `\\`, is that of something in the folder that it is joined to, by its parts.

    Links are not followed.
    """
    if not name or '\0' in name or os.path.isabs(name):
        return False
    flat = name.replace('\\', '/')
    return not flat.startswith('/') and '..' not in flat.split('/')


def make_dir(path: str, check_empty: bool = False, force_empty: bool = False, use_dirname: bool = False) -> None:
    """Make a local folder, with its parents, if it is missing.

    Args:
        path: The folder.
        check_empty: Insist that it is empty.
        force_empty: Remove what is in it.
        use_dirname: Make the folder that `path` lies in instead.

    Raises:
        NotWritableError: If it cannot be made, or `check_empty` and it is not empty.
    """
    folder = os.path.abspath(os.path.dirname(path) if use_dirname else path)
    try:
        os.makedirs(folder, exist_ok=True)
        if force_empty:
            _remove_entries(folder)
        is_empty = not check_empty or not os.listdir(folder)
    except OSError as error:
        kind = MissingFolderError if isinstance(error, FileNotFoundError) else NotWritableError
        raise kind(f'The folder {folder!r} cannot be made: {error.strerror}.') from error
    if not is_empty:
        raise FolderNotEmptyError(f'The folder {folder!r} is not empty. Empty it, or choose another one.')


def progressbar(file_obj: BinaryIO, method: str, size: int | None, desc: str) -> 'AbstractContextManager[Any]':
    """Show on a terminal how far a file has been read or written; elsewhere, show nothing.

    Args:
        file_obj: The file.
        method: The method to watch, `'read'` or `'write'`.
        size: Bytes in all; None if not known.
        desc: Text before the bar.

    Returns:
        A context manager that gives the file.
    """
    if not sys.stderr.isatty():
        return nullcontext(file_obj)
    from tqdm import tqdm

    options: dict[str, Any] = {'total': size, 'desc': desc, 'miniters': 1}
    return tqdm.wrapattr(file_obj, method, **options)  # type: ignore[call-overload, no-any-return]


def to_path(uri: str) -> str:
    """The local path that a URI names: a path as it is, or what `file://` says."""
    return unquote(urlsplit(uri).path) if uri.startswith(FILE_SCHEME) else uri


def list_files(folder: str) -> list[str]:
    """Paths of all files under a folder, relative to it, with `/`, sorted. Unfinished ones are left out."""
    return sorted(name for name, entry in _listing(folder).items() if not entry.is_dir())


def list_entries(folder: str) -> dict[str, bool]:
    """Paths of all files and folders under a folder, relative to it, with `/`; whether each is a folder."""
    return {name: entry.is_dir() for name, entry in _listing(folder).items()}


class LocalFileSystem(FileSystem):
    """Files on the disks of this machine: paths, and `file://` URIs."""

    @staticmethod
    def matches_uri(uri: str, mode: str) -> bool:
        """Whether a URI is a path or a `file://` URI; see :meth:`.FileSystem.matches_uri`."""
        return uri.startswith(FILE_SCHEME) or SCHEME.match(uri) is None

    @staticmethod
    def file_exists(uri: str, include_dir: bool = True) -> bool:
        """Whether there is a file; see :meth:`.FileSystem.file_exists`."""
        path = to_path(uri)
        return os.path.isfile(path) or (include_dir and os.path.isdir(path))

    @staticmethod
    def read_str(file_uri: str) -> str:
        """Read a UTF-8 text; see :meth:`.FileSystem.read_str`."""
        return decode(LocalFileSystem.read_bytes(file_uri), file_uri)

    @staticmethod
    def read_bytes(file_uri: str) -> bytes:
        """Read a whole file; see :meth:`.FileSystem.read_bytes`."""
        return LocalFileSystem.read_up_to(file_uri, MAX_BYTES)

    @staticmethod
    def read_up_to(file_uri: str, max_bytes: int) -> bytes:
        """Read a whole file, unless it is larger; see :meth:`.FileSystem.read_up_to`. Devices are not read."""
        try:
            with open(to_path(file_uri), 'rb') as file:
                state = os.fstat(file.fileno())
                if stat.S_ISCHR(state.st_mode) or stat.S_ISBLK(state.st_mode):
                    raise NotReadableError(f'{file_uri!r} cannot be read: it is a device, not a file.')
                size, parts = state.st_size, list[bytes]()
                while size <= max_bytes and (part := file.read(BUFFER_BYTES if parts else state.st_size + 1)):
                    parts.append(part)  # a pipe has no size, and a file may grow: there may be several
                    size = sum(map(len, parts))
                if size > max_bytes:
                    raise too_large(file_uri, max_bytes)
                return parts[0] if len(parts) == 1 else b''.join(parts)
        except RasterVisionError:
            raise
        except OSError as error:
            raise _unreadable(file_uri, error) from error
        except ValueError as error:  # NUL, or half of a character
            raise NotReadableError(f'{file_uri!a} cannot be read: it is no name of a file ({error}).') from error

    @staticmethod
    def write_str(file_uri: str, data: str) -> None:
        """Write a UTF-8 text; see :meth:`.FileSystem.write_str`."""
        LocalFileSystem.write_bytes(file_uri, data.encode())

    @staticmethod
    def write_bytes(file_uri: str, data: bytes) -> None:
        """Write a whole file; see :meth:`.FileSystem.write_bytes`."""
        with replace_file(to_path(file_uri)) as path, open(path, 'wb') as file:
            file.write(data)

    @staticmethod
    def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False) -> None:
        """Bring one folder up to date with another; see :meth:`.FileSystem.sync_from_dir` and :func:`sync`."""
        sync(to_path(src_dir_uri), dst_dir, delete=delete)

    @staticmethod
    def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False) -> None:
        """Bring one folder up to date with another; see :meth:`.FileSystem.sync_to_dir` and :func:`sync`."""
        sync(src_dir, to_path(dst_dir_uri), delete=delete)

    @staticmethod
    def copy_to(src_path: str, dst_uri: str) -> None:
        """Copy a file, or what is in a folder; see :meth:`.FileSystem.copy_to`."""
        dst = to_path(dst_uri)
        if os.path.exists(src_path) and os.path.exists(dst) and os.path.samefile(src_path, dst):
            return
        if os.path.isdir(src_path):
            sync(src_path, dst)
        else:
            copy_file(src_path, dst)

    @staticmethod
    def copy_from(src_uri: str, dst_path: str) -> None:
        """Copy a file, or what is in a folder; see :meth:`.FileSystem.copy_from`."""
        LocalFileSystem.copy_to(to_path(src_uri), dst_path)

    @staticmethod
    def copy_up_to(src_uri: str, dst_path: str, max_bytes: int) -> None:
        """Copy a file, unless it is larger; see :meth:`.FileSystem.copy_up_to`. Pipes and devices are not read."""
        path = to_path(src_uri)
        if os.path.exists(path) and not os.path.isfile(path):
            kind = 'a folder' if os.path.isdir(path) else 'a pipe or a device'
            raise NotReadableError(f'{src_uri!r} cannot be read: it is {kind}, not a file.')
        if os.path.isfile(path) and os.path.getsize(path) > max_bytes:
            raise too_large_to_copy(src_uri, max_bytes)
        LocalFileSystem.copy_from(src_uri, dst_path)

    @staticmethod
    def local_path(uri: str, download_dir: str) -> str:
        """The path itself: nothing local is downloaded; see :meth:`.FileSystem.local_path`."""
        return to_path(uri)

    @staticmethod
    def last_modified(uri: str) -> datetime.datetime:
        """When a file was last changed, in UTC; see :meth:`.FileSystem.last_modified`."""
        try:
            return datetime.datetime.fromtimestamp(os.path.getmtime(to_path(uri)), datetime.UTC)
        except OSError as error:
            raise _unreadable(uri, error) from error

    @staticmethod
    def list_paths(uri: str, ext: str | None = None) -> list[str]:
        """Files and folders directly in a folder; see :meth:`.FileSystem.list_paths`."""
        path = to_path(uri)
        try:
            names = os.listdir(path)
        except OSError as error:
            raise _unreadable(uri, error) from error
        return [os.path.join(path, name) for name in sorted(names) if name.endswith(ext or '') and not is_part(name)]


def decode(data: bytes, uri: str) -> str:
    """Read bytes as UTF-8.

    Raises:
        NotReadableError: If they are not.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotReadableError(f'{uri!r} is not a UTF-8 text: {error}.') from error


def copy_file(src: str, dst: str, *, one_of_many: bool = False) -> None:
    """Copy a local file with its time of change, in place of an old one.

    Args:
        src: The file to copy.
        dst: The target; its folder is made if missing.
        one_of_many: As in :func:`.replace_file`.

    Raises:
        NotReadableError: If there is no such file, or no permission to read it.
        NotWritableError: If the target cannot be written.
    """
    try:
        open(src, 'rb').close()
    except OSError as error:
        raise _unreadable(src, error) from error
    with replace_file(dst, one_of_many=one_of_many) as path:
        shutil.copy2(src, path)


def sync(src: str, dst: str, *, delete: bool = False) -> None:
    """Copy what is new or changed in one local folder to another.

    A file is unchanged if size and time of change are the same; copies keep the time. Each file appears as a whole.
    Links are followed. Costs a listing of both folders, and the reading of what changed.

    Args:
        src: The folder to copy.
        dst: The folder to bring up to date; it is made if missing.
        delete: Remove from `dst` what `src` lacks.

    Raises:
        NotReadableError: If `src` is no folder.
        NotWritableError: If `dst` lies inside `src`, or cannot be written.
    """
    if not os.path.isdir(src):
        raise MissingFileError(f'{src!r} cannot be copied: there is no such folder.')
    from_path, to = os.path.realpath(src), os.path.realpath(dst)
    if from_path == to:
        return
    if to.startswith(os.path.join(from_path, '')):
        raise NotWritableError(f'{src!r} cannot be copied to {dst!r}, which lies inside it. Choose another folder.')
    wanted = _listing(from_path)
    make_dir(to)
    if delete:
        _remove_others(to, wanted)
    for name, entry in wanted.items():
        path = os.path.join(to, name)
        if entry.is_dir():
            make_dir(path)
        elif not _is_same(entry, path):
            copy_file(entry.path, path, one_of_many=True)


def _listing(folder: str) -> dict[str, os.DirEntry[str]]:
    try:
        return dict(_walk(folder))
    except OSError as error:
        raise _unreadable(folder, error) from error


def _walk(folder: str, prefix: str = '', above: tuple[str, ...] = ()) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What lies under a folder: relative path and entry, a folder before what is in it. A loop of links is cut."""
    here = os.path.realpath(folder)
    if here in above:
        return
    with os.scandir(folder) as entries:
        found = sorted((entry for entry in entries if not is_part(entry.name)), key=lambda entry: entry.name)
    for entry in found:
        yield prefix + entry.name, entry
        if entry.is_dir():
            yield from _walk(entry.path, f'{prefix}{entry.name}/', (*above, here))


def _remove_others(folder: str, wanted: dict[str, os.DirEntry[str]]) -> None:
    """Remove what is not wanted, or is a folder where a file is wanted or the other way round; links, not targets."""
    with write_errors(os.path.join(folder, '')):
        for name, entry in _listing(folder).items():
            if name in wanted and wanted[name].is_dir() == entry.is_dir():
                continue
            if not os.path.lexists(entry.path):
                continue
            _remove(entry)


def _remove_entries(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            _remove(entry)


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        os.unlink(entry.path)


def _is_same(entry: os.DirEntry[str], path: str) -> bool:
    try:
        ours, theirs = entry.stat(), os.stat(path)
    except FileNotFoundError:
        return False
    return ours.st_size == theirs.st_size and ours.st_mtime_ns == theirs.st_mtime_ns


def _unreadable(uri: str, error: OSError) -> NotReadableError:
    hint = '' if os.path.exists(to_path(uri)) else ' Check the spelling and the working directory.'
    kind = MissingFileError if isinstance(error, FileNotFoundError) else NotReadableError
    return kind(f'{uri!r} cannot be read: {error.strerror}.{hint}')
