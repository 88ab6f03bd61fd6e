"""Outputs that appear whole, or not at all, locally or remotely; and a record of what was put out.

Everything that a command leaves behind goes through here: by `publish_file` and `publish_dir`, or by the functions of
`file_system.utils` that write.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from rastervision.pipeline.errors import NotWritableError
from rastervision.pipeline.file_system.atomic import (
    check_written,
    clear_places,
    move_files,
    part_of,
    replace_file,
    swap_dir,
    write_errors,
)
from rastervision.pipeline.file_system.atomic import remove_stale_parts as remove_stale_parts
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem, list_entries, list_files, to_path
from rastervision.pipeline.file_system.published import Published, Sizes
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.temporary import temporary_dir

_records: ContextVar[tuple['_Record', ...]] = ContextVar('records', default=())
_lock = threading.Lock()


@contextmanager
def publish_file(uri: str, tmp_dir: str | None = None) -> Iterator[str]:
    """Write a file that appears under its URI, in place of an old one, when the block ends without an error.

    On an error, an interrupt included, nothing is left and the old file stays as it was.

    Args:
        uri: The target. Missing folders are made.
        tmp_dir: Where the file of a remote target is made. None: a new folder in the temporary folder. A local
            target is always made beside its place.

    Yields:
        Path of a local file that does not exist yet, with the target's name. Write and close it.

    Raises:
        NotWritableError: If the target cannot be written: full disk, no permission, nothing written, upload failed.
    """
    if _is_local(uri):
        with replace_file(to_path(uri)) as path:
            yield path
    else:
        with _remote_part(uri, tmp_dir) as path:
            yield path
            check_written(path, uri)
            FileSystem.get_file_system(uri, 'w').copy_to(path, uri)
    record([uri])


@contextmanager
def publish_dir(uri: str, tmp_dir: str | None = None) -> Iterator[str]:
    """Fill a folder whose files appear under a URI together, when the block ends without an error.

    They take the place of those that were published there before (see :class:`.Published`); what else the folder holds
    stays as it is. If it holds nothing else, it is replaced as a whole; else, and remotely, file by file. On an error,
    an interrupt included, nothing is left and what was there stays as it was.

    Args:
        uri: The target. Missing parents are made.
        tmp_dir: Where the folder of a remote target is made. None: a new folder in the temporary folder. A local
            target is always made beside its place.

    Yields:
        Path of a new, empty local folder. Close all files in it before the block ends.

    Raises:
        NotWritableError: If the target cannot be written: full disk, no permission, upload failed, or a file of the
            same name that was not published.
    """
    if _is_local(uri):
        target = os.path.realpath(to_path(uri))
        if os.path.lexists(target) and not os.path.isdir(target):
            raise NotWritableError(f'{uri!r} cannot be written as a folder: it is a file. Choose another name.')
        with part_of(target) as path:
            os.mkdir(path)
            yield path
            sizes = _sizes(path)
            _put_local(path, target, sizes)
    else:
        with _remote_part(uri, tmp_dir) as path:
            os.mkdir(path)
            yield path
            sizes = _sizes(path)
            _put_remote(path, uri, sizes)
    record(os.path.join(uri, name) for name in sizes)


def _sizes(folder: str) -> Sizes:
    return {name: os.path.getsize(os.path.join(folder, name)) for name in list_files(folder)}


def _put_local(made: str, target: str, sizes: Sizes) -> None:
    """Put the files of a folder in the place of those that were published before."""
    published = Published(target)
    ours = published.read()
    there = list_entries(target) if os.path.isdir(target) else {}
    files = {name for name, is_dir in there.items() if not is_dir}
    folders = there.keys() - files
    # A folder that a file is to replace is in the way if a file in it is of somebody else, and so is any empty one.
    kept = {name for name in folders & sizes.keys() if not _is_ours(name, files, ours)}
    kept |= {parent for name in sizes for parent in _parents(name) if parent in files and parent not in ours}
    published.check_free(kept | (files & sizes.keys()) - ours.keys())
    # First the list of both: a run that is killed while files are moved leaves none that seems to be of somebody else.
    published.write(ours | sizes)
    stale = sorted(ours.keys() - sizes.keys())
    only_ours = files <= ours.keys() and folders <= {parent for name in ours for parent in _parents(name)}
    if only_ours and all(_is_as_published(os.path.join(target, name), ours[name]) for name in stale):
        swap_dir(made, target)
    else:
        for name in stale:
            _remove_ours(os.path.join(target, name), ours[name], target)
        clear_places(target, sizes)
        move_files(made, target, sizes)
    published.write(sizes)


def _put_remote(made: str, uri: str, sizes: Sizes) -> None:
    file_system = FileSystem.get_file_system(uri, 'w')
    published = Published(uri)
    ours = published.read()
    published.check_free(
        name
        for name in sizes.keys() - ours.keys()
        if file_system.file_exists(os.path.join(uri, name), include_dir=False)
    )
    published.write(ours | sizes)
    file_system.sync_to_dir(made, uri)
    for name in sorted(ours.keys() - sizes.keys()):
        file_system.remove(os.path.join(uri, name))
    published.write(sizes)


def _is_ours(folder: str, files: set[str], ours: Sizes) -> bool:
    inside = {name for name in files if name.startswith(f'{folder}/')}
    return bool(inside) and inside <= ours.keys()


def _is_as_published(path: str, size: int) -> bool:
    """Whether a file has its size, or is gone."""
    return not os.path.lexists(path) or os.path.getsize(path) == size


def _parents(name: str) -> list[str]:
    parts = name.split('/')
    return ['/'.join(parts[:end]) for end in range(1, len(parts))]


def _remove_ours(path: str, size: int, folder: str) -> None:
    """Remove a file that was published, unless it has changed since, and the folders that this empties."""
    if os.path.isfile(path) and _is_as_published(path, size):
        with suppress(OSError):
            os.unlink(path)
    parent = os.path.dirname(path)
    while parent != folder and parent.startswith(os.path.join(folder, '')):
        try:
            os.rmdir(parent)
        except OSError:  # it is not empty, or gone
            break
        parent = os.path.dirname(parent)


@contextmanager
def record_outputs() -> Iterator[list[str]]:
    """Collect the URIs of all files that are put out inside the block, each once, in order.

    Blocks may be nested: the outer one gets what the inner one gets. The record follows the context (contextvars): a
    thread started inside the block adds to it if run with `contextvars.copy_context().run`.

    Yields:
        A list that grows with each output.
    """
    record_ = _Record()
    token = _records.set((*_records.get(), record_))
    try:
        yield record_.uris
    finally:
        _records.reset(token)


def record(uris: Iterable[str]) -> None:
    """Note files as put out, for the blocks of `record_outputs` that are open."""
    new = list(uris)
    with _lock:
        for record_ in _records.get():
            record_.add(new)


class _Record:
    def __init__(self) -> None:
        self.uris: list[str] = []
        self._seen: set[str] = set()

    def add(self, uris: Iterable[str]) -> None:
        for uri in uris:
            if uri not in self._seen:
                self._seen.add(uri)
                self.uris.append(uri)


@contextmanager
def _remote_part(uri: str, tmp_dir: str | None) -> Iterator[str]:
    if tmp_dir is not None:
        os.makedirs(tmp_dir, exist_ok=True)
    with temporary_dir(tmp_dir or rv_config_.get_tmp_dir_root()) as folder:
        path = os.path.join(folder, os.path.basename(uri.rstrip('/')))
        with write_errors(path):
            yield path


def _is_local(uri: str) -> bool:
    return issubclass(FileSystem.get_file_system(uri, 'w'), LocalFileSystem)
