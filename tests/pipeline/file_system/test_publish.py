import contextvars
import os
import threading
from pathlib import Path

import pytest

from rastervision.pipeline.errors import NotWritableError
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.publish import publish_dir, publish_file, record_outputs
from rastervision.pipeline.file_system.published import Published
from rastervision.pipeline.file_system.utils import json_to_file, str_to_file, sync_to_dir, upload_or_copy

HERE = 'local'
REMOTE = 'box://bucket'


@pytest.fixture(params=[HERE, REMOTE])
def root(request, tmp_path, box):
    return str(tmp_path / 'store') if request.param == HERE else request.param


@pytest.fixture
def stored(root, tmp_path, box):
    """The names under the root, wherever it is."""
    folder = tmp_path / 'store' if not root.startswith('box') else box.root / 'bucket'
    names = lambda: [str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()]  # noqa: E731
    return lambda: sorted(name for name in names() if not name.endswith('.published.json'))


def test_file_appears_when_the_block_ends(root, stored):
    with publish_file(f'{root}/eval/eval.json') as path:
        assert os.path.basename(path) == 'eval.json'
        Path(path).write_text('{}')
        assert 'eval/eval.json' not in stored()

    assert stored() == ['eval/eval.json']


def test_old_file_stays_on_an_interrupt(root, stored, tmp_dir_root):
    str_to_file('old', f'{root}/a.txt')

    with pytest.raises(KeyboardInterrupt), publish_file(f'{root}/a.txt') as path:
        Path(path).write_text('half')
        raise KeyboardInterrupt

    assert stored() == ['a.txt']
    assert not tmp_dir_root.exists() or os.listdir(tmp_dir_root) == []


def test_nothing_written_is_an_error(root):
    with pytest.raises(NotWritableError, match='nothing was written'), publish_file(f'{root}/a.txt'):
        pass


def test_folder_takes_the_place_of_the_old_one(root, stored):
    for name in ('old', 'new'):
        with publish_dir(f'{root}/predict/scene/') as path:
            os.mkdir(os.path.join(path, 'sub'))
            Path(path, 'sub', name).touch()

    assert stored() == ['predict/scene/sub/new']


def test_old_folder_stays_on_an_error(root, stored):
    with publish_dir(f'{root}/out') as path:
        Path(path, 'old').touch()

    with pytest.raises(ValueError), publish_dir(f'{root}/out') as path:
        Path(path, 'new').touch()
        raise ValueError

    assert stored() == ['out/old']


def test_killed_between_moves_the_next_run_takes_the_files_for_its_own(root, stored, monkeypatch):
    str_to_file('mine', f'{root}/out/notes')
    with publish_dir(f'{root}/out') as path:
        Path(path, 'old').touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Published, 'write', only_once(Published.write))  # killed before the second list
        with pytest.raises(KeyboardInterrupt), publish_dir(f'{root}/out') as path:
            Path(path, 'new').touch()

    with publish_dir(f'{root}/out') as path:
        Path(path, 'new').touch()

    assert stored() == ['out/new', 'out/notes']


def test_killed_before_any_move_the_next_run_takes_the_place_for_its_own(root, stored):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Published, 'write', then_killed(Published.write))
        with pytest.raises(KeyboardInterrupt), publish_dir(f'{root}/out') as path:
            Path(path, 'new').touch()

    with publish_dir(f'{root}/out') as path:
        Path(path, 'newer').touch()

    assert stored() == ['out/newer']


def test_the_list_is_written_once_and_not_again_for_the_same_files(root, monkeypatch):
    file_system, written = FileSystem.get_file_system(root, 'w'), []
    write_str = file_system.write_str
    monkeypatch.setattr(
        file_system, 'write_str', staticmethod(lambda uri, text: written.append(uri) or write_str(uri, text))
    )

    for names, writes in [(['a'], 1), (['a'], 0), (['a', 'b'], 1), (['b', 'c'], 2), (['b', 'c'], 0)]:
        with publish_dir(f'{root}/out') as path:
            for name in names:
                Path(path, name).touch()
        assert len(written) == writes, names
        written.clear()


def then_killed(function):
    def call(*args):
        function(*args)
        raise KeyboardInterrupt

    return call


def only_once(function):
    calls = []

    def call(*args):
        if calls:
            raise KeyboardInterrupt
        calls.append(args)
        return function(*args)

    return call


@pytest.mark.parametrize('listed', ['[]', '{', '{"../notes": 4}', '{"/notes": 4, "notes": "4"}', '[' * 100_000])
def test_a_list_that_somebody_wrote_endangers_nothing_outside(tmp_path, listed):
    (tmp_path / 'notes').write_text('mine')
    (tmp_path / '.out.published.json').write_text(listed)

    with publish_dir(str(tmp_path / 'out')) as path:
        Path(path, 'new').touch()

    assert (tmp_path / 'notes').read_text() == 'mine'


def test_a_published_file_that_was_changed_since_is_kept(tmp_path):
    with publish_dir(str(tmp_path / 'out')) as path:
        Path(path, 'old').touch()
    (tmp_path / 'out' / 'old').write_text('edited by hand')

    with publish_dir(str(tmp_path / 'out')) as path:
        Path(path, 'new').touch()

    assert sorted(os.listdir(tmp_path / 'out')) == ['new', 'old']


def test_links_and_empty_folders_of_others_stay(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / 'a.tif').touch()
    (tmp_path / 'real' / 'empty').mkdir(parents=True)
    (tmp_path / 'real' / 'images').symlink_to(tmp_path / 'images')
    (tmp_path / 'out').symlink_to(tmp_path / 'real')

    with publish_dir(str(tmp_path / 'out')) as path:
        Path(path, 'new').touch()

    assert (tmp_path / 'out').is_symlink()
    assert sorted(os.listdir(tmp_path / 'out')) == ['empty', 'images', 'new']
    assert (tmp_path / 'images' / 'a.tif').exists()


def test_remote_file_is_made_in_the_folder_given(box, tmp_path):
    with publish_file('box://bucket/a.txt', str(tmp_path / 'mine')) as path:
        assert path.startswith(str(tmp_path / 'mine'))
        Path(path).touch()

    assert os.listdir(tmp_path / 'mine') == []


def test_web_server_is_refused_before_the_work():
    with pytest.raises(NotWritableError, match='reading only'), publish_file('http://example.com/a.txt'):
        pytest.fail('the block was entered')


def test_every_output_is_recorded(root, tmp_path):
    (tmp_path / 'src' / 'sub').mkdir(parents=True)
    (tmp_path / 'src' / 'sub' / 'x').touch()

    with record_outputs() as uris:
        with publish_file(f'{root}/file') as path:
            Path(path).touch()
        with publish_dir(f'{root}/dir') as path:
            Path(path, 'y').touch()
        json_to_file({}, f'{root}/json')
        upload_or_copy(str(tmp_path / 'src' / 'sub' / 'x'), f'{root}/upload')
        upload_or_copy(str(tmp_path / 'src'), f'{root}/upload-dir')
        sync_to_dir(str(tmp_path / 'src'), f'{root}/sync')

    expected = ['file', 'dir/y', 'json', 'upload', 'upload-dir/sub/x', 'sync/sub/x']
    assert uris == [f'{root}/{name}' for name in expected]


def test_failed_output_is_not_recorded(root):
    with record_outputs() as uris, pytest.raises(ValueError), publish_file(f'{root}/a'):
        raise ValueError

    assert uris == []


def test_outer_record_gets_what_the_inner_one_gets(tmp_path):
    a, b, c = (str(tmp_path / name) for name in 'abc')
    with record_outputs() as outer:
        str_to_file('', a)
        with record_outputs() as inner:
            str_to_file('', b)
        str_to_file('', c)
        str_to_file('again', a)
    str_to_file('', str(tmp_path / 'after'))

    assert (outer, inner) == ([a, b, c], [b])


def test_threads_add_to_the_record_of_their_context(tmp_path):
    paths = [str(tmp_path / str(number)) for number in range(8)]
    with record_outputs() as uris:
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(str_to_file, '', path)) for path in paths
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(uris) == paths
