"""Where the records of a run lie, and how the state of a file is told in a few characters."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from rastervision.pipeline.errors import RasterVisionError
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.utils import file_exists, file_to_json, is_local, json_to_file, list_paths
from rastervision.pipeline.registry import registry_

Record = dict[str, Any]
STEPS, BEGUN = 'steps', 'begun'


def records_dir(root_uri: str) -> str:
    """The folder of the records of the run with this root.

    Beside a local root, hidden: the root itself holds exactly what users expect there. Inside it, if the folder
    around it cannot be written, or the root is remote.
    """
    if not is_local(root_uri):
        return f'{root_uri.rstrip("/")}/.manifest'
    root = Path(os.path.abspath(to_path(root_uri)))
    around = next(folder for folder in root.parents or [root] if folder.exists())
    beside = root != root.parent and os.access(around, os.W_OK)
    return str(root.parent / f'.{root.name}.manifest' if beside else root / '.manifest')


class RecordStore:
    """The records of one run: a file for each job, and one for each step.

    They are `<command>/<split>-of-<splits>.json` and `<command>/steps/<digest of the name>.json`.
    """

    def __init__(self, root_uri: str) -> None:
        """Of the run with this root; nothing is read or written yet."""
        self.uri = records_dir(root_uri)
        self._is_local = is_local(self.uri)

    def read(self, *path: str) -> Record | None:
        """The record at a path, or None if there is none that can be read."""
        uri = os.path.join(self.uri, *path)
        try:
            record = file_to_json(uri, DOCUMENT) if self._is_local or file_exists(uri, include_dir=False) else None
        except (RasterVisionError, OSError, ValueError):
            return None
        return record if isinstance(record, dict) and record else None

    def write(self, record: Record, *path: str) -> None:
        """Write a record; it is there whole or not at all."""
        json_to_file(record, os.path.join(self.uri, *path))

    def remove(self, *path: str) -> None:
        """Remove a record, if it is there. It is emptied where the file system cannot remove files."""
        if self._is_local:
            Path(self.uri, *path).unlink(missing_ok=True)
        elif self.read(*path) is not None and not _remove_remote(os.path.join(self.uri, *path)):
            self.write({}, *path)

    def jobs(self, command: str) -> Iterator[tuple[str, Record]]:
        """Name and content of the record of each job of a command."""
        for name in self._names(command):
            record = self.read(command, name)
            if record is not None:
                yield name, record

    def forget(self, command: str) -> None:
        """Remove all records of a command."""
        if self._is_local:
            shutil.rmtree(os.path.join(self.uri, command), ignore_errors=True)
            return
        for path in [(command,), (command, STEPS), (command, BEGUN)]:
            for name in self._names(*path):
                self.remove(*path, name)

    def _names(self, *path: str) -> list[str]:
        folder = os.path.join(self.uri, *path)
        try:
            names = os.listdir(folder) if self._is_local else map(os.path.basename, list_paths(folder, ext='.json'))
            return sorted(name for name in names if name.endswith('.json'))
        except (RasterVisionError, OSError):
            return []


def digest(data: Any) -> str:
    """A short name for plain data: the same data, whatever the order of its keys, has the same."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def output_state(uri: str) -> str | None:
    """What must stay the same for an output to count as intact: its size, or its version or date if it is remote.

    Returns:
        None if the file is not there.
    """
    if not is_local(uri):
        return _remote_state(uri)
    try:
        return str(os.path.getsize(to_path(uri)))
    except OSError:
        return None


def input_state(uri: str) -> str | None:
    """What must stay the same for an input to count as unchanged: size and time of change; of a folder, of all in it.

    Cost: one `stat` for each file.

    Returns:
        None if the file is not there.
    """
    if not is_local(uri):
        return _remote_state(uri)
    local = to_path(uri)
    try:
        if os.path.isdir(local):
            return digest([[path, input_state(path)] for path in _files_under(local)])
        stat = os.stat(local)
    except OSError:
        return None
    return f'{stat.st_size} {stat.st_mtime_ns}'


def remove_older(uri: str, than: datetime) -> None:
    """Remove a file that was written before a time. It stays where the file system cannot remove files."""
    if not is_local(uri):
        changed = _last_modified(uri)
        if changed is not None and changed < than:
            _remove_remote(uri)
        return
    path = Path(to_path(uri))
    if path.is_file() and path.stat().st_mtime < than.timestamp():
        path.unlink(missing_ok=True)


def _files_under(folder: str) -> list[str]:
    return sorted(os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)


def _remote_state(uri: str) -> str | None:
    try:
        version = registry_.get_file_system(uri, 'r').version(uri)
    except RasterVisionError:
        return None
    if version is not None:
        return version
    changed = _last_modified(uri)
    return str(changed) if changed is not None else 'there' if _is_there(uri) else None


def _last_modified(uri: str) -> datetime | None:
    try:
        return registry_.get_file_system(uri, 'r').last_modified(uri)
    except RasterVisionError:
        return None


def _is_there(uri: str) -> bool:
    try:
        return file_exists(uri, include_dir=False)
    except RasterVisionError:
        return False


def _remove_remote(uri: str) -> bool:
    return registry_.get_file_system(uri, 'w').remove(uri)
