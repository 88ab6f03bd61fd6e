import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rastervision.pipeline.errors import NotWritableError
from rastervision.pipeline.file_system import atomic
from rastervision.pipeline.file_system.atomic import is_part, remove_stale_parts, replace_dir, replace_file
from rastervision.pipeline.temporary import host_id

DEAD_PID = 2**22 + 1  # above the highest that Linux gives


def hidden(target: Path, kind: str, *, pid: int = DEAD_PID, host: str | None = None, number: int = 1) -> Path:
    return target.with_name(f'.{target.name}.{host or host_id()}-{pid}-{number:08x}.{kind}')


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_new_file_takes_the_place_of_the_old_one(tmp_path):
    target = tmp_path / 'a' / 'labels.tif'
    for text in ('old', 'new'):
        with replace_file(str(target)) as path:
            Path(path).write_text(text)

    assert target.read_text() == 'new'
    assert names(tmp_path / 'a') == ['labels.tif']


def test_path_to_write_to_has_the_targets_name(tmp_path):
    with replace_file(str(tmp_path / 'labels.tif')) as path:
        assert os.path.basename(path) == 'labels.tif'
        assert not os.path.exists(path)
        Path(path).touch()


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit])
def test_old_file_stays_on_any_error(tmp_path, error):
    target = tmp_path / 'a.txt'
    target.write_text('old')

    with pytest.raises(error), replace_file(str(target)) as path:
        Path(path).write_text('half')
        Path(path + '.aux.xml').write_text('left by a library')
        raise error

    assert target.read_text() == 'old'
    assert names(tmp_path) == ['a.txt']


def test_file_that_was_not_written_is_an_error(tmp_path):
    with pytest.raises(NotWritableError, match='nothing was written'), replace_file(str(tmp_path / 'a.txt')):
        pass

    assert names(tmp_path) == []


def test_folder_is_not_replaced_by_a_file(tmp_path):
    with pytest.raises(NotWritableError, match='it is a folder'), replace_file(str(tmp_path)):
        pass


def test_device_is_not_replaced_by_a_file():
    with pytest.raises(NotWritableError, match='not a regular file'), replace_file(os.devnull):
        pass


def test_link_is_followed(tmp_path):
    (tmp_path / 'there').mkdir()
    link = tmp_path / 'link.txt'
    link.symlink_to(tmp_path / 'there' / 'a.txt')

    with replace_file(str(link)) as path:
        Path(path).write_text('x')

    assert link.is_symlink()
    assert (tmp_path / 'there' / 'a.txt').read_text() == 'x'


def test_file_has_the_permissions_that_any_new_file_has(tmp_path):
    with replace_file(str(tmp_path / 'a')) as path:
        Path(path).touch()
    (tmp_path / 'b').touch()

    assert (tmp_path / 'a').stat().st_mode == (tmp_path / 'b').stat().st_mode


def test_longest_name_that_a_file_system_allows(tmp_path):
    target = tmp_path / ('é' * 127)
    with replace_file(str(target)) as path:
        Path(path).write_text('x')

    assert names(tmp_path) == [target.name]


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_says_what_is_free_where(tmp_path, monkeypatch, number):
    # A disk cannot be filled here; this is the error that it gives.
    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, 'fsync', fail)
    target = tmp_path / 'a.txt'

    message = rf'full; [0-9.]+ MB are free in {str(tmp_path)!r}'
    with pytest.raises(NotWritableError, match=message) as caught, replace_file(str(target)) as path:
        Path(path).write_text('x')

    assert isinstance(caught.value.__cause__, OSError)
    assert names(tmp_path) == []


def test_error_without_a_number_on_a_full_disk_is_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, '_free', lambda target: 0)

    with pytest.raises(NotWritableError, match='is full'), replace_file(str(tmp_path / 'a.pth')):
        raise RuntimeError('file write failed')  # as torch.save says it


def test_other_errors_pass(tmp_path):
    with pytest.raises(FileNotFoundError), replace_file(str(tmp_path / 'a.txt')):
        (tmp_path / 'input that is missing').read_text()


def test_parent_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / 'a').touch()

    with pytest.raises(NotWritableError, match='cannot be written'), replace_file(str(tmp_path / 'a' / 'b')):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_missing_permission_is_an_error(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(NotWritableError, match='Permission denied'), replace_file(str(tmp_path / 'a')):
        pass


def test_new_folder_takes_the_place_of_the_old_one_as_a_whole(tmp_path):
    target = tmp_path / 'out'
    for name in ('old', 'new'):
        with replace_dir(str(target)) as path:
            (Path(path) / 'sub').mkdir()
            (Path(path) / 'sub' / name).touch()

    assert names(target / 'sub') == ['new']
    assert names(tmp_path) == ['out']


def test_old_folder_stays_on_an_error(tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'old').touch()

    with pytest.raises(KeyboardInterrupt), replace_dir(str(tmp_path / 'out')) as path:
        (Path(path) / 'new').touch()
        raise KeyboardInterrupt

    assert names(tmp_path / 'out') == ['old']
    assert names(tmp_path) == ['out']


def test_old_folder_is_put_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    target = tmp_path / 'out'
    target.mkdir()
    (target / 'old').touch()
    rename = os.rename

    def fail_for_new(src, dst):
        if str(src).endswith(os.path.join('.part', 'out')):
            raise OSError(errno.EIO, 'disk is broken')
        rename(src, dst)

    monkeypatch.setattr(os, 'rename', fail_for_new)
    with pytest.raises(NotWritableError, match='disk is broken'), replace_dir(str(target)) as path:
        (Path(path) / 'new').touch()

    assert names(target) == ['old']
    assert names(tmp_path) == ['out']


def test_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / 'a').touch()

    with pytest.raises(NotWritableError, match='it is a file'), replace_dir(str(tmp_path / 'a')):
        pass


def test_parts_of_a_dead_process_are_removed_by_the_next_write(tmp_path):
    target = tmp_path / 'a.txt'
    hidden(target, 'part').mkdir()
    (hidden(target, 'part') / 'a.txt').write_text('half')
    hidden(tmp_path / 'other.txt', 'part').mkdir()

    with replace_file(str(target)) as path:
        Path(path).touch()

    assert names(tmp_path) == [hidden(tmp_path / 'other.txt', 'part').name, 'a.txt']


def test_part_under_a_recycled_process_id_is_removed(tmp_path):
    hidden(tmp_path / 'a.txt', 'part', pid=os.getpid()).mkdir()

    remove_stale_parts(str(tmp_path / 'a.txt'))

    assert names(tmp_path) == []


def test_parts_in_use_stay(tmp_path):
    target = tmp_path / 'a.txt'
    parent = hidden(target, 'part', pid=os.getppid())
    parent.mkdir()

    with replace_file(str(target)) as outer, replace_file(str(target)) as inner:
        Path(outer).write_text('outer')
        Path(inner).write_text('inner')

    assert target.read_text() == 'outer'
    assert parent.exists()


def test_parts_of_another_machine_stay_for_a_week(tmp_path):
    target = tmp_path / 'a.txt'
    new, old = (hidden(target, 'part', host='00000000', number=number) for number in (1, 2))
    new.mkdir()
    old.mkdir()
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(old, (long_ago, long_ago))

    remove_stale_parts(str(target))

    assert names(tmp_path) == [new.name]


def test_folder_moved_aside_by_a_killed_process_is_put_back(tmp_path):
    target = tmp_path / 'out'
    hidden(target, 'old').mkdir()
    (hidden(target, 'old') / 'old').touch()

    with pytest.raises(ValueError), replace_dir(str(target)):
        raise ValueError

    assert names(target) == ['old']
    assert names(tmp_path) == ['out']


def test_folder_moved_aside_is_removed_if_the_new_one_is_there(tmp_path):
    target = tmp_path / 'out'
    target.mkdir()
    hidden(target, 'old').mkdir()

    remove_stale_parts(str(target))

    assert names(tmp_path) == ['out']


def test_write_of_a_process_that_is_killed_leaves_the_old_file(tmp_path):
    target = tmp_path / 'a.txt'
    target.write_text('old')
    code = (
        'import os, signal\n'
        'from rastervision.pipeline.file_system.atomic import replace_file\n'
        f'with replace_file({str(target)!r}) as path:\n'
        '    open(path, "w").write("half")\n'
        '    os.kill(os.getpid(), signal.SIGKILL)\n'
    )
    subprocess.run([sys.executable, '-c', code], check=False)
    left = [name for name in names(tmp_path) if is_part(name)]

    remove_stale_parts(str(target))

    assert len(left) == 1
    assert names(tmp_path) == ['a.txt']
    assert target.read_text() == 'old'
