import os
import threading
import time
from pathlib import Path

import pytest

from rastervision.pipeline.errors import NotReadableError, NotWritableError
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem
from rastervision.pipeline.file_system.utils import (
    download_if_needed,
    download_or_copy,
    file_exists,
    file_to_json,
    file_to_str,
    get_local_path,
    get_tmp_dir,
    is_local,
    json_to_file,
    list_paths,
    start_sync,
    str_to_file,
    sync_from_dir,
    sync_to_dir,
    upload_or_copy,
)


@pytest.fixture(params=['local', 'box'])
def root(request, tmp_path, box):
    """A folder that any file system should serve alike."""
    return str(tmp_path / 'store') if request.param == 'local' else 'box://bucket'


class TestAnyFileSystem:
    def test_text_comes_back(self, root):
        str_to_file('Straße\n', f'{root}/new/a.txt')

        assert file_to_str(f'{root}/new/a.txt') == 'Straße\n'

    def test_json_is_on_one_line_and_comes_back(self, root):
        data = {'b': [1, 2.5, None], 'a': 'ü'}
        json_to_file(data, f'{root}/a.json')

        assert '\n' not in file_to_str(f'{root}/a.json')
        assert file_to_json(f'{root}/a.json') == data

    def test_what_is_no_json_says_where(self, root):
        str_to_file('{\n  "a": oops}', f'{root}/a.json')

        with pytest.raises(NotReadableError, match=r'a\.json.*line 2, column 8'):
            file_to_json(f'{root}/a.json')

    def test_json_with_a_byte_order_mark(self, root):
        str_to_file('\ufeff[1]', f'{root}/a.json')

        assert file_to_json(f'{root}/a.json') == [1]

    def test_missing_file_is_not_readable(self, root, tmp_path):
        for read in (file_to_str, file_to_json, lambda uri: download_or_copy(uri, str(tmp_path / 'x')), list_paths):
            with pytest.raises(NotReadableError):
                read(f'{root}/missing')

    def test_existence(self, root):
        str_to_file('', f'{root}/dir/a')

        assert file_exists(f'{root}/dir/a')
        assert file_exists(f'{root}/dir')
        assert not file_exists(f'{root}/dir', include_dir=False)
        assert not file_exists(f'{root}/b')

    def test_listing(self, root):
        for name in ('b.tif', 'a.tif', 'c.json'):
            str_to_file('', f'{root}/{name}')

        assert list_paths(root, '.tif') == [f'{root}/a.tif', f'{root}/b.tif']
        assert len(list_paths(root)) == 3

    def test_folders_are_synced_both_ways(self, root, tmp_path):
        (tmp_path / 'src' / 'sub').mkdir(parents=True)
        (tmp_path / 'src' / 'sub' / 'a').write_text('a')
        sync_to_dir(str(tmp_path / 'src'), f'{root}/dir')
        str_to_file('old', str(tmp_path / 'back' / 'old'))

        sync_from_dir(f'{root}/dir', str(tmp_path / 'back'), delete=True)

        assert (tmp_path / 'back' / 'sub' / 'a').read_text() == 'a'
        assert os.listdir(tmp_path / 'back') == ['sub']

    def test_upload_and_download(self, root, tmp_path):
        (tmp_path / 'a.bin').write_bytes(b'\0\1')
        upload_or_copy(str(tmp_path / 'a.bin'), f'{root}/up/a.bin')

        path = download_if_needed(f'{root}/up/a.bin')

        assert Path(path).read_bytes() == b'\0\1'

    def test_upload_of_a_missing_file_is_an_error(self, root, tmp_path):
        with pytest.raises(NotReadableError, match='no such file'):
            upload_or_copy(str(tmp_path / 'missing'), f'{root}/a')

    def test_copy_in_a_folder(self, root, tmp_path):
        str_to_file('x', f'{root}/a.txt')

        path = download_or_copy(f'{root}/a.txt', str(tmp_path / 'mine'), delete_tmp=True)

        assert path == str(tmp_path / 'mine' / 'a.txt')
        assert Path(path).read_text() == 'x'
        assert file_exists(f'{root}/a.txt')


def test_local_file_stays_where_it_is(tmp_path):
    (tmp_path / 'a').touch()

    assert download_if_needed(str(tmp_path / 'a'), str(tmp_path / 'd')) == str(tmp_path / 'a')
    assert get_local_path(str(tmp_path / 'a'), '/x') == str(tmp_path / 'a')


def test_pipes_and_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / 'image.tif')

    for path in (str(tmp_path / 'image.tif'), '/dev/zero'):
        with pytest.raises(NotReadableError, match='pipe or a device'):
            download_if_needed(path)


def test_any_file_system_copies_no_more_than_allowed(box, tmp_path):
    box.write_bytes('box://a', bytes(1000))

    box.copy_up_to('box://a', str(tmp_path / 'a'), 1000)
    assert (tmp_path / 'a').stat().st_size == 1000
    with pytest.raises(NotReadableError, match='has more than 999 bytes'):
        box.copy_up_to('box://a', str(tmp_path / 'b'), 999)
    assert not (tmp_path / 'b').exists()


@pytest.mark.parametrize('what', ['pipe', 'folder'])
def test_what_is_no_file_is_not_copied(tmp_path, what):
    (os.mkfifo if what == 'pipe' else os.mkdir)(tmp_path / 'x')

    with pytest.raises(NotReadableError, match=f'it is a {what}.*, not a file'):
        LocalFileSystem.copy_up_to(str(tmp_path / 'x'), str(tmp_path / 'copy'), 1000)


def test_download_may_be_thrown_away(box, tmp_path, tmp_dir_root):
    str_to_file('x', 'box://bucket/a')

    download_or_copy('box://bucket/a', str(tmp_path / 'mine'), delete_tmp=True)

    assert not (tmp_dir_root / 'cache' / 'box' / 'bucket' / 'a').exists()


def test_locality():
    assert is_local('a/b')
    assert not is_local('http://a.b/c')


@pytest.mark.parametrize(('mode', 'error'), [('r', NotReadableError), ('w', NotWritableError)])
def test_uri_that_nothing_knows_is_an_error(mode, error):
    with pytest.raises(error, match=r"'nosuch://a'.*plugin"):
        FileSystem.get_file_system('nosuch://a', mode)


def test_temporary_folder_lies_in_its_root(tmp_dir_root):
    with get_tmp_dir() as folder:
        assert os.path.dirname(folder) == str(tmp_dir_root)
    assert not os.path.exists(folder)


def test_folder_is_synced_now_and_then_and_at_the_end(box, tmp_path):
    src = tmp_path / 'src'
    src.mkdir()

    with start_sync(str(src), 'box://bucket/out', sync_interval=0.01):
        (src / 'early').touch()
        deadline = time.monotonic() + 5
        while not file_exists('box://bucket/out/early') and time.monotonic() < deadline:
            time.sleep(0.01)
        synced_meanwhile = file_exists('box://bucket/out/early')
        (src / 'late').touch()

    assert synced_meanwhile
    assert file_exists('box://bucket/out/late')
    assert not any(thread.name.startswith('sync of') for thread in threading.enumerate())


def test_folder_is_synced_when_the_block_fails(box, tmp_path):
    src = tmp_path / 'src'
    src.mkdir()
    (src / 'checkpoint').touch()

    with pytest.raises(KeyboardInterrupt), start_sync(str(src), 'box://bucket/out'):
        raise KeyboardInterrupt

    assert file_exists('box://bucket/out/checkpoint')


def test_sync_that_fails_in_between_is_tried_again(box, tmp_path, caplog):
    src = tmp_path / 'src'
    with start_sync(str(src), 'box://bucket/out', sync_interval=0.01):
        deadline = time.monotonic() + 5
        while 'could not be copied' not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
        src.mkdir()
        (src / 'a').touch()

    assert 'could not be copied' in caplog.text
    assert file_exists('box://bucket/out/a')


def test_a_missing_local_file_is_no_download(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file'):
        download_if_needed(str(tmp_path / 'missing'))
