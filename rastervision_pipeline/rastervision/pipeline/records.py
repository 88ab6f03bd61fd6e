"""Where the records of a run lie, and how the state of a file is told in a few characters."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rastervision.pipeline.errors import RasterVisionError
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.local_file_system import SCHEME, stays_inside, to_path
from rastervision.pipeline.file_system.utils import file_exists, file_to_json, is_local, json_to_file, list_paths
from rastervision.pipeline.registry import registry_

Record = dict[str, Any]
STEPS, BEGUN = 'steps', 'begun'
MANIFEST = re.compile(r'\.(?P<root>.+)\.manifest')
HERE = '{root}'


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


class RunRoot:
    """The folder of a run, by which its records name files, so that they hold for a copy of it too.

    Attributes:
        uri: The folder: an absolute path if it is local.
    """

    def __init__(self, uri: str, outputs: Mapping[str, str] = MappingProxyType({})) -> None:
        """Of the run with this root.

        Args:
            uri: The folder.
            outputs: Command -> the folder that it writes to, wherever that lies.
        """
        self.is_local = is_local(uri)
        self.uri = plain_uri(uri)
        places = [(HERE, uri), *((f'{{{command}}}', folder) for command, folder in sorted(outputs.items()))]
        self._outputs = [f'{{{command}}}' for command in outputs]
        spellings = [(text, name) for name, place in places for text in _spellings(place)]
        self._spellings = sorted(spellings, key=lambda spelling: len(spelling[0]), reverse=True)

    def name(self, uri: str) -> str:
        """What records call a file: its path relative to the root, with `/`, or its URI if it lies elsewhere."""
        if not is_local(uri):
            return uri.removeprefix(f'{self.uri}/')
        path = os.path.abspath(to_path(uri))
        inside = self.is_local and path.startswith(os.path.join(self.uri, ''))
        return os.path.relpath(path, self.uri).replace(os.sep, '/') if inside else path

    def locate(self, name: str) -> str:
        """The URI of a file that records call so."""
        return os.path.join(self.uri, name) if self.owns(name) else name

    def owns(self, name: str) -> bool:
        """Whether a file of a record lies under the root; of files elsewhere, none is ever removed."""
        if not stays_inside(name) or SCHEME.match(name):
            return False
        if not self.is_local:
            return True
        folder = os.path.realpath(os.path.join(self.uri, os.path.dirname(name)))
        root = os.path.realpath(self.uri)
        return folder == root or folder.startswith(os.path.join(root, ''))

    def is_output(self, uri: str) -> bool:
        """Whether a command of the run writes there, so that it is told by that command's record what it holds."""
        return str(self.neutral(uri)).split('/')[0] in self._outputs

    def neutral(self, data: Any) -> Any:
        """Plain data in which the root and the folders of commands are called the same wherever they lie."""
        if isinstance(data, dict):
            return {self.neutral(key): self.neutral(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.neutral(value) for value in data]
        if isinstance(data, str):
            for spelling, name in self._spellings:
                if data == spelling or data.startswith(f'{spelling}/'):
                    return name + data[len(spelling) :]
        return data


def plain_uri(uri: str) -> str:
    """One spelling of the URI of a folder: an absolute path if it is local, without a slash at its end."""
    return os.path.abspath(to_path(uri)) if is_local(uri) else uri.rstrip('/')


def real_uri(uri: str) -> str:
    """The spelling of the URI of a folder that is the same whatever links lead there."""
    return os.path.realpath(to_path(uri)) if is_local(uri) else plain_uri(uri)


def path_inside(uri: str, folder: str) -> str | None:
    """The path of a file relative to a folder, whatever links lead to them; None if it lies elsewhere."""
    parent, name = os.path.split(uri)
    path, place = f'{real_uri(parent)}/{name}', f'{real_uri(folder)}/'
    return path.removeprefix(place) if path.startswith(place) else None


def _spellings(uri: str) -> set[str]:
    """The ways in which a config may spell the URI of a folder."""
    real = {os.path.realpath(to_path(uri))} if is_local(uri) else set()
    return ({plain_uri(uri), uri.rstrip('/')} | real) - {'', '.'}


class RecordStore:
    """The records of one run: a file for each job, and one for each step.

    They are `<command>/<split>-of-<splits>.json` and `<command>/steps/<digest of the name>.json`. A run that was copied
    or renamed, and has no records of its own, goes on with those beside it that describe the files in it.
    """

    def __init__(self, root_uri: str) -> None:
        """Of the run with this root; nothing is written yet."""
        self.uri = records_dir(root_uri)
        self._is_local = is_local(self.uri)
        self.root = RunRoot(root_uri)
        self._inherited = self._find_inherited() if self._is_local else None

    def _find_inherited(self) -> str | None:
        """The records beside this run that describe its files, if it has none of its own."""
        root = self.root.uri
        if os.path.isdir(self.uri) or not os.path.isdir(root):
            return None
        parent = os.path.dirname(root)
        for name in sorted(os.listdir(parent)):
            if MANIFEST.fullmatch(name) and any(map(self._describes_this, _job_records(os.path.join(parent, name)))):
                return os.path.join(parent, name)
        return None

    def _describes_this(self, record: Record) -> bool:
        """Whether the files of a finished job lie under the root as they were written."""
        outputs = record['outputs']
        owned = [name for name in outputs if self.root.owns(name)] if record['key'] is not None else []
        return bool(owned) and all(output_state(self.root.locate(name)) == outputs[name] for name in owned)

    def _make_own(self) -> None:
        """Before the first write: take over what is inherited, so that the other run's records stay as they are."""
        if self._inherited is not None:
            inherited, self._inherited = self._inherited, None
            for command in os.listdir(inherited):
                if any(_job_records(inherited, command)):
                    shutil.copytree(os.path.join(inherited, command), os.path.join(self.uri, command))

    def read(self, *path: str) -> Record | None:
        """The record at a path, or None if there is none that can be read."""
        uri = os.path.join(self._inherited or self.uri, *path)
        try:
            record = file_to_json(uri, DOCUMENT) if self._is_local or file_exists(uri, include_dir=False) else None
        except (RasterVisionError, OSError, ValueError):
            return None
        return record if isinstance(record, dict) and record else None

    def write(self, record: Record, *path: str) -> None:
        """Write a record; it is there whole or not at all."""
        self._make_own()
        json_to_file(record, os.path.join(self.uri, *path))

    def remove(self, *path: str) -> None:
        """Remove a record, if it is there. It is emptied where the file system cannot remove files."""
        self._make_own()
        if self._is_local:
            Path(self.uri, *path).unlink(missing_ok=True)
        elif self.read(*path) is not None and not _remove_remote(os.path.join(self.uri, *path)):
            self.write({}, *path)

    def jobs(self, command: str) -> Iterator[tuple[str, Record]]:
        """Name and content of the record of each job of a command; those that jobs cannot have written are left out."""
        for name in self._names(command):
            record = self.read_job(command, name)
            if record is not None:
                yield name, record

    def read_job(self, *path: str) -> Record | None:
        """The record of a job or step, or None if there is none that is as they write it."""
        record = self.read(*path)
        return record if record is not None and _is_of_job(record) else None

    def forget(self, command: str) -> None:
        """Remove all records of a command."""
        self._make_own()
        if self._is_local:
            shutil.rmtree(os.path.join(self.uri, command), ignore_errors=True)
            return
        for path in [(command,), (command, STEPS), (command, BEGUN)]:
            for name in self._names(*path):
                self.remove(*path, name)

    def _names(self, *path: str) -> list[str]:
        folder = os.path.join(self._inherited or self.uri, *path)
        try:
            names = os.listdir(folder) if self._is_local else map(os.path.basename, list_paths(folder, ext='.json'))
            return sorted(name for name in names if name.endswith('.json'))
        except (RasterVisionError, OSError):
            return []


def find_store(command: str, output_uri: str, own: RecordStore) -> RecordStore:
    """The records of a command, which runs may share that let it write to the same folder.

    They are those of the run in whose folder it writes, else records of the folder's own.

    Args:
        command: Name of the command.
        output_uri: The folder.
        own: The records of the run that asks.
    """
    folder = plain_uri(output_uri)
    is_inside = own.root.name(folder) != folder
    if folder == own.root.uri or (is_inside and any(own.jobs(command))):
        return own
    of_folder = RecordStore(folder)
    if is_inside:
        return of_folder if any(of_folder.jobs(command)) else own
    for around in _folders_around(folder):
        store = RecordStore(around)
        if any(_lies_in(store.root.locate(name), folder) for _, job in store.jobs(command) for name in job['outputs']):
            return store
    return of_folder


def _folders_around(uri: str) -> Iterator[str]:
    """The folders that a folder lies in, the nearest first: those that may be a run's."""
    if is_local(uri):
        yield from (str(folder) for folder in Path(uri).parents if os.path.isdir(records_dir(str(folder))))
        return
    scheme, _, path = uri.partition('://')
    parts = path.split('/')
    yield from (f'{scheme}://{"/".join(parts[:count])}' for count in range(len(parts) - 1, 1, -1))


def _lies_in(uri: str, folder: str) -> bool:
    return uri.startswith(f'{folder}/')


def _job_records(folder: str, command: str = '*') -> Iterator[Record]:
    """The records of jobs in a local folder of records."""
    for path in sorted(Path(folder).glob(f'{command}/*.json')):
        try:
            record = file_to_json(str(path))
        except (RasterVisionError, OSError):
            continue
        if isinstance(record, dict) and _is_of_job(record):
            yield record


def _is_of_job(record: Record) -> bool:
    """Whether a record has what those of jobs and steps have, of the right types."""
    outputs, key, was = record.get('outputs'), record.get('key', 0), record.get('was')
    if not isinstance(outputs, dict) or not all(isinstance(state, str) for state in outputs.values()):
        return False
    if key is None:
        return was is None or (isinstance(was, dict) and isinstance(was.get('key'), str) and _is_timed(was))
    if not isinstance(key, str) or 'name' in record:  # of a step
        return isinstance(key, str)
    split = record.get('split_ind'), record.get('num_splits')
    upstream, parts = record.get('upstream', 0), record.get('parts')
    well_typed = all(isinstance(number, int) for number in split) and isinstance(parts, dict | None)
    return well_typed and isinstance(upstream, dict | None) and _is_timed(record)


def _is_timed(record: Record) -> bool:
    """Whether a record says when a job ended, and since when others see its result."""
    seen = record.get('seen') or {}
    stamps: list[Any] = list(seen.values()) if isinstance(seen, dict) else [None]
    if not all(isinstance(stamp, dict) and isinstance(stamp.get('key'), str) for stamp in stamps):
        return False
    return _is_time(record.get('ended')) and all(_is_time(stamp.get('stamp')) for stamp in stamps)


def _is_time(text: Any) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return False


def complete_run(records: list[Record]) -> list[Record]:
    """Of records of jobs, those that together are a whole command and have outputs; none if there are no such."""
    for num_splits in {record['num_splits'] for record in records}:
        parts = [record for record in records if record['num_splits'] == num_splits]
        if len(parts) == num_splits and any(record['outputs'] for record in parts):
            return parts
    return []


def same_run(a: Record, b: Record) -> bool:
    """Whether two records are of jobs that a command was split into together."""
    return a['key'] == b['key'] and a.get('num_splits') == b.get('num_splits')


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


def input_state(uri: str, *, by_size: bool = False) -> str | None:
    """What must stay the same for an input to count as unchanged: size and time of change; of a folder, of all in it.

    Cost: one `stat` for each file.

    Args:
        uri: The file or folder. Where it lies counts for nothing.
        by_size: Leave out the time of change of local files, which is another one in a copy.

    Returns:
        None if the file is not there.
    """
    if not is_local(uri):
        return _remote_state(uri)
    local = to_path(uri)
    try:
        if os.path.isdir(local):
            states = {path: input_state(path, by_size=by_size) for path in _files_under(local)}
            return digest([[os.path.relpath(path, local), state] for path, state in states.items()])
        stat = os.stat(local)
    except OSError:
        return None
    return str(stat.st_size) if by_size else f'{stat.st_size} {stat.st_mtime_ns}'


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
