"""What holds for every file system that can be written, run over all of them."""

import datetime
import os
import shutil

import pytest

from rastervision.aws_s3.s3_file_system import S3FileSystem
from rastervision.pipeline.errors import MissingFileError, NotReadableError, NotWritableError
from rastervision.pipeline.file_system import publish, utils
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.json_reader import JsonLimits
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem, list_files
from rastervision.pipeline.records import RecordStore, input_state, output_state, remove_older
from rastervision.pipeline.rv_config import rv_config_


@pytest.fixture(params=['local', 's3'])
def root(request, tmp_path):
    """A place on the file system."""
    return str(tmp_path / 'root') if request.param == 'local' else request.getfixturevalue('bucket') + '/a root'


@pytest.fixture
def fs(root):
    return FileSystem.get_file_system(root, 'w')


@pytest.fixture
def src(tmp_path):
    folder = tmp_path / 'src'
    (folder / 'sub').mkdir(parents=True)
    (folder / 'a').write_text('a')
    (folder / 'sub' / 'b').write_text('b')
    return str(folder)


def names_under(uri, tmp_path):
    if FileSystem.get_file_system(uri) is LocalFileSystem:
        return list_files(uri)
    return [path.removeprefix(f'{uri}/') for path in S3FileSystem.list_paths(uri, delimiter='')]


def test_uri_finds_its_file_system(root, fs):
    assert fs is (S3FileSystem if root.startswith('s3://') else LocalFileSystem)
    assert FileSystem.get_file_system(root, 'r') is fs


@pytest.mark.parametrize('name', ['x', 'x y', 'ä#?%20+&=.txt', 'deep/er/x'])
def test_bytes_come_back(root, fs, name):
    data = os.urandom(1000)

    fs.write_bytes(f'{root}/{name}', data)

    assert fs.read_bytes(f'{root}/{name}') == data
    assert fs.file_exists(f'{root}/{name}')


def test_no_more_is_read_than_allowed(root, fs):
    fs.write_bytes(f'{root}/x', b'x' * 1000)

    assert fs.read_up_to(f'{root}/x', 1000) == b'x' * 1000
    assert utils.file_to_str(f'{root}/x', max_bytes=1000) == 'x' * 1000
    with pytest.raises(NotReadableError, match=r'/x.* is not read: it has more than'):
        fs.read_up_to(f'{root}/x', 999)
    with pytest.raises(NotReadableError, match=r'/x.* is not read: it has more than'):
        utils.file_to_json(f'{root}/x', JsonLimits(999, 100, is_strict=True))


def test_no_more_is_copied_than_allowed(root, fs, tmp_path):
    fs.write_bytes(f'{root}/x', b'x' * 1000)
    copy = tmp_path / 'copies' / 'x'

    with pytest.raises(NotReadableError, match=r'/x.* is not copied: it has more than 999 bytes'):
        fs.copy_up_to(f'{root}/x', str(copy), 999)
    assert not copy.exists()
    fs.copy_up_to(f'{root}/x', str(copy), 1000)
    assert copy.read_bytes() == b'x' * 1000
    with pytest.raises(MissingFileError, match='/y'):
        fs.copy_up_to(f'{root}/y', str(copy), 1000)


def test_text_comes_back(root, fs):
    fs.write_str(f'{root}/x', 'Straße\r\n\n')
    assert fs.read_str(f'{root}/x') == 'Straße\r\n\n'
    fs.write_bytes(f'{root}/x', b'\xff\xfe')
    with pytest.raises(NotReadableError, match='not a UTF-8 text'):
        fs.read_str(f'{root}/x')


def test_writing_replaces(root, fs):
    fs.write_str(f'{root}/x', 'old and long')
    fs.write_str(f'{root}/x', 'new')

    assert fs.read_str(f'{root}/x') == 'new'


def test_missing_file_is_an_error_that_names_it(root, fs, tmp_path):
    uri = f'{root}/missing'
    for read in (fs.read_bytes, fs.read_str, fs.last_modified, lambda uri: fs.copy_from(uri, str(tmp_path / 'copy'))):
        with pytest.raises(NotReadableError, match="/missing' cannot be read"):
            read(uri)
    assert not fs.file_exists(uri)
    assert not (tmp_path / 'copy').exists()


def test_folder_exists_if_folders_count(root, fs):
    fs.write_str(f'{root}/folder/x', 'x')

    assert fs.file_exists(f'{root}/folder')
    assert not fs.file_exists(f'{root}/folder', include_dir=False)
    assert not fs.file_exists(f'{root}/fold')


def test_listing_has_files_and_folders_directly_inside(root, fs):
    for name in ('b.tif', 'a.tif', 'c.json', 'sub/d.tif'):
        fs.write_str(f'{root}/{name}', name)
    fs.write_str(f'{root}beside/x.tif', '')

    assert fs.list_paths(root) == [f'{root}/{name}' for name in ('a.tif', 'b.tif', 'c.json', 'sub')]
    assert fs.list_paths(f'{root}/', '.tif') == [f'{root}/a.tif', f'{root}/b.tif']


def test_copy_of_a_file_and_back(root, fs, src, tmp_path):
    fs.copy_to(f'{src}/a', f'{root}/copy')
    fs.copy_from(f'{root}/copy', str(tmp_path / 'back' / 'a'))

    assert (tmp_path / 'back' / 'a').read_text() == 'a'


def test_copy_of_a_missing_file_is_an_error(root, fs, src):
    with pytest.raises(NotReadableError, match='cannot be'):
        fs.copy_to(f'{src}/missing', f'{root}/x')


def test_copy_of_a_folder_leaves_what_else_is_there(root, fs, src, tmp_path):
    fs.write_str(f'{root}/to/old', 'old')

    fs.copy_to(src, f'{root}/to')

    assert names_under(f'{root}/to', tmp_path) == ['a', 'old', 'sub/b']


def test_sync_to_copies_what_is_new_or_changed(root, fs, src, tmp_path):
    fs.sync_to_dir(src, f'{root}/to')
    with open(f'{src}/sub/b', 'w') as file:
        file.write('z')
    os.utime(f'{src}/sub/b', (0, 0))  # the same size, and an older time
    with open(f'{src}/c', 'w') as file:
        file.write('')

    fs.sync_to_dir(src, f'{root}/to')

    assert names_under(f'{root}/to', tmp_path) == ['a', 'c', 'sub/b']
    assert fs.read_str(f'{root}/to/sub/b') == 'z'
    assert fs.read_str(f'{root}/to/c') == ''


def test_sync_from_copies_what_is_new_or_changed(root, fs, src, tmp_path):
    dst = str(tmp_path / 'dst')
    fs.sync_to_dir(src, f'{root}/to')
    fs.sync_from_dir(f'{root}/to', dst)
    inode = os.stat(f'{dst}/a').st_ino
    fs.write_str(f'{root}/to/sub/b', 'changed')

    fs.sync_from_dir(f'{root}/to', dst)

    assert list_files(dst) == ['a', 'sub/b']
    assert os.stat(f'{dst}/a').st_ino == inode
    with open(f'{dst}/sub/b') as file:
        assert file.read() == 'changed'


def test_sync_removes_only_if_told_to(root, fs, src, tmp_path):
    dst = tmp_path / 'dst'
    (dst / 'gone' / 'deep').mkdir(parents=True)
    (dst / 'gone' / 'deep' / 'x').touch()
    fs.write_str(f'{root}/to/gone/x', 'x')

    fs.sync_to_dir(src, f'{root}/to')
    assert names_under(f'{root}/to', tmp_path) == ['a', 'gone/x', 'sub/b']
    fs.sync_to_dir(src, f'{root}/to', delete=True)
    assert names_under(f'{root}/to', tmp_path) == ['a', 'sub/b']

    fs.sync_from_dir(f'{root}/to', str(dst))
    assert list_files(str(dst)) == ['a', 'gone/deep/x', 'sub/b']
    fs.sync_from_dir(f'{root}/to', str(dst), delete=True)
    assert sorted(os.listdir(dst)) == ['a', 'sub']


def test_sync_from_a_missing_folder_removes_nothing(root, fs, tmp_path):
    (tmp_path / 'dst').mkdir()
    (tmp_path / 'dst' / 'x').touch()

    with pytest.raises(NotReadableError, match='no such folder'):
        fs.sync_from_dir(f'{root}/missing', str(tmp_path / 'dst'), delete=True)

    assert (tmp_path / 'dst' / 'x').exists()


def test_sync_from_does_not_delete_through_a_link(root, fs, src, tmp_path):
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'outside' / 'precious').touch()
    (tmp_path / 'dst').mkdir()
    (tmp_path / 'dst' / 'link').symlink_to(tmp_path / 'outside')
    fs.sync_to_dir(src, f'{root}/to')

    fs.sync_from_dir(f'{root}/to', str(tmp_path / 'dst'), delete=True)

    assert (tmp_path / 'outside' / 'precious').exists()
    assert list_files(str(tmp_path / 'dst')) == ['a', 'sub/b']


def test_time_of_change_is_in_utc(root, fs):
    fs.write_str(f'{root}/x', 'x')

    changed = fs.last_modified(f'{root}/x')

    assert changed.utcoffset() == datetime.timedelta(0)
    assert abs(datetime.datetime.now(datetime.UTC) - changed) < datetime.timedelta(minutes=1)


def test_published_files_appear_at_the_end_or_never(root, fs):
    with publish.record_outputs() as outputs, publish.publish_file(f'{root}/x') as path:
        with open(path, 'w') as file:
            file.write('x')
        assert not fs.file_exists(f'{root}/x')
    assert outputs == [f'{root}/x']
    with pytest.raises(ZeroDivisionError), publish.publish_file(f'{root}/x') as path:
        with open(path, 'w') as file:
            file.write('half')
        raise ZeroDivisionError
    assert fs.read_str(f'{root}/x') == 'x'


def publish_names(uri, *names):
    with publish.publish_dir(uri) as path:
        for name in names:
            os.makedirs(os.path.dirname(f'{path}/{name}'), exist_ok=True)
            with open(f'{path}/{name}', 'w') as file:
                file.write('new')


def test_published_folder_replaces_what_was_published_before(root, fs, tmp_path):
    publish_names(f'{root}/to', 'old', 'sub/old', 'both')

    publish_names(f'{root}/to', 'new', 'sub/new', 'both')

    assert names_under(f'{root}/to', tmp_path) == ['both', 'new', 'sub/new']


def test_publishing_leaves_what_somebody_else_put_there(root, fs, tmp_path):
    fs.write_str(f'{root}/to/notes', 'precious')
    fs.write_str(f'{root}/to/sub/notes', 'precious')
    publish_names(f'{root}/to', 'old', 'sub/old', 'gone/old', 'both')

    publish_names(f'{root}/to', 'new', 'sub/new', 'both')

    assert names_under(f'{root}/to', tmp_path) == ['both', 'new', 'notes', 'sub/new', 'sub/notes']
    assert fs.read_str(f'{root}/to/sub/notes') == 'precious'


def test_publishing_over_a_file_of_somebody_else_is_refused(root, fs, tmp_path):
    fs.write_str(f'{root}/to/sub/both', 'precious')

    with pytest.raises(NotWritableError, match=r"holds 'sub/both'.*choose another folder"):
        publish_names(f'{root}/to', 'new', 'sub/both')

    assert names_under(f'{root}/to', tmp_path) == ['sub/both']
    assert fs.read_str(f'{root}/to/sub/both') == 'precious'


def test_records_of_a_run_are_kept_and_forgotten(root):
    store = RecordStore(f'{root}/run')
    superseded = {'key': None, 'outputs': {}}
    store.write(superseded, 'train', '0-of-1.json')
    store.write({'key': 'k'}, 'train', 'steps', 'x.json')
    assert list(store.jobs('train')) == [('0-of-1.json', superseded)]

    store.remove('train', '0-of-1.json')
    assert list(store.jobs('train')) == []
    store.forget('train')
    assert store.read('train', 'steps', 'x.json') is None


@pytest.mark.parametrize('state', [input_state, output_state])
def test_state_of_a_file_changes_with_it(root, fs, state):
    uri = f'{root}/x'
    assert state(uri) is None
    fs.write_str(uri, 'x')
    first = state(uri)

    fs.write_str(uri, 'longer')

    assert None not in (first, state(uri))
    assert state(uri) != first


def test_outputs_of_earlier_runs_are_removed(root, fs):
    fs.write_str(f'{root}/x', 'x')
    now = datetime.datetime.now(datetime.UTC)

    remove_older(f'{root}/x', than=now - datetime.timedelta(hours=1))
    assert fs.file_exists(f'{root}/x')
    remove_older(f'{root}/x', than=now + datetime.timedelta(hours=1))
    assert not fs.file_exists(f'{root}/x')


def test_download_is_used_again_until_the_file_changes(root, fs, monkeypatch):
    fs.write_str(f'{root}/x', 'old')
    path = utils.download_if_needed(f'{root}/x')
    inode = os.stat(path).st_ino
    assert os.stat(utils.download_if_needed(f'{root}/x')).st_ino == inode

    fs.write_str(f'{root}/x', 'new')

    with open(utils.download_if_needed(f'{root}/x')) as file:
        assert file.read() == 'new'


def content(uri):
    with open(utils.download_if_needed(uri), 'rb') as file:
        return file.read()


def test_download_is_kept_until_the_file_changes(store):
    uri = f'{store.uri}/x.bin'
    store.put('x.bin', b'old')
    inode = os.stat(utils.download_if_needed(uri)).st_ino
    assert os.stat(utils.download_if_needed(uri)).st_ino == inode

    store.put('x.bin', b'new')

    assert content(uri) == b'new'


def test_records_see_what_downloads_see(store):
    uri = f'{store.uri}/x.bin'
    assert input_state(uri) is None
    store.put('x.bin', b'old')
    first = input_state(uri)
    assert input_state(uri) == first

    store.put('x.bin', b'new')

    assert None not in (first, input_state(uri))
    assert input_state(uri) != first


def test_file_that_was_removed_is_an_error_though_it_was_downloaded(store):
    uri = f'{store.uri}/x.bin'
    store.put('x.bin', b'old')
    utils.download_if_needed(uri)
    store.remove('x.bin')

    with pytest.raises(MissingFileError, match=r'x\.bin'):
        utils.download_if_needed(uri)


COMPANIONS = {
    'a.tif': ['a.tfw', 'a.wld', 'a.tif.msk', 'a.tif.aux.xml', 'a.tif.ovr', 'a.prj'],
    'a.png': ['a.pgw', 'a.png.aux.xml'],
    'a.jpeg': ['a.jgw', 'a.jpegw', 'a.jpeg.msk'],
    'A.TIF': ['A.TFW', 'A.TIF.msk'],
    'a.bil': ['a.hdr', 'a.prj'],
    'a.shp': ['a.shx', 'a.dbf', 'a.prj', 'a.cpg'],
}


@pytest.mark.parametrize('name', COMPANIONS)
def test_files_that_belong_to_a_file_come_along(store, name, tmp_path):
    names = [name, *COMPANIONS[name]]
    for each in names:
        store.put(each, each.encode())

    folder = os.path.dirname(utils.download_if_needed(f'{store.uri}/{name}'))
    assert sorted(each for each in os.listdir(folder) if not each.startswith('.')) == sorted(names)
    utils.download_or_copy(f'{store.uri}/{name}', str(tmp_path / 'copy'))
    assert sorted(os.listdir(tmp_path / 'copy')) == sorted(names)
    utils.download_or_copy(str(tmp_path / 'copy' / name), str(tmp_path / 'second'))
    assert sorted(os.listdir(tmp_path / 'second')) == sorted(names)


def test_files_that_belong_to_a_file_change_and_go_with_it(store):
    for name in ('a.tif', 'a.tfw', 'a.tif.msk'):
        store.put(name, f'old {name}'.encode())
    path = utils.download_if_needed(f'{store.uri}/a.tif')
    assert os.path.exists(f'{path}.msk')
    store.put('a.tfw', b'new')
    store.remove('a.tif.msk')

    utils.download_if_needed(f'{store.uri}/a.tif')

    with open(path.removesuffix('.tif') + '.tfw') as file:
        assert file.read() == 'new'
    assert not os.path.exists(f'{path}.msk')


@pytest.mark.parametrize('how', ['file', 'link', 'edited', 'other uri'])
def test_download_that_is_not_what_was_downloaded_is_made_again(store, how, tmp_path):
    uri = f'{store.uri}/x.bin'
    store.put('x.bin', b'right')
    path = FileSystem.get_file_system(uri).local_path(uri, rv_config_.get_cache_dir())
    if how == 'other uri':
        store.put('y.bin', b'right')
        other = utils.download_if_needed(f'{store.uri}/y.bin')
        shutil.copy2(other, path)
        shutil.copy2(f'{os.path.dirname(other)}/.y.bin.version', f'{os.path.dirname(path)}/.x.bin.version')
    elif how == 'edited':
        utils.download_if_needed(uri)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if how == 'link':
        (tmp_path / 'planted').write_bytes(b'wrong')
        os.symlink(tmp_path / 'planted', path)
    elif how != 'other uri':
        with open(path, 'wb') as file:
            file.write(b'wrong')

    assert content(uri) == b'right'
