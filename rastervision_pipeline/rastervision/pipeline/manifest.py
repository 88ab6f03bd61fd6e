"""What was made from what, and whether it is complete.

A job (one split of one command) that ends well leaves a record: a key that stands for all it depended on, and the
files it published with their sizes. A command is done if all its jobs have a record with the present key and all
those files are intact; that a file exists says nothing. A job that publishes nothing through
`rastervision.pipeline.file_system` leaves no record and always runs.

A command may do its work in steps, such as a scene each, through `run_step`. A step leaves its own record when it
ends, so that a job that was killed goes on with the missing ones, also under another number of splits.
"""

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.dependency_keys import DependencyKeys, describe_changes
from rastervision.pipeline.errors import ConfigError, DataError
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.publish import record_outputs
from rastervision.pipeline.file_system.utils import is_local
from rastervision.pipeline.masking import mask
from rastervision.pipeline.published_files import knowing_files
from rastervision.pipeline.records import (
    BEGUN,
    STEPS,
    Record,
    RecordStore,
    RunRoot,
    complete_run,
    digest,
    find_store,
    output_state,
    path_inside,
    plain_uri,
    real_uri,
    remove_older,
    same_run,
)
from rastervision.pipeline.utils import peak_memory_mb

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

log = logging.getLogger(__name__)

BEGUN_FILE = 'begun.json'
MOST_NAMES = 5


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
        folder = os.path.dirname(pipeline.config.get_config_uri()) or '.'
        self.own_store = RecordStore(folder)
        found = {name: pipeline.output_of(name) for name in pipeline.all_commands}
        self.outputs = {name: uri for name, uri in found.items() if uri is not None}
        self.root = RunRoot(folder, self.outputs)  # as the config spells it
        self.keys = DependencyKeys(pipeline, self.root)
        self._stores: dict[str, RecordStore] = {}

    def store_of(self, command: str) -> RecordStore:
        """Where the records of a command are: those of this run, or ones that it shares; see :func:`.find_store`."""
        if command not in self._stores:
            output = self.outputs.get(command)
            self._stores[command] = self.own_store if output is None else find_store(command, output, self.own_store)
        return self._stores[command]

    def is_shared(self, command: str) -> bool:
        """Whether a command writes outside of the run's folder, where other runs may do so, too."""
        return self.store_of(command) is not self.own_store

    def key(self, command: str) -> str:
        """What stands for all that a command depends on; see :meth:`.DependencyKeys.key`."""
        return self.keys.key(command)

    def statuses(self, commands: Iterable[str], keep: Collection[str] = ()) -> dict[str, Status]:
        """Which of these commands are done, if they run in this order. Reads only.

        A command is not done if one before it, whose output it uses, runs again.

        Args:
            commands: The commands.
            keep: Those that count as done with what is there, as after `keep`.

        Raises:
            ConfigError: If one cannot be kept.
        """
        statuses: dict[str, Status] = {}
        again: set[str] = set()  # those that run though what they depend on is the same
        for command in commands:
            status = self._status(command, {name for name in again if self._stamp(name, command)})
            if not status.done and any(
                record['key'] == self.key(command) for _, record in self.store_of(command).jobs(command)
            ):
                again.add(command)
            if command in keep and not status.done:
                self._records_to_keep(command)
                status = Status(True, f'kept as it is, though {status.reason}')
            statuses[command] = status
        return statuses

    def keep(self, command: str) -> None:
        """Let a command count as done with what an earlier run of it has left, whatever it depended on.

        Raises:
            ConfigError: If no run of it is known that ended and whose files are as they were written.
        """
        for record in self._records_to_keep(command):
            about = {'key': self.key(command), 'parts': self.keys.parts_of(command), 'upstream': None, 'seen': {}}
            name = job_name(record['split_ind'], record['num_splits'])
            self.store_of(command).write({**record, **about}, command, name)

    def job_is_done(self, command: str, split_ind: int = 0, num_splits: int = 1) -> bool:
        """Whether one job need not run."""
        record = self.store_of(command).read_job(command, job_name(split_ind, num_splits))
        if record is None or record['key'] != self.key(command):
            return False
        # A job that had nothing to do is told from one whose outputs nobody noted by those beside it.
        known = any(other['outputs'] for _, other in self.store_of(command).jobs(command) if same_run(other, record))
        return known and self._fault(command, record, self._stamps_above(command)) is None

    def forget(self, commands: Iterable[str]) -> None:
        """Remove all records of these commands, so that they run from the start and discard unfinished work."""
        for command in commands:
            store = self.store_of(command)
            records = list(store.jobs(command))
            store.forget(command)
            store.write({'state': None}, command, BEGUN, BEGUN_FILE)
            for name, record in records:
                self._supersede(command, name, {'key': None, 'outputs': record['outputs']})

    @contextmanager
    def job(self, command: str, split_ind: int = 0, num_splits: int = 1) -> Iterator[None]:
        """While this is entered a job runs; when it ends without an error, its record is written.

        Records that are no longer true as soon as the job writes something lose their key first. Files that only they
        list are removed when the command is complete again: a new run leaves nothing of an older one behind.

        Raises:
            ConfigError: See `refuse_others`.
        """
        self.refuse_others(command)
        store = self.store_of(command)
        key, name = self.key(command), job_name(split_ind, num_splits)
        for other, record in store.jobs(command):
            if other == name or record['key'] != key:
                self._supersede(command, other, record)
        parts = {name: part for name, part in self.keys.parts_of(command).items() if name != 'config'}
        job = _Job(store, command, key, self.pipeline.tmp_dir, parts)
        upstream = self._stamps_above(command)
        started = _now()
        token = _current_job.set(job)
        try:
            with knowing_files(partial(self.files_for, command)), record_outputs() as published:
                yield
        finally:
            _current_job.reset(token)
        outputs = {**job.outputs, **job.states(published)}
        if outputs or num_splits > 1:
            ended = _now()
            times = {'started': started, 'ended': ended, 'peak_memory_mb': peak_memory_mb()}
            about = {'key': key, 'parts': self.keys.parts_of(command), 'upstream': upstream}
            split = {'split_ind': split_ind, 'num_splits': num_splits}
            seen = self._seen_of(command, ended)
            about |= {'run': self.root.uri} if self.is_shared(command) else {}
            store.write({**about, **split, 'seen': seen, **times, 'outputs': outputs}, command, name)
            self._remove_superseded(command, started)

    def refuse_others(self, command: str) -> None:
        """See that a command does not replace what another run has made in a folder that both name.

        Raises:
            ConfigError: If it would.
        """
        if not self.is_shared(command):
            return
        store = self.store_of(command)
        for _, record in store.jobs(command):
            maker = record.get('run', store.root.uri)
            is_other = record['key'] not in (None, self.key(command)) and maker != self.root.uri
            if is_other and record['outputs'] and not any(self._changed(command, record['outputs'])):
                raise ConfigError(
                    f'{command}: {self.outputs[command]!r} holds what the run in {mask(maker)!r} has made, from which '
                    f'this one differs: {self._changes(command, record)} changed. Give this run another folder, or '
                    'remove that one.'
                )

    def files_for(self, by: str, folder: str) -> list[str] | None:
        """What counts of a folder for a command: the files that another one has put there with this config, sorted.

        If only its code or inputs have changed since, they are those of its last whole run.

        Returns:
            Their URIs; None if no other command writes there, or none is known to have done so.

        Raises:
            DataError: If they were made with another config, are not all there, or were changed.
        """
        command = next((name for name, uri in self.outputs.items() if real_uri(uri) == real_uri(folder)), by)
        records = [] if command == by else [record for _, record in self.store_of(command).jobs(command)]
        if not any(record['outputs'] for record in records):
            return None
        now = self.key(command), self.keys.seen_key(command, by), self.keys.parts_of(command)['config']

        def fit(run: list[Record]) -> list[bool]:
            then = run[0]['key'], _seen_by(run[0], by)[0], (run[0].get('parts') or {}).get('config')
            return [a == b for a, b in zip(now, then, strict=True)]

        runs = self._whole_runs(command, records).values()
        run = max(runs, key=lambda run: (fit(run), _ended(run)), default=None)
        if run is None or not any(fit(run)):
            raise DataError(
                f'{by}: {mask(folder)!r} holds no whole result of {command} for this config: '
                f'{self._status(command, set()).reason}. Run {command}, too; --keep {command} takes its last result.'
            )
        if not any(fit(run)[:2]):
            changes = self._changes(command, run[0])
            log.warning(
                '%s: what %s has made in %s counts, though %s changed since.', by, command, mask(folder), changes
            )
        root = self.store_of(command).root
        paths = {path_inside(root.locate(name), folder) for record in run for name in record['outputs']}
        return sorted(os.path.join(folder, path) for path in paths if path is not None)

    def missing_inputs(self, commands: Iterable[str]) -> list[str]:
        """Local inputs of these commands that are not there, and that no command of the run may write."""
        uris = dict.fromkeys(uri for command in commands for uri in self.pipeline.inputs_of(command) if is_local(uri))
        return [uri for uri in uris if not self.makes(uri) and self.keys.input_state(uri) is None]

    def makes(self, uri: str) -> bool:
        """Whether a local file lies where commands of the run write: in its folder, or in one of theirs."""
        folders = [self.root, *(RunRoot(folder) for folder in self.outputs.values() if is_local(folder))]
        return any(plain_uri(uri) == folder.uri or folder.owns(folder.name(uri)) for folder in folders)

    # -------------------------------------------------------------- what is recorded
    def _seen_of(self, command: str, ended: str) -> dict[str, dict[str, str]]:
        """For each command that uses this one's result: what it sees of it, and since when that is so.

        That is since an earlier run, if what has changed since then does not concern it.
        """
        key = self.key(command)
        older = [
            record['was']
            for _, record in self.store_of(command).jobs(command)
            if record['key'] is None and record.get('was')
        ]
        seen: dict[str, dict[str, str]] = {}
        for by in self.pipeline.all_commands:
            if by != command and command in self.pipeline.upstream_of(by):
                seen_key = self.keys.seen_key(command, by)
                others = [_seen_by(record, by) for record in older if record['key'] != key]
                stamps = [stamp for other_key, stamp in others if other_key == seen_key]
                seen[by] = {'key': seen_key, 'stamp': max(stamps, default=ended)}
        return seen

    def _stamp(self, command: str, by: str) -> str | None:
        """Since when the result of a command is what another one sees of it now; None if there is none."""
        key = self.keys.seen_key(command, by)
        found = (
            _seen_by(record, by) for _, record in self.store_of(command).jobs(command) if record['key'] is not None
        )
        return max((stamp for seen_key, stamp in found if seen_key == key), default=None)

    def _followed_by(self, command: str) -> list[str]:
        """The commands above one after which it is to run again: for what runs share, only those they share, too."""
        store = self.store_of(command)
        shared = self.is_shared(command)
        return [name for name in self.keys.upstream_of(command) if not shared or self.store_of(name).uri == store.uri]

    def _stamps_above(self, command: str) -> dict[str, str | None]:
        return {name: self._stamp(name, command) for name in self._followed_by(command)}

    def _changed(self, command: str, outputs: dict[str, str]) -> Iterator[str]:
        """Those of the files in a record of a command that are not as they were written."""
        root = self.store_of(command).root
        return (name for name, state in outputs.items() if output_state(root.locate(name)) != state)

    def _fault(self, command: str, record: Record, stamps: dict[str, str | None]) -> str | None:
        """Why a job is not done whose record this is, or None; `stamps` tells when the commands above it ended."""
        upstream = record['upstream']
        if upstream is not None:  # None: kept, whatever runs before it
            again = [name for name, stamp in stamps.items() if upstream.get(name) != stamp]
            if again:
                return f'{again[0]} ran since'
        changed = next(self._changed(command, record['outputs']), None)
        return None if changed is None else f'{self.store_of(command).root.locate(changed)} is not as it was written'

    def _status(self, command: str, running: set[str]) -> Status:
        records = [record for _, record in self.store_of(command).jobs(command) if record['key'] is not None]
        if not any(record['outputs'] for record in records):
            return Status(False, 'no finished run of it is known')
        current = [record for record in records if record['key'] == self.key(command)]
        if not current:
            return Status(False, f'{self._changes(command, records[-1])} changed')
        again = [name for name in self._followed_by(command) if name in running]
        if again and any(record['upstream'] is not None for record in current):
            return Status(False, f'{again[0]} runs again')
        stamps = self._stamps_above(command)
        faults = [self._fault(command, record, stamps) for record in current]
        fault = next((text for text in faults if text), None)
        intact = [record for record, text in zip(current, faults, strict=True) if text is None]
        complete = complete_run(intact)
        if complete:
            return Status(True, f'finished {max(record["ended"] for record in complete)}')
        return Status(False, fault or f'{len(intact)} of {intact[0]["num_splits"]} parts are finished')

    def _records_to_keep(self, command: str) -> list[Record]:
        """The records of the last whole run of a command whose files are as they were written."""
        runs = self._whole_runs(command, (record for _, record in self.store_of(command).jobs(command)))
        if not runs:
            raise ConfigError(
                f'{command!r} cannot be kept: no run of it in {self.root.uri!r} is known that ended and whose files '
                'are as they were written. Run it.'
            )
        return max(runs.values(), key=_ended)

    def _whole_runs(self, command: str, records: Iterable[Record]) -> dict[str, list[Record]]:
        """Key -> the records of a whole run of a command under it whose files are as they were written."""
        finished = (record for record in records if record['key'] is not None)
        intact = [record for record in finished if not any(self._changed(command, record['outputs']))]
        keys = dict.fromkeys(record['key'] for record in intact)
        runs = {key: complete_run([record for record in intact if record['key'] == key]) for key in keys}
        return {key: run for key, run in runs.items() if run}

    def _changes(self, command: str, record: Record) -> str:
        return describe_changes(self.keys.parts_of(command), record.get('parts') or {})

    # ------------------------------------------------------------ what is superseded
    def _supersede(self, command: str, name: str, record: Record) -> None:
        """Make the record of a job one that only lists its files, until `_remove_superseded`."""
        outputs = record['outputs']
        was = record.get('was')
        if record['key'] is not None:
            was = {part: record.get(part) for part in ('key', 'ended', 'seen')}
        listing = {'key': None, 'outputs': outputs, 'was': was}
        store = self.store_of(command)
        store.write(listing, command, f'superseded-{digest([sorted(outputs), was])[:16]}.json')
        if record['key'] is not None:
            store.remove(command, name)

    def _remove_superseded(self, command: str, started: str) -> None:
        """Once a command is complete, remove what only earlier runs of it have written, and their records.

        Files outside of the run's folder stay, whoever wrote the records.
        """
        if not self._status(command, set()).done:
            return
        store = self.store_of(command)
        records = dict(store.jobs(command))
        current = {name for record in records.values() if record['key'] is not None for name in record['outputs']}
        left: list[str] = []
        for name, record in records.items():
            if record['key'] is not None:
                continue
            for output in record['outputs'].keys() - current:
                uri = store.root.locate(output)
                if store.root.owns(output) and self.root.name(uri) != uri:
                    remove_older(uri, than=datetime.fromisoformat(started))
                elif output_state(uri) is not None:
                    left.append(uri)
            store.remove(command, name)
        if left:
            log.warning(
                '%s: %d files of earlier runs lie outside of %s and stay there; remove them if they are not needed: %s',
                command,
                len(left),
                self.root.uri,
                ', '.join(sorted(left)[:MOST_NAMES]),
            )


def _ended(run: list[Record]) -> str:
    """When a run ended."""
    return max(str(record['ended']) for record in run)


def _seen_by(record: Record, by: str) -> tuple[str, str]:
    """What a command sees of the result that a record is of, and since when."""
    seen = (record.get('seen') or {}).get(by)
    return (seen['key'], seen['stamp']) if seen else (record['key'], record['ended'])


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
        record = self.store.read_job(*path)
        root = self.store.root
        is_done = (
            record is not None
            and record['key'] == self.key
            and all(output_state(root.locate(output)) == state for output, state in record['outputs'].items())
        )
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
        if record is not None and record.get('state') != state:
            discard()
        self.store.write({'state': state}, self.command, BEGUN, BEGUN_FILE)

    def states(self, uris: Iterable[str]) -> dict[str, str]:
        """Name -> state of those that are there to stay: neither temporary nor records."""
        private = tuple(os.path.join(folder, '') for folder in (os.path.abspath(self.tmp_dir), self.store.uri))
        absolute = dict.fromkeys(os.path.abspath(to_path(uri)) if is_local(uri) else uri for uri in uris)
        states = {uri: output_state(uri) for uri in absolute if not uri.startswith(private)}
        return {self.store.root.name(uri): state for uri, state in states.items() if state is not None}


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


def _now() -> str:
    return datetime.now(UTC).isoformat()
