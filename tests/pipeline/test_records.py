import datetime
import os
from pathlib import Path

import pytest

from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.records import RecordStore, RunRoot, digest, input_state, output_state, records_dir
from rastervision.pipeline.registry import registry_

FILES: dict[str, bytes] = {}


class MemoryFileSystem(FileSystem):
    """Keeps files in a dict; stands for a remote one."""

    @staticmethod
    def matches_uri(uri, mode):
        return uri.startswith('mem://')

    @staticmethod
    def file_exists(uri, include_dir=True):
        return uri in FILES

    @staticmethod
    def read_bytes(uri):
        return FILES[uri]

    @staticmethod
    def read_str(uri):
        return FILES[uri].decode()

    @staticmethod
    def write_bytes(uri, data):
        FILES[uri] = data

    @staticmethod
    def write_str(uri, data):
        FILES[uri] = data.encode()

    @staticmethod
    def copy_to(src_path, dst_uri):
        FILES[dst_uri] = Path(src_path).read_bytes()

    @staticmethod
    def copy_from(src_uri, dst_path):
        Path(dst_path).write_bytes(FILES[src_uri])

    @staticmethod
    def local_path(uri, download_dir):
        return os.path.join(download_dir, os.path.basename(uri))

    @staticmethod
    def sync_to_dir(src_dir, dst_dir_uri, delete=False): ...

    @staticmethod
    def sync_from_dir(src_dir_uri, dst_dir, delete=False): ...

    @staticmethod
    def last_modified(uri):
        return datetime.datetime(2020, 1, len(FILES[uri])) if uri in FILES else None

    @staticmethod
    def list_paths(uri, ext=None):
        names = (path.removeprefix(uri.rstrip('/') + '/') for path in FILES if path.startswith(uri))
        return [f'{uri.rstrip("/")}/{name}' for name in names if '/' not in name and name.endswith(ext or '')]


@pytest.fixture
def remote(monkeypatch):
    registry_.load_plugins()
    monkeypatch.setattr(registry_, '_file_systems', [MemoryFileSystem, *registry_._file_systems])
    FILES.clear()
    return 'mem://bucket/run'


@pytest.fixture(params=['local', 'remote'])
def store(request, tmp_path):
    root = str(tmp_path / 'run') if request.param == 'local' else request.getfixturevalue('remote')
    return RecordStore(root)


def test_records_of_a_remote_root_lie_inside_it(remote):
    assert records_dir(f'{remote}/') == 'mem://bucket/run/.manifest'


JOB = {'key': 'k', 'upstream': {}, 'split_ind': 0, 'num_splits': 1, 'ended': '2026-01-01T00:00:00+00:00', 'outputs': {}}


def test_records_are_read_back(store):
    store.write(JOB, 'chip', '0-of-1.json')

    assert store.read('chip', '0-of-1.json') == JOB
    assert dict(store.jobs('chip')) == {'0-of-1.json': JOB}


@pytest.mark.parametrize(
    'odd',
    [
        {'outputs': []},
        {'outputs': {'a': 1}},
        {'key': 1},
        {'num_splits': 'two'},
        {'upstream': []},
        {'parts': 'all'},
        {'ended': 'yesterday'},
        {'ended': ['x']},
        {'seen': [1]},
        {'seen': {'train': {'key': 'k', 'stamp': 5}}},
        {'key': None, 'was': {'key': 'k'}},
    ],
)
def test_records_that_no_job_has_written_count_as_none(store, odd):
    store.write({**JOB, **odd}, 'chip', '0-of-1.json')

    assert dict(store.jobs('chip')) == {}


ROOTS = ['/data/run', 'run', 's3://bucket/run']


@pytest.mark.parametrize('root_uri', ROOTS)
def test_files_of_a_run_are_named_by_their_place_in_it(root_uri):
    root = RunRoot(root_uri)

    assert root.name(f'{root_uri}/predict/a.tif') == 'predict/a.tif'
    assert root.locate('predict/a.tif') == f'{root.uri}/predict/a.tif'
    assert root.neutral({'uri': f'{root_uri}/a', 'other': [f'{root_uri}2/a']}) == {
        'uri': '{root}/a',
        'other': [f'{root_uri}2/a'],
    }


@pytest.mark.parametrize('root_uri', ROOTS)
@pytest.mark.parametrize('name', ['/etc/passwd', '../a', 'a/../../b', 's3://bucket/run/a', 'file:///a', '..\\a'])
def test_files_outside_of_the_run_are_not_its_own(root_uri, name):
    assert not RunRoot(root_uri).owns(name)


def test_a_link_that_leads_out_of_the_run_makes_nothing_its_own(tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'link').symlink_to(tmp_path)

    assert not RunRoot(str(tmp_path / 'run')).owns('link/precious')


def test_removed_record_is_gone(store):
    store.write({'key': 'k'}, 'chip', '0-of-1.json')

    store.remove('chip', '0-of-1.json')
    store.remove('chip', '1-of-1.json')

    assert store.read('chip', '0-of-1.json') is None
    assert dict(store.jobs('chip')) == {}


def test_forgotten_command_has_no_records_nor_steps(store):
    for path in [('chip', '0-of-1.json'), ('chip', 'steps', 'x.json'), ('train', '0-of-1.json')]:
        store.write({'key': 'k'}, *path)

    store.forget('chip')

    assert store.read('chip', '0-of-1.json') is None
    assert store.read('chip', 'steps', 'x.json') is None
    assert store.read('train', '0-of-1.json') == {'key': 'k'}


def test_digest_does_not_depend_on_the_order_of_keys():
    assert digest({'a': 1, 'b': 2}) == digest({'b': 2, 'a': 1}) != digest({'a': 2, 'b': 1})


def test_state_of_a_remote_file_is_its_date(remote):
    FILES['mem://x'] = b'1'

    assert output_state('mem://x') == input_state('mem://x') == '2020-01-01 00:00:00'
    assert output_state('mem://none') is None


def test_run_under_a_remote_root_is_not_done_twice(remote, toy, tmp_path):
    pipeline = toy(root_uri=remote).build(str(tmp_path / 'tmp'))
    manifest = Manifest(pipeline)
    with manifest.job('make'):
        pipeline.make()

    assert manifest.statuses(['make'])['make'].done
    assert 'mem://bucket/run/a.txt' in FILES

    FILES['mem://bucket/run/a.txt'] = b'changed'
    assert not manifest.statuses(['make'])['make'].done
