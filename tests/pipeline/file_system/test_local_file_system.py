import datetime
import io
import os
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rastervision.pipeline.errors import NotReadableError, NotWritableError
from rastervision.pipeline.file_system.local_file_system import (
    LocalFileSystem,
    list_files,
    make_dir,
    progressbar,
    stays_inside,
    sync,
)


@pytest.fixture
def src(tmp_path):
    folder = tmp_path / 'src'
    (folder / 'sub').mkdir(parents=True)
    (folder / 'a').write_text('a')
    (folder / 'sub' / 'b').write_text('b')
    return folder


@pytest.fixture(params=[LocalFileSystem.sync_to_dir, LocalFileSystem.sync_from_dir])
def sync_dir(request):
    return lambda src, dst, **options: request.param(str(src), str(dst), **options)


def test_uri_of_a_file_is_local():
    assert LocalFileSystem.matches_uri('/a/b', 'r')
    assert LocalFileSystem.matches_uri('file:///a/b', 'r')
    assert not LocalFileSystem.matches_uri('s3://a/b', 'w')


def test_file_uri_names_a_path(tmp_path):
    (tmp_path / 'a b.txt').write_text('x')

    assert LocalFileSystem.read_str(f'file://{tmp_path}/a%20b.txt') == 'x'


@pytest.mark.parametrize('name', ['a', 'a/b.tif', './a', 'a..b/..c', 'C', '~/a', 'a\\b', ' '])
def test_names_that_stay_in_their_folder(name):
    assert stays_inside(name)


@pytest.mark.parametrize('name', ['', '..', 'a/../..', 'a\\..\\b', '/a', '//a', '\\a', 'a\0b', '/'])
def test_names_that_lead_out_of_their_folder(name):
    assert not stays_inside(name)


def test_line_ends_and_letters_stay_as_they_are(tmp_path):
    LocalFileSystem.write_str(str(tmp_path / 'a'), 'Straße\r\n\n')

    assert (tmp_path / 'a').read_bytes() == 'Straße\r\n\n'.encode()
    assert LocalFileSystem.read_str(str(tmp_path / 'a')) == 'Straße\r\n\n'


def test_text_that_is_not_utf8_is_an_error(tmp_path):
    (tmp_path / 'a').write_bytes(b'\xff\xfe')

    with pytest.raises(NotReadableError, match='not a UTF-8 text'):
        LocalFileSystem.read_str(str(tmp_path / 'a'))


def test_time_of_change_is_in_utc(tmp_path):
    (tmp_path / 'a').touch()

    age = datetime.datetime.now(datetime.UTC) - LocalFileSystem.last_modified(str(tmp_path / 'a'))

    assert abs(age) < datetime.timedelta(minutes=1)


def test_listing_leaves_out_what_is_unfinished(tmp_path):
    for name in ('b.tif', 'a.tif', 'c.json', '.a.tif.0123abcd-12-0123abcd.part'):
        (tmp_path / name).touch()

    assert LocalFileSystem.list_paths(str(tmp_path), '.tif') == [str(tmp_path / 'a.tif'), str(tmp_path / 'b.tif')]
    assert len(LocalFileSystem.list_paths(str(tmp_path))) == 3


def test_sync_to_an_existing_folder_copies_what_is_new_or_changed(src, tmp_path, sync_dir):
    dst = tmp_path / 'dst'
    dst.mkdir()
    sync_dir(src, dst)
    inode = (dst / 'a').stat().st_ino
    (src / 'sub' / 'b').write_text('changed')
    (src / 'c').touch()

    sync_dir(src, dst)

    assert list_files(str(dst)) == ['a', 'c', 'sub/b']
    assert (dst / 'sub' / 'b').read_text() == 'changed'
    assert (dst / 'a').stat().st_ino == inode


def test_sync_sees_a_change_that_keeps_the_size(src, tmp_path, sync_dir):
    sync_dir(src, tmp_path / 'dst')
    (src / 'a').write_text('z')
    os.utime(src / 'a', ns=(0, time.time_ns() + 10**9))

    sync_dir(src, tmp_path / 'dst')

    assert (tmp_path / 'dst' / 'a').read_text() == 'z'


def test_sync_with_delete_to_a_missing_folder_copies(src, tmp_path, sync_dir):
    sync_dir(src, tmp_path / 'dst', delete=True)

    assert list_files(str(tmp_path / 'dst')) == ['a', 'sub/b']


def test_sync_removes_only_if_told_to(src, tmp_path, sync_dir):
    dst = tmp_path / 'dst'
    (dst / 'gone' / 'deep').mkdir(parents=True)
    (dst / 'gone' / 'deep' / 'x').touch()

    sync_dir(src, dst)
    assert (dst / 'gone' / 'deep' / 'x').exists()
    sync_dir(src, dst, delete=True)

    assert sorted(os.listdir(dst)) == ['a', 'sub']


def test_sync_with_delete_swaps_files_and_folders(src, tmp_path, sync_dir):
    dst = tmp_path / 'dst'
    (dst / 'a').mkdir(parents=True)
    (dst / 'a' / 'x').touch()
    (dst / 'sub').touch()

    sync_dir(src, dst, delete=True)

    assert list_files(str(dst)) == ['a', 'sub/b']


def test_sync_from_a_missing_folder_removes_nothing(tmp_path, sync_dir):
    (tmp_path / 'dst').mkdir()
    (tmp_path / 'dst' / 'x').touch()

    with pytest.raises(NotReadableError, match='no such folder'):
        sync_dir(tmp_path / 'missing', tmp_path / 'dst', delete=True)

    assert (tmp_path / 'dst' / 'x').exists()


def test_sync_of_a_folder_with_itself_does_nothing(src, sync_dir):
    sync_dir(src, src, delete=True)

    assert list_files(str(src)) == ['a', 'sub/b']


def test_sync_into_itself_is_an_error(src, sync_dir):
    with pytest.raises(NotWritableError, match='lies inside it'):
        sync_dir(src, src / 'sub' / 'copy')


def test_sync_does_not_delete_through_a_link(src, tmp_path):
    outside = tmp_path / 'outside'
    outside.mkdir()
    (outside / 'precious').touch()
    (tmp_path / 'dst').mkdir()
    (tmp_path / 'dst' / 'link').symlink_to(outside)

    sync(str(src), str(tmp_path / 'dst'), delete=True)

    assert (outside / 'precious').exists()
    assert not (tmp_path / 'dst' / 'link').exists()


def test_sync_follows_links_and_cuts_loops(src, tmp_path):
    (src / 'sub' / 'loop').symlink_to(src)
    (src / 'link').symlink_to(src / 'a')

    sync(str(src), str(tmp_path / 'dst'))

    assert (tmp_path / 'dst' / 'link').read_text() == 'a'
    assert not (tmp_path / 'dst' / 'sub' / 'loop' / 'a').exists()


def test_copy_of_a_folder_leaves_what_else_is_there(src, tmp_path):
    (tmp_path / 'dst').mkdir()
    (tmp_path / 'dst' / 'old').touch()

    LocalFileSystem.copy_to(str(src), str(tmp_path / 'dst'))

    assert list_files(str(tmp_path / 'dst')) == ['a', 'old', 'sub/b']


def test_copy_onto_itself_does_nothing(src):
    LocalFileSystem.copy_to(str(src / 'a'), str(src / '.' / 'a'))

    assert (src / 'a').read_text() == 'a'


def test_copy_of_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(NotReadableError, match='No such file'):
        LocalFileSystem.copy_to(str(tmp_path / 'a'), str(tmp_path / 'b'))


def test_make_dir_of_a_file(tmp_path):
    make_dir(str(tmp_path / 'x' / 'y' / 'file.txt'), use_dirname=True)

    assert os.listdir(tmp_path / 'x' / 'y') == []


def test_make_dir_insists_on_an_empty_one(src):
    with pytest.raises(NotWritableError, match='not empty'):
        make_dir(str(src), check_empty=True)


def test_make_dir_empties(src):
    make_dir(str(src), force_empty=True, check_empty=True)

    assert os.listdir(src) == []


def test_make_dir_where_a_file_is(src):
    with pytest.raises(NotWritableError, match='cannot be made'):
        make_dir(str(src / 'a'))


@pytest.mark.parametrize('is_terminal', [True, False])
def test_progress_is_shown_on_a_terminal_only(capsys, monkeypatch, is_terminal):
    import sys

    monkeypatch.setattr(sys.stderr, 'isatty', lambda: is_terminal)

    with progressbar(io.BytesIO(b'abc'), 'read', 3, 'Reading') as file:
        assert file.read() == b'abc'

    assert ('Reading: 100%' in capsys.readouterr().err) == is_terminal


def test_contract_of_paths(tmp_path):
    assert LocalFileSystem.local_path(str(tmp_path), '/elsewhere') == str(tmp_path)
    assert LocalFileSystem.file_exists(str(tmp_path))
    assert not LocalFileSystem.file_exists(str(tmp_path), include_dir=False)
    assert not LocalFileSystem.file_exists(str(Path(tmp_path, 'x')))


@pytest.mark.parametrize('device', ['/dev/zero', '/dev/null', 'file:///dev/urandom'])
def test_devices_are_not_read(device):
    with pytest.raises(NotReadableError, match='it is a device'):
        LocalFileSystem.read_bytes(device)


def test_memory_goes_by_what_is_in_a_file_not_by_what_may_be(tmp_path):
    (tmp_path / 'a').write_bytes(b'a' * 1000)
    tracemalloc.start()
    try:
        assert len(LocalFileSystem.read_up_to(str(tmp_path / 'a'), 1 << 32)) == 1000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('size', [0, 10, 3_000_000])
def test_pipes_are_read(tmp_path, size):
    os.mkfifo(tmp_path / 'pipe')
    with ThreadPoolExecutor(1) as writer:
        writer.submit((tmp_path / 'pipe').write_bytes, b'x' * size)
        assert LocalFileSystem.read_bytes(str(tmp_path / 'pipe')) == b'x' * size
    with ThreadPoolExecutor(1) as writer:
        writer.submit((tmp_path / 'pipe').write_bytes, b'x' * (size + 1))
        with pytest.raises(NotReadableError, match='has more than'):
            LocalFileSystem.read_up_to(str(tmp_path / 'pipe'), size)
