import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from rastervision.pipeline.errors import DataError, NotReadableError, NotWritableError
from rastervision.pipeline.file_system.archive_members import UnpackLimits
from rastervision.pipeline.file_system.archives import (
    _unpack_gz,
    _unpack_tar,
    _unpack_zip,
    is_archive,
    unpack,
    unzip,
    zipdir,
)
from rastervision.pipeline.file_system.local_file_system import list_files
from rastervision.pipeline.file_system.utils import extract


@pytest.fixture
def src(tmp_path):
    folder = tmp_path / 'src'
    (folder / 'train' / 'img').mkdir(parents=True)
    (folder / 'train' / 'img' / '10.png').write_bytes(b'ten')
    (folder / 'train' / 'img' / '9.png').write_bytes(b'nine')
    (folder / 'a.json').write_text('{}')
    return folder


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def evil_zip(path):
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('good', 'x')
        archive.writestr('../evil', 'x')


def evil_tar(path, link=''):
    with tarfile.open(path, 'w') as archive:
        info = tarfile.TarInfo('link' if link else '../evil')
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info, io.BytesIO())


def test_zip_has_the_files_without_the_folders_name(src, tmp_path):
    zipdir(str(src), str(tmp_path / 'a.zip'))

    with zipfile.ZipFile(tmp_path / 'a.zip') as archive:
        assert archive.namelist() == ['a.json', 'train/img/10.png', 'train/img/9.png']
        assert archive.infolist()[0].compress_type == zipfile.ZIP_DEFLATED


def test_same_files_give_the_same_bytes(src, tmp_path):
    copy = tmp_path / 'copy'
    (copy / 'train' / 'img').mkdir(parents=True)
    for name in reversed(list_files(str(src))):
        shutil.copyfile(src / name, copy / name)
    os.utime(copy / 'a.json', (10**9, 10**9))
    (copy / 'a.json').chmod(0o600)

    zipdir(str(src), str(tmp_path / 'a.zip'))
    zipdir(str(copy), str(tmp_path / 'b.zip'))

    assert digest(tmp_path / 'a.zip') == digest(tmp_path / 'b.zip')


def test_zip_inside_its_own_folder_does_not_hold_itself(src):
    for _ in range(2):
        zipdir(str(src), str(src / 'a.zip'))

    with zipfile.ZipFile(src / 'a.zip') as archive:
        assert 'a.zip' not in archive.namelist()
        assert len(archive.namelist()) == 3


def test_missing_folder_is_not_packed(tmp_path):
    with pytest.raises(NotReadableError, match='no such folder'):
        zipdir(str(tmp_path / 'missing'), str(tmp_path / 'a.zip'))

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('is_there', [True, False])
def test_zip_is_unpacked_into_a_folder(src, tmp_path, is_there):
    zipdir(str(src), str(tmp_path / 'a.zip'))
    out = tmp_path / 'out'
    if is_there:
        (out / 'train').mkdir(parents=True)
        (out / 'train' / 'mine').touch()

    unzip(str(tmp_path / 'a.zip'), str(out))

    mine = ['train/mine'] if is_there else []
    assert list_files(str(out)) == sorted([*list_files(str(src)), *mine])
    assert (out / 'train' / 'img' / '9.png').read_bytes() == b'nine'


@pytest.mark.parametrize('place', ['train', 'train/img/9.png'])
def test_a_file_or_folder_in_the_place_of_the_other_is_kept_and_named(src, tmp_path, place):
    zipdir(str(src), str(tmp_path / 'a.zip'))
    out = tmp_path / 'out'
    mine = out / place if place == 'train' else out / place / 'mine'
    mine.parent.mkdir(parents=True)
    mine.write_text('mine')

    with pytest.raises(NotWritableError, match=r'train.*cannot be written'):
        unzip(str(tmp_path / 'a.zip'), str(out))

    assert mine.read_text() == 'mine'


@pytest.mark.parametrize('is_there', [True, False])
def test_member_that_would_land_outside_is_refused(tmp_path, is_there):
    evil_zip(tmp_path / 'a.zip')
    evil_tar(tmp_path / 'a.tar')
    out = tmp_path / 'out'
    if is_there:
        out.mkdir()
        (out / 'mine').touch()

    for name in ('a.zip', 'a.tar'):
        with pytest.raises(DataError, match=r"'\.\./evil' would land outside"):
            unpack(str(tmp_path / name), str(out))

    assert not (tmp_path / 'evil').exists()
    assert not is_there or os.listdir(out) == ['mine']


def test_link_that_leads_outside_is_refused(tmp_path):
    evil_tar(tmp_path / 'a.tar', link='/etc')

    with pytest.raises(DataError, match='cannot be unpacked'):
        unpack(str(tmp_path / 'a.tar'), str(tmp_path / 'out'))


@pytest.mark.parametrize('name', ['a.zip', 'a.tar.gz', 'a.gz'])
def test_damaged_archive_is_an_error_and_leaves_nothing(tmp_path, name):
    (tmp_path / name).write_bytes(b'\x1f\x8bnonsense')

    with pytest.raises(DataError, match='Is it complete'):
        unpack(str(tmp_path / name), str(tmp_path / 'out'))

    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    'name', ['a.zip', 'a.tar', 'a.tar.gz', 'a.TGZ', 'a.tar.bz2', 'a.tar.xz', 'a.gz', 's3://b/a.zip']
)
def test_archive_by_its_ending(name):
    assert is_archive(name)


def test_query_is_no_part_of_an_ending():
    assert is_archive('https://a.b/a.zip?version=1.2')
    assert not is_archive('https://a.b/a.tif?format=.zip')


@pytest.mark.parametrize('format_', ['zip', 'tar', 'gztar', 'bztar', 'xztar'])
def test_archive_is_extracted(src, tmp_path, format_):
    path = shutil.make_archive(str(tmp_path / 'a'), format_, src)

    out = extract(path, str(tmp_path / 'out'))

    assert out == str(tmp_path / 'out')
    assert list_files(out) == list_files(str(src))


def test_packed_file_is_extracted_under_its_name(tmp_path):
    with gzip.open(tmp_path / 'labels.json.gz', 'wb') as file:
        file.write(b'{}')

    out = extract(str(tmp_path / 'labels.json.gz'))

    assert Path(out, 'labels.json').read_text() == '{}'


def test_extracted_archive_is_used_again_until_it_changes(src, tmp_path):
    zipdir(str(src), str(tmp_path / 'a.zip'))
    first, again = (extract(str(tmp_path / 'a.zip')) for _ in range(2))
    (src / 'new').touch()
    zipdir(str(src), str(tmp_path / 'a.zip'))

    assert first == again
    assert 'new' in list_files(extract(str(tmp_path / 'a.zip')))


def test_what_is_no_archive_is_an_error(tmp_path):
    (tmp_path / 'a.tif').touch()

    with pytest.raises(DataError, match='does not end like an archive'):
        extract(str(tmp_path / 'a.tif'))


def zip_of(path, *names, content=b'x', mode=None):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = 0 if mode is None else mode << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    'names',
    [
        ('a', 'a/b'),
        ('a/b', 'a'),
        ('a', 'A'),
        ('é', 'e\u0301'),
        ('x' * 300,),
        ('C:/x',),
        ('..\\x',),
        ('/x',),
        ('a', 'a'),
    ],
    ids=ascii,
)
@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_names_that_clash_or_lead_outside_are_refused(names, tmp_path):
    zip_of(tmp_path / 'a.zip', *names)

    with pytest.raises(DataError, match=r'a\.zip'):
        unzip(str(tmp_path / 'a.zip'), str(tmp_path / 'out'))

    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('mode', [0o120777, 0o020666, 0o010666], ids=['link', 'device', 'pipe'])
def test_what_is_no_file_is_refused(mode, tmp_path):
    zip_of(tmp_path / 'a.zip', 'a', content=b'/etc/passwd', mode=mode)

    with pytest.raises(DataError, match='link or device'):
        unzip(str(tmp_path / 'a.zip'), str(tmp_path / 'out'))


@pytest.mark.parametrize(
    'limits', [UnpackLimits(2, 10**9, 1e9, 0), UnpackLimits(9, 10, 1e9, 0), UnpackLimits(9, 10**9, 2, 50)]
)
@pytest.mark.parametrize('make', ['zip', 'tar.gz'])
def test_more_than_its_size_lets_expect_does_not_come_out(make, limits, tmp_path):
    path = tmp_path / f'a.{make}'
    if make == 'zip':
        zip_of(path, 'a', 'b', 'c', content=bytes(10_000))
    else:
        with tarfile.open(path, 'w:gz') as archive:
            for name in 'abc':
                info = tarfile.TarInfo(name)
                info.size = 10_000
                archive.addfile(info, io.BytesIO(bytes(10_000)))
    step = _unpack_zip if make == 'zip' else _unpack_tar

    with pytest.raises(DataError, match='is not unpacked'):
        step(str(path), str(tmp_path), limits)


def test_packed_file_that_grows_without_end_is_stopped(tmp_path):
    (tmp_path / 'a.gz').write_bytes(gzip.compress(bytes(8 << 20)))

    with pytest.raises(DataError, match='is not unpacked'):
        _unpack_gz(str(tmp_path / 'a.gz'), str(tmp_path), UnpackLimits(9, 2 << 20, 1e9, 0))

    assert (tmp_path / 'a').stat().st_size <= 4 << 20
