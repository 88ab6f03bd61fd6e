"""Local files and folders that appear whole, or not at all.

Each is made in a hidden folder beside its target, `.<name>.<owner>.part`, and renamed when it is complete. Inside, it
has the target's own name, so that libraries that go by the ending work. The owner says which process on which machine
it belongs to: what a killed process left is removed by the next write to the same target.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from rastervision.pipeline.errors import MissingFolderError, NotWritableError, RasterVisionError
from rastervision.pipeline.temporary import host_id, runs

HIDDEN = re.compile(r'\.(?P<name>[^/\\]+)\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{8}\.(?P<kind>part|old)')
PART_FOLDER = re.compile(rf'[/\\]{HIDDEN.pattern}(?=[/\\])')
LONGEST_NAME = 200
SECONDS_UNTIL_FOREIGN_IS_STALE = 7 * 24 * 3600
FULL_BELOW = 1 << 20
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
BROKEN = {errno.EFBIG, errno.EIO}
NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}

_live: set[str] = set()  # what this process is writing; a recycled process id would else protect what was left


@contextmanager
def replace_file(path: str, *, one_of_many: bool = False) -> Iterator[str]:
    """Write a local file that takes the place of the old one as a whole, when the block ends without an error.

    The new file is on the disk (fsync) when it replaces the old one. A symbolic link is followed. Missing folders
    are made.

    Args:
        path: The target.
        one_of_many: Save the fsync, and the look for what killed processes left of the same target, which costs a
            listing of the folder. For copies that can be made again.

    Yields:
        Path of a file that does not exist yet, with the target's name, on the same disk.

    Raises:
        NotWritableError: If the target is no file, nothing was written, the disk is full or there is no permission.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        kind = 'a folder' if os.path.isdir(target) else 'not a regular file'
        raise NotWritableError(f'{path!r} cannot be written as a file: it is {kind}. Choose another name.')
    with part_of(target, clean=not one_of_many) as made:
        yield made
        check_written(made, path)
        with _own_errors(target):
            if not one_of_many:
                _fsync(made)
            os.replace(made, target)
            if not one_of_many:
                _fsync_dir(os.path.dirname(target))


@contextmanager
def replace_dir(path: str) -> Iterator[str]:
    """Fill a local folder that takes the place of the old one as a whole, when the block ends without an error.

    Costs one fsync a file. Between two renames the target is missing for a moment; if the process is killed just
    then, the next write to it puts the old one back first.

    Yields:
        Path of a new, empty folder with the target's name, on the same disk.

    Raises:
        NotWritableError: If the target is no folder, the disk is full or there is no permission.
    """
    target = os.path.realpath(path)
    if os.path.lexists(target) and not os.path.isdir(target):
        raise NotWritableError(f'{path!r} cannot be written as a folder: it is a file. Choose another name.')
    with part_of(target) as made:
        os.mkdir(made)
        yield made
        swap_dir(made, target)


def swap_dir(made: str, target: str) -> None:
    """Put a finished folder in the place of another, which is removed; see `replace_dir`.

    Raises:
        NotWritableError: If the disk is full or there is no permission; the other folder is there as it was.
    """
    with _own_errors(target):
        _fsync_all(made)
        _swap(made, target)


def move_files(made: str, target: str, names: Iterable[str]) -> None:
    """Put files of a finished folder one by one in the place of those of the same names in another.

    Args:
        made: The finished folder, on the same disk.
        target: The other one.
        names: Paths of the files in it, relative, with `/`.

    Raises:
        NotWritableError: If a folder is in the place of a file, or a file in that of a folder; the disk is full or
            there is no permission.
    """
    with _own_errors(target):
        _fsync_all(made)
    for path, name in ((os.path.join(target, name), name) for name in names):
        with _own_errors(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(os.path.join(made, name), path)
    _fsync_dir(target)


def clear_places(target: str, names: Iterable[str]) -> None:
    """Remove folders, with all they hold, that are in the place of files, and files in the place of their folders.

    Args:
        target: The folder.
        names: Paths of the files that it is to hold, relative, with `/`.

    Raises:
        NotWritableError: If there is no permission.
    """
    with _own_errors(target):
        for name in names:
            path = os.path.join(target, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            while (path := os.path.dirname(path)).startswith(os.path.join(target, '')):
                if os.path.isfile(path):
                    os.unlink(path)


def remove_stale_parts(path: str) -> None:
    """Clear away what killed processes left of a target, and put back the folder that one was about to replace.

    Parts of processes that run, or that other machines touched in the last week, stay.

    Args:
        path: The target.
    """
    folder, name = os.path.split(os.path.realpath(path))
    left = [part for part in stale_parts(folder) if os.path.basename(part).startswith(f'.{_short(name)}.')]
    with suppress(FileNotFoundError):
        left.sort(key=os.path.getmtime, reverse=True)
    for part in left:
        clear_away(part)


def stale_parts(folder: str) -> list[str]:
    """What killed processes left directly in a folder; of other machines, what was not touched for a week."""
    # Another process may clear away the same things meanwhile.
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if _is_stale(entry))
    return []


def clear_away(part: str) -> None:
    """Remove what a killed process left; a folder that it was about to replace is put back."""
    folder, name = os.path.split(part)
    match = HIDDEN.fullmatch(name)
    if match is None:
        return
    target = os.path.join(folder, match['name'])
    if match['kind'] == 'old' and not os.path.lexists(target):
        with suppress(FileNotFoundError):
            os.rename(part, target)
    else:
        shutil.rmtree(part, ignore_errors=True)


def is_part(name: str) -> bool:
    """Whether a file name is that of something unfinished, or about to be removed."""
    return HIDDEN.fullmatch(name) is not None


@contextmanager
def write_errors(target: str) -> Iterator[None]:
    """Turn errors of a full disk, or of missing permission at the target, into NotWritableError; let others pass.

    GDAL and torch do not pass on the system's error number; theirs count as a full disk if the disk is full.

    Args:
        target: A local path, which need not exist.
    """
    try:
        yield
    except RasterVisionError:
        raise
    except (OSError, RuntimeError) as error:
        number = getattr(error, 'errno', None)
        culprit = str(getattr(error, 'filename', None) or '')
        if number in FULL_DISK or (number is None and _free(target) < FULL_BELOW):
            raise NotWritableError(_full_disk_message(target)) from error
        if number in BROKEN:
            raise NotWritableError(_message(target, error)) from error
        if number in NO_PERMISSION and culprit.startswith(os.path.dirname(target)):
            raise NotWritableError(_message(target, error)) from error
        raise


def check_written(made: str, uri: str) -> None:
    """Raise NotWritableError if a file that should have been made for a URI is not there."""
    if not os.path.isfile(made):
        raise NotWritableError(f'{uri!r} cannot be written: nothing was written to {made!r}.')


@contextmanager
def part_of(target: str, *, clean: bool = True) -> Iterator[str]:
    """A place beside a target to make something; all that is left there at the end is removed.

    Args:
        target: A local path without links. Its folder is made if missing.
        clean: Look for what killed processes left of the same target. It costs a listing of the folder.

    Yields:
        Path with the target's name, in a new, hidden folder beside it.

    Raises:
        NotWritableError: If the disk is full or there is no permission.
    """
    part = _hidden(target, 'part')
    with _own_errors(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if clean:
            remove_stale_parts(target)
    _live.add(part)
    try:
        with _own_errors(target):
            os.mkdir(part)
        with write_errors(target):
            yield os.path.join(part, os.path.basename(target))
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _live.discard(part)


@contextmanager
def _own_errors(target: str) -> Iterator[None]:
    """Turn any error of the system into NotWritableError."""
    try:
        with write_errors(target):
            yield
    except RasterVisionError:
        raise
    except OSError as error:
        kind = MissingFolderError if isinstance(error, FileNotFoundError) else NotWritableError
        raise kind(_message(target, error)) from error


def _swap(new: str, target: str) -> None:
    """Put a folder in the place of another; the other is put back if that fails."""
    old = _hidden(target, 'old')
    _live.add(old)
    try:
        replaces = os.path.isdir(target)
        if replaces:
            os.rename(target, old)
        try:
            os.rename(new, target)
        except OSError:
            if replaces:
                os.rename(old, target)
            raise
        _fsync_dir(os.path.dirname(target))
        shutil.rmtree(old, ignore_errors=True)
    finally:
        _live.discard(old)


def nearest_folder(path: str) -> str:
    """The folder of a path, or the nearest one above it that there is."""
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _message(target: str, error: Exception) -> str:
    reason = getattr(error, 'strerror', None) or error
    return f'{target!r} cannot be written: {reason}. Choose another place, or change who may write there.'


def _full_disk_message(target: str) -> str:
    # What is made inside a part has no place of its own yet; the user knows the place of the part.
    shown = PART_FOLDER.sub('', target)
    return (
        f'{shown!r} cannot be written: the disk or the quota is full; {_free(target) / 1e6:.1f} MB are free in '
        f'{nearest_folder(shown)!r}. Free some space, or write to another disk.'
    )


def _free(target: str) -> int:
    """Bytes that are free on the disk of a path."""
    return shutil.disk_usage(nearest_folder(target)).free


def _hidden(target: str, kind: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f'.{_short(name)}.{host_id()}-{os.getpid()}-{secrets.token_hex(4)}.{kind}')


def _short(name: str) -> str:
    """A name that leaves room for an owner within the 255 bytes that file systems allow."""
    data = name.encode()
    return name if len(data) <= LONGEST_NAME else hashlib.sha256(data).hexdigest()


def _is_stale(entry: os.DirEntry[str]) -> bool:
    match = HIDDEN.fullmatch(entry.name)
    if match is None or entry.path in _live:
        return False
    if match['host'] != host_id() or os.name == 'nt':
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > SECONDS_UNTIL_FOREIGN_IS_STALE
    return int(match['pid']) == os.getpid() or not runs(int(match['pid']))


def _fsync_all(made: str) -> None:
    for folder, _, names in os.walk(made, topdown=False):
        for path in (os.path.join(folder, name) for name in names):
            if os.path.isfile(path):
                _fsync(path)
        _fsync_dir(folder)


def _fsync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fsync_dir(path: str) -> None:
    # Some network file systems, and Windows, cannot; the rename stands nevertheless.
    with suppress(OSError):
        _fsync(path)
