import os

import pytest

from rastervision.pipeline.errors import NotWritableError
from rastervision.pipeline.private_dir import is_own_file, private_dir
from rastervision.pipeline.rv_config import rv_config_

needs_root = pytest.mark.skipif(os.getuid() != 0, reason='only root can give files away')


def test_folder_is_for_this_user_only(tmp_path):
    path = private_dir(str(tmp_path / 'new'), 'cache')

    assert path == str(tmp_path / 'new' / 'cache')
    assert os.stat(path).st_mode & 0o777 == 0o700


def test_own_folder_is_closed_to_others(tmp_path):
    (tmp_path / 'cache').mkdir()
    (tmp_path / 'cache').chmod(0o777)

    assert os.stat(private_dir(str(tmp_path), 'cache')).st_mode & 0o777 == 0o700


@pytest.mark.parametrize('kind', ['link', 'file', pytest.param('of another user', marks=needs_root)])
def test_name_that_is_taken_is_left_alone(tmp_path, kind):
    taken = tmp_path / 'cache'
    (tmp_path / 'elsewhere').mkdir(mode=0o755)
    if kind == 'link':
        taken.symlink_to(tmp_path / 'elsewhere')
    elif kind == 'file':
        taken.touch()
    else:
        taken.mkdir()
        os.chown(taken, 12345, 12345)

    path = private_dir(str(tmp_path), 'cache')

    assert path == f'{taken}-{os.getuid()}'
    assert os.stat(path).st_mode & 0o777 == 0o700
    assert os.stat(tmp_path / 'elsewhere').st_mode & 0o777 == 0o755


def test_both_names_taken_is_an_error(tmp_path):
    (tmp_path / 'cache').touch()
    (tmp_path / f'cache-{os.getuid()}').symlink_to(tmp_path)

    with pytest.raises(NotWritableError, match='TMPDIR'):
        private_dir(str(tmp_path), 'cache')


@needs_root
def test_file_of_another_user_is_not_an_own_one(tmp_path):
    (tmp_path / 'a').touch()
    assert is_own_file(str(tmp_path / 'a'))
    os.chown(tmp_path / 'a', 12345, 12345)
    assert not is_own_file(str(tmp_path / 'a'))
    assert not is_own_file(str(tmp_path / 'missing'))


def test_downloads_are_private(tmp_path):
    rv_config_.set_tmp_dir_root(str(tmp_path))
    try:
        assert os.stat(rv_config_.get_cache_dir()).st_mode & 0o777 == 0o700
    finally:
        rv_config_.set_tmp_dir_root(None)
