"""`rastervision zoo`, with an index on each kind of store: what it may be, what is listed, what is fetched."""

import hashlib
import json
import os
import subprocess
import sys
from functools import partial

import pytest
from click.testing import CliRunner

from rastervision.aws_s3.s3_file_system import S3FileSystem
from rastervision.core.zoo.command import zoo
from rastervision.core.zoo.fetch import fetch
from rastervision.core.zoo.index import Index
from rastervision.pipeline.errors import (
    ArgumentError,
    BundleError,
    DataError,
    MissingFileError,
    NotReadableError,
    NotWritableError,
    RasterVisionError,
    WebPageError,
)
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem
from rastervision.pipeline.file_system.utils import download_if_needed

BUNDLE = bytes(range(256)) * 40
SHA256 = hashlib.sha256(BUNDLE).hexdigest()
ENTRY = {
    'name': 'roofs',
    'task': 'semantic-segmentation',
    'classes': ['background', 'roof'],
    'bands': ['band-1', 'band-2', 'band-3'],
    'metres_per_pixel': 0.3,
    'license': 'CC-BY-4.0',
    'url': 'models/roofs.zip',
    'size': len(BUNDLE),
    'sha256': SHA256,
}

LOCAL_URLS = [
    '/etc/passwd',
    '//other/x.zip',
    '\\\\other\\x.zip',
    'file:///etc/passwd',
    'file:/etc/passwd',
    'FILE:///etc/passwd',
    '/vsicurl/http://x/y.zip',
    'vrt://x.zip',
    'zip:x.zip',
    'C:\\x.zip',
    'http:x.zip',
    'http:///x.zip',
    'http://[x.zip',
    'ftp://x/y.zip',
    '../x.zip',
    'a/../../x.zip',
    'a\\..\\..\\x.zip',
]


def text_of(*entries, **more):
    return json.dumps({'version': 1, 'models': list(entries), **more})


def run(*args):
    return CliRunner().invoke(zoo, [str(arg) for arg in args])


@pytest.fixture
def web(web_folder):
    """Puts a file on a web server, and gives its URI."""
    return partial(put_local, *web_folder)


@pytest.fixture(params=['local', 's3', 'http'])
def place(request, tmp_path):
    """Puts a file on a store, and gives its URI."""
    if request.param == 'http':
        return request.getfixturevalue('web')
    if request.param == 'local':
        return partial(put_local, str(tmp_path / 'store'), str(tmp_path / 'store'))
    return partial(put_s3, request.getfixturevalue('bucket'))


def put_local(folder, address, name, data):
    LocalFileSystem.write_bytes(f'{folder}/{name}', data)
    return f'{address}/{name}'


def put_s3(bucket, name, data):
    S3FileSystem.write_bytes(f'{bucket}/{name}', data)
    return f'{bucket}/{name}'


@pytest.fixture
def index(tmp_path):
    """Writes a local index of entries."""

    def write(*entries, **more):
        (tmp_path / 'index.json').write_text(text_of(*entries, **more))
        return str(tmp_path / 'index.json')

    return write


# ------------------------------------------------------------------------------ the index
def test_an_index_is_read_from_any_store(place):
    found = Index.read(place('zoo/index.json', text_of(ENTRY, future='x').encode()))

    (model,) = found.models
    assert model.dict() == {**ENTRY, 'classes': ('background', 'roof'), 'bands': ('band-1', 'band-2', 'band-3')}
    assert found.uri_of(model) == found.uri.replace('index.json', 'models/roofs.zip')


def test_a_folder_stands_for_the_index_in_it(place):
    uri = place('zoo/index.json', text_of(ENTRY).encode())

    assert Index.read(uri.removesuffix('index.json')).uri == uri


@pytest.mark.parametrize(
    ('field', 'values'),
    {
        'name': [None, 3, '', '..', '../roofs', 'a/b', 'a\\b', '-x', '.x', 'x\n', 'x\x1b[31m', 'r\u00f6ofs', 'x' * 101],
        'task': [None, 3, '', [], 'x' * 101, 'x\x1b[31m'],
        'classes': [None, 'roof', {}, ['roof', 3], [None], [''], ['x' * 501], ['x'] * 10_001],
        'bands': [None, 3, [3], [[]]],
        'metres_per_pixel': ['0.3', 0, -1, True, []],
        'license': ['', 3, {}, 'x' * 501],
        'url': [None, '', 3, ' x.zip', 'x.zip ', 'x\n.zip', 'x\0.zip', '\u202ex.zip', 'gopher://x/y.zip', 'x' * 4001],
        'size': [None, 0, -1, 1.5, '7', True, 1 << 41],
        'sha256': [None, '', 3, 'a' * 63, 'a' * 65, 'g' * 64, SHA256.upper(), SHA256 + '\n'],
    }.items(),
)
def test_an_odd_value_is_an_error_that_names_the_field(index, field, values):
    for value in values:
        with pytest.raises(DataError, match=rf'models\[1\]\.{field} is'):
            Index.read(index(ENTRY, {**ENTRY, 'name': 'other', field: value}))


@pytest.mark.parametrize('field', sorted(ENTRY.keys() - {'license', 'metres_per_pixel'}))
def test_a_missing_value_is_an_error(index, field):
    with pytest.raises(DataError, match=rf'models\[0\]\.{field} is missing. It must be'):
        Index.read(index({name: value for name, value in ENTRY.items() if name != field}))


def test_resolution_and_license_may_be_unknown(index):
    (model,) = Index.read(index({**ENTRY, 'license': None, 'metres_per_pixel': None})).models

    assert (model.license, model.metres_per_pixel) == (None, None)


@pytest.mark.parametrize(
    'text',
    [
        '',
        '{',
        '[]',
        'null',
        '"models"',
        '{}',
        '{"version": 1, "models": {}}',
        '{"version": 1, "models": [null]}',
        '{"version": 1, "models": [[]]}',
        '{"models": []}',
        '{"version": "1", "models": []}',
        '{"version": 2, "models": []}',
        '{"version": 1, "version": 1, "models": []}',
        '{"version": 1, "models": [{"metres_per_pixel": NaN}]}',
        '{"version": 1, "models": [{"size": ' + '9' * 10_000 + '}]}',
        '{"version": 1, "models": ' + '[' * 100_000,
        '{"version": 1, "models": ' + '[' * 20 + ']' * 20 + '}',
        '<!DOCTYPE html><html></html>',
        ' ' * (4 << 20) + '{"version": 1, "models": []}',
        text_of(ENTRY, ENTRY),
        text_of(*[{}] * 10_001),
    ],
)
def test_what_is_no_index_is_an_error_that_names_the_file(tmp_path, text):
    (tmp_path / 'index.json').write_text(text)

    with pytest.raises((DataError, NotReadableError), match=r'index\.json'):
        Index.read(str(tmp_path / 'index.json'))


@pytest.mark.parametrize('place', ['s3', 'http'], indirect=True)
def test_a_remote_index_names_nothing_on_this_machine(place):
    for url in LOCAL_URLS:
        uri = place('zoo/index.json', text_of({**ENTRY, 'url': url}).encode())

        with pytest.raises(DataError, match=r'models\[0\]\.url is'):
            Index.read(uri)


@pytest.mark.parametrize('url', ['https://x/y.zip', 'http://x/y.zip', 's3://x/y.zip'])
def test_a_remote_index_may_name_other_servers(web, url):
    found = Index.read(web('index.json', text_of({**ENTRY, 'url': url}).encode()))

    assert found.uri_of(found.models[0]) == url


def test_a_local_index_may_name_local_files(index, tmp_path):
    for url, uri in {
        '/data/x.zip': '/data/x.zip',
        '../x.zip': str(tmp_path / '../x.zip'),
        'a:b.zip': str(tmp_path / 'a:b.zip'),
        'file:///data/x.zip': 'file:///data/x.zip',
    }.items():
        found = Index.read(index({**ENTRY, 'url': url}))
        assert found.uri_of(found.models[0]) == uri


# ------------------------------------------------------------------------------ list
def test_the_list_is_a_table(index):
    other = {**ENTRY, 'name': 'trees', 'task': 'object-detection', 'license': None, 'metres_per_pixel': None}
    other |= {'classes': [f'c{i}' for i in range(20)], 'size': 2_500_000}

    lines = run('list', '--index', index(ENTRY, other)).output.splitlines()

    assert lines[0].split() == ['name', 'task', 'm/px', 'MB', 'license', 'bands', 'classes']
    assert lines[1].split()[:5] == ['roofs', 'semantic-segmentation', '0.3', '0.0', 'CC-BY-4.0']
    assert lines[2].split()[:5] == ['trees', 'object-detection', '-', '2.5', '-']
    assert lines[2].endswith('c0, c1, c2, c3, c4, c5, c6, c7, and 12 more')
    assert lines[1].index('background') == lines[2].index('c0')


def test_the_list_shows_only_a_task(index):
    uri = index(ENTRY, {**ENTRY, 'name': 'trees', 'task': 'object-detection'})

    for spelling in ('object-detection', 'object_detection', 'Object Detection'):
        found = json.loads(run('list', '--index', uri, '--json', '--task', spelling).output)
        assert [model['name'] for model in found] == ['trees']
    nothing = run('list', '--index', uri, '--task', 'speech')
    assert nothing.stdout == ''
    assert "has the task 'speech'. Its tasks: object-detection, semantic-segmentation." in nothing.stderr


def test_programs_get_json_with_the_whole_address(place):
    uri = place('zoo/index.json', text_of(ENTRY).encode())

    assert json.loads(run('list', '--index', uri, '--json').output) == [
        {**ENTRY, 'url': uri.replace('index.json', 'models/roofs.zip')}
    ]


def test_names_steer_no_terminal_and_secrets_are_masked(index):
    odd = 'x\x1b]0;evil\x07\x7f\u202e\n\r\x9b31m'
    entry = {**ENTRY, 'classes': [odd], 'bands': [odd], 'license': odd}
    uri = index({**entry, 'url': 'https://ann:pa55word@x/y.zip?sig=pa55word'})

    table, data = run('list', '--index', uri).output, run('list', '--index', uri, '--json').output

    assert len(table.splitlines()) == 2
    assert all(character.isprintable() for character in (table + data).replace('\n', ''))
    assert json.loads(data)[0]['classes'] == [odd]
    assert 'pa55word' not in data
    assert json.loads(data)[0]['url'].startswith('https://***@x/y.zip')


def test_without_an_index_it_is_said_how_to_name_or_make_one(monkeypatch):
    monkeypatch.delenv('RASTERVISION_ZOO_INDEX', raising=False)
    result = run('list')

    assert result.exit_code == 2
    for text in ('--index', 'RASTERVISION_ZOO_INDEX', 'rastervision zoo index FOLDER'):
        assert text in ' '.join(result.output.split())


def test_a_setting_names_the_index(index, monkeypatch):
    monkeypatch.setenv('RASTERVISION_ZOO_INDEX', index(ENTRY))
    assert 'roofs' in run('list').output

    other = os.environ['RASTERVISION_ZOO_INDEX'] + '.other'
    with open(other, 'w') as file:
        file.write(text_of())
    assert 'roofs' not in run('list', '--index', other).output


# ------------------------------------------------------------------------------ get
def test_a_model_is_fetched_from_any_store(place, tmp_path):
    uri = place('zoo/index.json', text_of(ENTRY).encode())
    place('zoo/models/roofs.zip', BUNDLE)
    places = {'x.zip': 'x.zip', 'new/x.zip': 'new/x.zip', 'other/': 'other/roofs.zip', 'new': 'new/roofs.zip'}

    for _ in range(2):  # what is there already is fine
        for out, path in places.items():
            result = run('get', 'roofs', f'{tmp_path}/{out}', '--index', uri)
            assert (result.exit_code, result.exception) == (0, None)
            assert (tmp_path / path).read_bytes() == BUNDLE
    assert sorted(os.listdir(tmp_path / 'new')) == ['roofs.zip', 'x.zip']


BROKEN = [
    (BUNDLE[:-1] + b'x', BundleError, rf'has the SHA-256 (?!{SHA256})[0-9a-f]{{64}}, and the index says {SHA256}'),
    (BUNDLE[:-1], BundleError, r'has 10,239 bytes, and the index says 10,240'),
    (b'', BundleError, r'has 0 bytes'),
    (BUNDLE + b'x', NotReadableError, r'has more than 10,240 bytes'),
]


def test_what_is_not_as_the_index_says_is_not_kept(place, tmp_path):
    found = Index.read(place('zoo/index.json', text_of(ENTRY).encode()))

    with pytest.raises(MissingFileError, match=r'models/roofs\.zip'):
        fetch(found, 'roofs', str(tmp_path / 'out/x.zip'))
    for data, kind, message in BROKEN:
        place('zoo/models/roofs.zip', data)
        with pytest.raises(kind, match=rf'roofs of .*index\.json: .*models/roofs\.zip.*{message}'):
            fetch(found, 'roofs', str(tmp_path / 'out/x.zip'))
        assert os.listdir(tmp_path / 'out') == []


def test_an_earlier_download_does_not_stand_for_what_the_index_says(web, tmp_path):
    uri = web('models/roofs.zip', BUNDLE)
    path = tmp_path / 'web/models/roofs.zip'
    times = path.stat().st_mtime_ns
    kept = download_if_needed(uri)
    path.write_bytes(BUNDLE[::-1])
    os.utime(path, ns=(times, times))
    assert download_if_needed(uri) == kept
    with open(kept, 'rb') as file:
        assert file.read() == BUNDLE  # the server says that it is the same

    with pytest.raises(BundleError, match='SHA-256'):
        fetch(Index.read(web('index.json', text_of(ENTRY).encode())), 'roofs', str(tmp_path / 'x.zip'))


@pytest.mark.parametrize('path', ['index.json', 'models/roofs.zip'])
def test_a_web_page_is_neither_index_nor_model(web, tmp_path, path):
    web('models/roofs.zip', BUNDLE)
    uri = web('index.json', text_of(ENTRY).encode())
    web(path, b'<!DOCTYPE html><html>Sign in</html>')

    with pytest.raises(WebPageError, match=path):
        fetch(Index.read(uri), 'roofs', str(tmp_path / 'x.zip'))
    assert not (tmp_path / 'x.zip').exists()


@pytest.mark.parametrize('what', ['file', 'damaged', 'folder', 'link', 'loose link'])
def test_what_is_there_stays(index, tmp_path, what):
    (tmp_path / 'models').mkdir()
    (tmp_path / 'models/roofs.zip').write_bytes(BUNDLE)
    out, mine = tmp_path / 'out/roofs.zip', tmp_path / 'mine'
    out.parent.mkdir()
    mine.write_text('mine')
    if what == 'folder':
        out.mkdir()
    elif what in ('link', 'loose link'):
        out.symlink_to(mine if what == 'link' else tmp_path / 'nothing')
    else:
        out.write_bytes(b'mine' if what == 'file' else BUNDLE[::-1])
    before = out.lstat()

    with pytest.raises(NotWritableError, match=r'roofs\.zip.* is there already'):
        fetch(Index.read(index(ENTRY)), 'roofs', str(out.parent))

    assert (out.lstat().st_ino, out.lstat().st_size) == (before.st_ino, before.st_size)
    assert mine.read_text() == 'mine'
    assert not (tmp_path / 'nothing').exists()


def test_a_file_that_comes_meanwhile_stays(index, tmp_path, monkeypatch):
    def copy(uri, path, size):
        (tmp_path / 'x.zip').write_text('mine')
        with open(path, 'wb') as file:
            file.write(BUNDLE)

    monkeypatch.setattr(LocalFileSystem, 'copy_up_to', copy)

    with pytest.raises(NotWritableError, match='is there already'):
        fetch(Index.read(index(ENTRY)), 'roofs', str(tmp_path / 'x.zip'))
    assert (tmp_path / 'x.zip').read_text() == 'mine'


def test_an_unknown_name_is_answered_with_the_nearest(index):
    uri = index(ENTRY, {**ENTRY, 'name': 'trees'})

    with pytest.raises(ArgumentError, match=r"'rofs'\. Did you mean 'roofs'\? Known: roofs, trees\."):
        fetch(Index.read(uri), 'rofs', 'x.zip')


def test_models_are_fetched_to_this_machine_only(index):
    with pytest.raises(NotWritableError, match='local file'):
        fetch(Index.read(index(ENTRY)), 'roofs', 's3://bucket/x.zip')


# ------------------------------------------------------------------------------ index
def test_an_index_is_made_of_bundles_only(tmp_path):
    with pytest.raises(MissingFileError, match='no bundle in it'):
        raise run('index', tmp_path).exception
    with pytest.raises(MissingFileError, match='nowhere'):
        raise run('index', tmp_path / 'nowhere').exception
    (tmp_path / 'x.zip').write_bytes(BUNDLE)
    with pytest.raises(BundleError, match=r'x\.zip'):
        raise run('index', tmp_path).exception
    assert os.listdir(tmp_path) == ['x.zip']


def test_what_is_no_index_is_not_replaced(tmp_path):
    (tmp_path / 'index.json').write_text('{"mine": 1}')

    with pytest.raises(NotWritableError, match=r'index\.json.* is no index of models'):
        raise run('index', tmp_path).exception
    assert (tmp_path / 'index.json').read_text() == '{"mine": 1}'


def test_all_errors_are_ours(tmp_path):
    for args in (['list', '--index', tmp_path / 'no'], ['get', 'x', tmp_path, '--index', 'ftp://x/y']):
        assert isinstance(run(*args).exception, RasterVisionError)


@pytest.mark.parametrize('args', [['--help'], ['list', '--help'], ['get', '--help'], ['list', '--index', 'INDEX']])
def test_nothing_heavy_is_imported(index, args):
    uri = index(ENTRY)
    program = (
        'import sys; from rastervision.pipeline.cli.app import main\n'
        f'main({["zoo", *(uri if arg == "INDEX" else arg for arg in args)]}, standalone_mode=False)\n'
        'print(*{"numpy", "rasterio", "torch", "boto3", "requests", "pydantic"} & set(sys.modules), file=sys.stderr)'
    )

    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == ''
