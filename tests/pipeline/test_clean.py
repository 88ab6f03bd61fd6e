import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from rastervision.pipeline import temporary
from rastervision.pipeline.cli.clean import clean
from rastervision.pipeline.file_system.atomic import is_part
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.temporary import host_id, left_behind, temporary_dir

LEAVE = """
import os
import sys

from rastervision.pipeline.file_system.publish import publish_dir, publish_file
from rastervision.pipeline.rv_config import rv_config_

root = sys.argv[1]
rv_config_.set_tmp_dir_root(sys.argv[2])
with rv_config_.get_tmp_dir() as folder, publish_dir(root + '/predict/a') as made:
    with publish_file(root + '/eval.json') as path:
        for name in (folder + '/x', made + '/x', path):
            open(name, 'w').close()
        os.kill(os.getpid(), 9)
"""


@pytest.fixture
def killed(tmp_path):
    """A run whose process was killed while it wrote, and its temporary folder."""
    root, tmp = tmp_path / 'run', tmp_path / 'tmp'
    (root / 'predict').mkdir(parents=True)
    (root / 'mine').touch()
    tmp.mkdir()
    subprocess.run([sys.executable, '-c', LEAVE, str(root), str(tmp)], check=False)
    return root, tmp


def parts(folder):
    return [path for path in folder.rglob('*') if is_part(path.name)]


def test_what_a_killed_process_left_is_removed(killed, monkeypatch):
    root, tmp = killed
    assert len(parts(root)) == 2
    assert len(list(tmp.iterdir())) == 1
    monkeypatch.setattr(rv_config_, 'get_tmp_dir_root', lambda: str(tmp))

    told = CliRunner().invoke(clean, [str(root), '--dry-run'])
    assert '3 folders would be removed' in told.output
    assert len(parts(root)) == 2

    done = CliRunner().invoke(clean, [str(root)])
    assert '3 folders were removed' in done.output
    assert (parts(root), list(tmp.iterdir())) == ([], [])
    assert (root / 'mine').exists()


def test_the_next_process_removes_temporary_folders_of_killed_ones(killed):
    _, tmp = killed

    with temporary_dir(str(tmp)) as folder:
        assert list(tmp.iterdir()) == [tmp / os.path.basename(folder)]


@pytest.mark.parametrize(
    'name',
    [
        f'rastervision-{host_id()}-{{own}}-abc',
        'rastervision-00000000-999999999-abc',
        'rastervision-mine',
        f'rastervision-{host_id()}-x-abc',
        f'my-rastervision-{host_id()}-999999999-abc',
    ],
)
def test_folders_that_may_be_in_use_or_are_not_ours_stay(tmp_path, name):
    (tmp_path / name.format(own=os.getpid())).mkdir()

    assert left_behind(str(tmp_path)) == []


def test_a_file_or_link_of_such_a_name_stays(tmp_path):
    (tmp_path / f'rastervision-{host_id()}-999999999-file').touch()
    (tmp_path / f'rastervision-{host_id()}-999999999-link').symlink_to(tmp_path)

    assert left_behind(str(tmp_path)) == []


def test_a_folder_of_another_user_stays(tmp_path, monkeypatch):
    (tmp_path / f'rastervision-{host_id()}-999999999-abc').mkdir()
    assert len(left_behind(str(tmp_path))) == 1

    monkeypatch.setattr(temporary.os, 'getuid', lambda: 12345)
    assert left_behind(str(tmp_path)) == []


def test_a_run_that_is_not_there_is_a_wrong_command_line(tmp_path):
    result = CliRunner().invoke(clean, [str(tmp_path / 'none')])

    assert result.exit_code == 2
    assert 'does not exist' in result.output
