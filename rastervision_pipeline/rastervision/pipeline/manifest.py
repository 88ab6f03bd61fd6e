"""What was made from what, and whether it is complete.

A job (one split of one command) that ends well leaves a record: a key that stands for all it depended on, and the
files it published with their sizes. A command is done if all its jobs have a record with the present key and all
those files are intact; that a file exists says nothing. A job that publishes nothing through
`rastervision.pipeline.file_system` leaves no record and always runs.

A command may do its work in steps, such as a scene each, through `run_step`. A step leaves its own record when it
ends, so that a job that was killed goes on with the missing ones, also under another number of splits.
"""

import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.publish import record_outputs
from rastervision.pipeline.file_system.utils import is_local
from rastervision.pipeline.records import (
    BEGUN,
    STEPS,
    Record,
    RecordStore,
    digest,
    input_state,
    output_state,
    remove_older,
)
from rastervision.pipeline.registry import registry_

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

BEGUN_FILE = 'begun.json'
CAUSES = {'config': 'its config', 'code': 'the code', 'inputs': 'its inputs', 'upstream': 'a command before it'}


@dataclass(frozen=True)
class Status:
    """Whether a command is done, and how that is known.

    Attributes:
        done: Whether it need not run.
        reason: Why (not), in a few words.
    """

    done: bool
    reason: str


class Manifest:
    """The records of a pipeline's run, read against what it would do now."""

    def __init__(self, pipeline: 'Pipeline') -> None:
        """Of this pipeline; nothing is read or written yet."""
        self.pipeline = pipeline
        self.store = RecordStore(os.path.dirname(pipeline.config.get_config_uri()) or '.')
        self._parts: dict[str, dict[str, str]] = {}
        self._input_states: dict[str, str | None] = {}

    def key(self, command: str) -> str:
        """What stands for all that a command depends on.

        Cost: one `stat` for each of its inputs and those of the commands before it, once.
        """
        return digest([command, self._parts_of(command)])

    def statuses(self, commands: Iterable[str]) -> dict[str, Status]:
        """Which of these commands are done, if they run in this order. Reads only.

        A command is not done if one before it, whose output it uses, runs again.
        """
        statuses: dict[str, Status] = {}
        for command in commands:
            running = {name for name, status in statuses.items() if not status.done and self._stamp(name)}
            statuses[command] = self._status(command, running)
        return statuses

    def job_is_done(self, command: str, split_ind: int = 0, num_splits: int = 1) -> bool:
        """Whether one job need not run."""
        record = self.store.read(command, job_name(split_ind, num_splits))
        is_current = record is not None and record['key'] == self.key(command)
        return record is not None and is_current and _fault(record, self._stamps_above(command)) is None

    def forget(self, commands: Iterable[str]) -> None:
        """Remove all records of these commands, so that they run from the start and discard unfinished work."""
        for command in commands:
            records = list(self.store.jobs(command))
            self.store.forget(command)
            self.store.write({'state': None}, command, BEGUN, BEGUN_FILE)
            for name, record in records:
                self._supersede(command, name, record)

    @contextmanager
    def job(self, command: str, split_ind: int = 0, num_splits: int = 1) -> Iterator[None]:
        """While this is entered a job runs; when it ends without an error, its record is written.

        Records that are no longer true as soon as the job writes something lose their key first. Files that only they
        list are removed when the command is complete again: a new run leaves nothing of an older one behind.
        """
        key, name = self.key(command), job_name(split_ind, num_splits)
        for other, record in self.store.jobs(command):
            if other == name or record['key'] != key:
                self._supersede(command, other, record)
        parts = {name: part for name, part in self._parts_of(command).items() if name != 'config'}
        job = _Job(self.store, command, key, self.pipeline.tmp_dir, parts)
        upstream = self._stamps_above(command)
        started = _now()
        token = _current_job.set(job)
        try:
            with record_outputs() as published:
                yield
        finally:
            _current_job.reset(token)
        outputs = {**job.outputs, **job.states(published)}
        if outputs:
            times = {'started': started, 'ended': _now(), 'peak_memory_mb': peak_memory_mb()}
            about = {'key': key, 'parts': self._parts_of(command), 'upstream': upstream, 'num_splits': num_splits}
            self.store.write({**about, **times, 'outputs': outputs}, command, name)
            self._remove_superseded(command, started)

    def missing_inputs(self, commands: Iterable[str]) -> list[str]:
        """Local inputs of these commands that are not there, and that no command writes below the run's folder."""
        root = os.path.join(os.path.dirname(os.path.abspath(self.pipeline.config.get_config_uri())), '')
        uris = dict.fromkeys(uri for command in commands for uri in self.pipeline.inputs_of(command) if is_local(uri))
        made = [uri for uri in uris if os.path.abspath(to_path(uri)).startswith(root)]
        return [uri for uri in uris if uri not in made and self._input_state(uri) is None]

    # ---------------------------------------------------------------- internals
    def _upstream_of(self, command: str) -> list[str]:
        return [name for name in self.pipeline.upstream_of(command) if name != command]

    def _parts_of(self, command: str) -> dict[str, str]:
        if command not in self._parts:
            inputs = {uri: self._input_state(uri) for uri in self.pipeline.inputs_of(command)}
            self._parts[command] = {
                'config': digest(self.pipeline.config_for(command)),
                'code': digest(code_versions(type(self.pipeline))),
                'inputs': digest(inputs),
                'upstream': digest([self.key(name) for name in self._upstream_of(command)]),
            }
        return self._parts[command]

    def _supersede(self, command: str, name: str, record: Record) -> None:
        """Make the record of a job one that only lists its files, until `_remove_superseded`."""
        outputs = record['outputs']
        self.store.write({'key': None, 'outputs': outputs}, command, f'superseded-{digest(sorted(outputs))[:16]}.json')
        if record['key'] is not None:
            self.store.remove(command, name)

    def _remove_superseded(self, command: str, started: str) -> None:
        """Once a command is complete, remove what only earlier runs of it have written, and their records."""
        if not self._status(command, set()).done:
            return
        records = dict(self.store.jobs(command))
        current = {uri for record in records.values() if record['key'] is not None for uri in record['outputs']}
        for name, record in records.items():
            if record['key'] is not None:
                continue
            for uri in record['outputs'].keys() - current:
                remove_older(uri, than=datetime.fromisoformat(started))
            self.store.remove(command, name)

    def _input_state(self, uri: str) -> str | None:
        if uri not in self._input_states:
            self._input_states[uri] = input_state(uri)
        return self._input_states[uri]

    def _stamp(self, command: str) -> str | None:
        """When the last job of a command ended that has the present key; None if none has."""
        key = self.key(command)
        return max((record['ended'] for _, record in self.store.jobs(command) if record['key'] == key), default=None)

    def _stamps_above(self, command: str) -> dict[str, str | None]:
        return {name: self._stamp(name) for name in self._upstream_of(command)}

    def _status(self, command: str, running: set[str]) -> Status:
        records = [record for _, record in self.store.jobs(command) if record['key'] is not None]
        if not records:
            return Status(False, 'no finished run of it is known')
        current = [record for record in records if record['key'] == self.key(command)]
        if not current:
            return Status(False, f'{self._changes(command, records[-1])} changed')
        again = [name for name in self._upstream_of(command) if name in running]
        if again:
            return Status(False, f'{again[0]} runs again')
        stamps = self._stamps_above(command)
        faults = [_fault(record, stamps) for record in current]
        fault = next((text for text in faults if text), None)
        intact = [record for record, text in zip(current, faults, strict=True) if text is None]
        for num_splits in {record['num_splits'] for record in intact}:
            if sum(record['num_splits'] == num_splits for record in intact) == num_splits:
                return Status(True, f'finished {max(record["ended"] for record in intact)}')
        return Status(False, fault or f'{len(intact)} of {intact[0]["num_splits"]} parts are finished')

    def _changes(self, command: str, record: Record) -> str:
        now, then = self._parts_of(command), record.get('parts', {})
        return ' and '.join(text for part, text in CAUSES.items() if now[part] != then.get(part)) or 'something'


@dataclass
class _Job:
    """The job that runs now, for `run_step`."""

    store: RecordStore
    command: str
    key: str
    tmp_dir: str
    parts: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run_step(self, name: str, function: Callable[[], object]) -> bool:
        path = (self.command, STEPS, f'{digest(name)}.json')
        record = self.store.read(*path)
        is_done = record is not None and record['key'] == self.key and not any(changed(record['outputs']))
        if record is None or not is_done:
            self.store.remove(*path)
            with record_outputs() as published:
                function()
            record = {'key': self.key, 'name': name, 'ended': _now(), 'outputs': self.states(published)}
            if record['outputs']:
                self.store.write(record, *path)
        with self.lock:
            self.outputs.update(record['outputs'])
        return not is_done

    def begin(self, discard: Callable[[], object], settings: Any) -> None:
        state = digest([self.parts, settings])
        record = self.store.read(self.command, BEGUN, BEGUN_FILE)
        if record is not None and record['state'] != state:
            discard()
        self.store.write({'state': state}, self.command, BEGUN, BEGUN_FILE)

    def states(self, uris: Iterable[str]) -> dict[str, str]:
        """URI -> state of those that are there to stay: neither temporary nor records."""
        private = tuple(os.path.join(folder, '') for folder in (os.path.abspath(self.tmp_dir), self.store.uri))
        absolute = dict.fromkeys(os.path.abspath(to_path(uri)) if is_local(uri) else uri for uri in uris)
        states = {uri: output_state(uri) for uri in absolute if not uri.startswith(private)}
        return {uri: state for uri, state in states.items() if state is not None}


_current_job: ContextVar[_Job | None] = ContextVar('current_job', default=None)


def run_step(name: str, function: Callable[[], object]) -> bool:
    """Run one part of the running command, such as a scene, unless it is done already.

    It is done if it ended before, under the same key of the command, and the files it published are intact. Outside a
    command, or in a thread that was not given the context of the command (`contextvars.copy_context`), the function is
    just called.

    Args:
        name: Names the part; unique in the command and the same in each run.
        function: Does the part. Its result is not used.

    Returns:
        Whether the function was called.
    """
    job = _current_job.get()
    if job is None:
        function()
        return True
    return job.run_step(name, function)


def begin(discard: Callable[[], object], settings: Any = None) -> None:
    """Called by a command that keeps unfinished work to go on with, before it looks for any.

    Work that was begun with other code, inputs or settings, or that the user does not want (`--rerun`), is discarded.
    Outside a command nothing happens.

    Args:
        discard: Removes the unfinished work.
        settings: Plain data: what must be the same to go on with it.
    """
    job = _current_job.get()
    if job is not None:
        job.begin(discard, settings)


def job_name(split_ind: int, num_splits: int) -> str:
    """File name of the record of a job."""
    return f'{split_ind}-of-{num_splits}.json'


def _fault(record: Record, stamps: dict[str, str | None]) -> str | None:
    """Why a job is not done whose record this is, or None; `stamps` tells when the commands above it ended."""
    again = [name for name, stamp in stamps.items() if record['upstream'].get(name) != stamp]
    if again:
        return f'{again[0]} ran since'
    return next((f'{uri} is not as it was written' for uri in changed(record['outputs'])), None)


def changed(outputs: dict[str, str]) -> Iterator[str]:
    """Those of the files in a record that are not as they were written."""
    return (uri for uri, state in outputs.items() if output_state(uri) != state)


def code_versions(pipeline_class: type) -> dict[str, Any]:
    """What stands for the code of a pipeline: versions of what is installed, and the source of its own classes."""
    return {
        'distributions': _distributions(),
        'plugins': registry_.get_plugin_versions(),
        'classes': [_source_digest(cls) for cls in pipeline_class.__mro__[:-1]],
    }


@cache
def _distributions() -> list[str]:
    found = {(item.metadata['Name'] or '', item.version) for item in metadata.distributions()}
    return sorted(f'{name} {version}' for name, version in found if name.lower().startswith('rastervision'))


@cache
def _source_digest(cls: type) -> str:
    """Of the methods, one by one: the source of a class in a user's config file is not found by its module."""
    methods = [member for member in vars(cls).values() if inspect.isfunction(member)]
    try:
        return digest([inspect.getsource(method) for method in methods])
    except OSError:  # typed into a shell, say
        return cls.__qualname__


def peak_memory_mb() -> int | None:
    """The most memory that this process had at once so far, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # not a Unix
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (2**20 if sys.platform == 'darwin' else 2**10))


def _now() -> str:
    return datetime.now(UTC).isoformat()
