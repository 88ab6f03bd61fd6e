"""Outputs that appear whole, or not at all, locally or remotely; and a record of what was put out.

Everything that a command leaves behind goes through here: by `publish_file` and `publish_dir`, or by the functions of
`file_system.utils` that write.
"""

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rastervision.pipeline.file_system.atomic import check_written, replace_dir, replace_file, write_errors
from rastervision.pipeline.file_system.atomic import remove_stale_parts as remove_stale_parts
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem, list_files, to_path
from rastervision.pipeline.rv_config import rv_config_

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
    """Fill a folder that takes the place of an old one as a whole, when the block ends without an error.

    What the old folder held and the new one does not is gone then. A remote folder is brought up to date file by
    file. On an error, an interrupt included, nothing is left and the old folder stays as it was.

    Args:
        uri: The target. Missing parents are made.
        tmp_dir: Where the folder of a remote target is made. None: a new folder in the temporary folder. A local
            target is always made beside its place.

    Yields:
        Path of a new, empty local folder. Close all files in it before the block ends.

    Raises:
        NotWritableError: If the target cannot be written: full disk, no permission, upload failed.
    """
    if _is_local(uri):
        with replace_dir(to_path(uri)) as path:
            yield path
            names = list_files(path)
    else:
        with _remote_part(uri, tmp_dir) as path:
            os.mkdir(path)
            yield path
            names = list_files(path)
            FileSystem.get_file_system(uri, 'w').sync_to_dir(path, uri, delete=True)
    record(os.path.join(uri, name) for name in names)


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
    with tempfile.TemporaryDirectory(dir=tmp_dir or rv_config_.get_tmp_dir_root()) as folder:
        path = os.path.join(folder, os.path.basename(uri.rstrip('/')))
        with write_errors(path):
            yield path


def _is_local(uri: str) -> bool:
    return issubclass(FileSystem.get_file_system(uri, 'w'), LocalFileSystem)
