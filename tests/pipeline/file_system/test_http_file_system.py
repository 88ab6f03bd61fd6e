import datetime
import os
import threading
import time
import tracemalloc
from contextlib import suppress
from functools import partial

import pytest
import requests

from rastervision.pipeline.errors import NotReadableError, NotWritableError, WebPageError
from rastervision.pipeline.file_system import http_file_system, http_stream
from rastervision.pipeline.file_system.http_file_system import HttpFileSystem, get_file_obj
from rastervision.pipeline.file_system.http_stream import make_session
from rastervision.pipeline.file_system.json_reader import DOCUMENT, JsonLimits
from rastervision.pipeline.file_system.utils import download_if_needed, file_to_json, file_to_str

DATA = bytes(range(256)) * 4000
DOCUMENT_OF_NO_SIZE = JsonLimits(1000, 10, is_strict=True)


@pytest.fixture
def scene(web):
    web.files['scene.tif'] = DATA
    return web.uri('scene.tif')


def test_file_is_read(scene):
    assert HttpFileSystem.read_bytes(scene) == DATA


def test_missing_file_says_what_the_server_says(web):
    with pytest.raises(NotReadableError, match=r'scene\.tif.*404 Not Found'):
        HttpFileSystem.read_bytes(web.uri('scene.tif'))


def test_no_server_is_an_error(web, monkeypatch):
    from rastervision.pipeline.file_system import http_stream

    monkeypatch.setattr(http_stream, 'ATTEMPTS', 1)

    with pytest.raises(NotReadableError, match='Is the network up'):
        HttpFileSystem.read_bytes('http://127.0.0.1:1/a')


def test_no_server_has_no_file_which_is_found_at_once(monkeypatch, caplog):
    monkeypatch.setattr(http_stream, 'BACKOFF', 100)

    assert not HttpFileSystem.file_exists('http://127.0.0.1:1/a')
    assert HttpFileSystem.last_modified('http://127.0.0.1:1/a') is None
    assert 'Is the network up' in caplog.text


@pytest.mark.parametrize('status', [429, 500, 503])
def test_busy_server_is_asked_again(web, scene, status):
    web.statuses = [status, status]

    assert HttpFileSystem.read_bytes(scene) == DATA
    assert web.asked['GET'] == 3


def test_server_that_stays_busy_is_an_error(web, scene):
    web.statuses = [503] * 20

    with pytest.raises(NotReadableError, match='503'):
        HttpFileSystem.read_bytes(scene)
    assert web.asked['GET'] == 6


def test_server_says_how_long_to_wait(web, scene):
    web.statuses = [503]
    web.headers = {'Retry-After': '1'}
    start = time.monotonic()

    HttpFileSystem.read_bytes(scene)

    assert time.monotonic() - start >= 1


def test_no_server_makes_it_wait_for_hours():
    class Answer:
        headers = {'Retry-After': '86400'}  # noqa: RUF012

    assert make_session().get_adapter('http://').max_retries.get_retry_after(Answer()) == 120


@pytest.mark.parametrize('knows_ranges', [True, False])
@pytest.mark.parametrize('cut_after', [[0], [1000], [500_000, 100_000]])
def test_cut_download_goes_on(web, scene, knows_ranges, cut_after):
    web.knows_ranges = knows_ranges
    web.cut_after = list(cut_after) if knows_ranges else cut_after[:1]
    web.headers = {'ETag': '"1"'}

    assert HttpFileSystem.read_bytes(scene) == DATA


def test_only_the_rest_is_asked_for(web, scene):
    web.cut_after = [500_000]

    HttpFileSystem.read_bytes(scene)

    assert web.ranges == [None, 'bytes=500000-']


def test_cut_download_without_a_length_is_read_again(web, scene):
    web.sends_length = False
    web.cut_after = [1000]

    assert HttpFileSystem.read_bytes(scene) == DATA


def test_file_that_changes_meanwhile_is_an_error(web, scene):
    web.headers = {'ETag': '"1"'}
    web.cut_after = [1000]
    with pytest.raises(NotReadableError, match='changed while it was read'), get_file_obj(scene) as file:
        web.headers = {'ETag': '"2"'}
        file.read()


def test_connection_that_is_always_cut_is_an_error_and_leaves_nothing(web, scene, tmp_path):
    web.cut_after = [1000] + [0] * 20

    with pytest.raises(NotReadableError, match=f'cut again and again after 1000 of {len(DATA)} bytes'):
        HttpFileSystem.copy_from(scene, str(tmp_path / 'out' / 'scene.tif'))

    assert os.listdir(tmp_path / 'out') == []


@pytest.fixture
def endless(web):
    """A server that never stops to send, as much as it is asked for; tells how much it has sent."""
    sent = []

    def send(request, data):
        with suppress(OSError):
            while True:
                request.wfile.write(b'100000\r\n%s\r\n' % (b' ' * (1 << 20)))
                sent.append(1 << 20)

    web.sends_length = False
    web.files['endless.json'] = b' '
    web._send = send
    return web.uri('endless.json'), sent


@pytest.mark.parametrize('read', [file_to_json, partial(file_to_str, max_bytes=64 << 20)])
def test_a_file_without_end_is_an_error_in_bounded_memory(endless, read):
    uri, sent = endless
    options = {'limits': DOCUMENT} if read is file_to_json else {}
    tracemalloc.start()
    try:
        with pytest.raises(NotReadableError, match=r'endless\.json.* has more than 64 MB'):
            read(uri, **options)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 100 << 20
    assert sum(sent) < 100 << 20


@pytest.fixture
def dripping(web, monkeypatch):
    """A server that sends a byte now and then, for a minute."""

    def send(request, data):
        with suppress(OSError):
            for _ in range(600):
                request.wfile.write(b'1\r\n \r\n' if not web.sends_length else b' ')
                request.wfile.flush()
                time.sleep(0.1)

    web.files['slow.json'] = b' ' * 600
    web._send = send
    return web


@pytest.mark.parametrize('sends_length', [True, False])
def test_a_server_that_hardly_sends_anything_is_an_error(dripping, monkeypatch, tmp_path, sends_length):
    monkeypatch.setattr(http_stream, 'SLOW_SECONDS', 0.5)
    dripping.sends_length = sends_length
    started = time.monotonic()

    for read in (file_to_json, partial(HttpFileSystem.copy_from, dst_path=str(tmp_path / 'x'))):
        with pytest.raises(NotReadableError, match=r'slow\.json.*the server sent \d bytes in'):
            read(dripping.uri('slow.json'))

    assert time.monotonic() - started < 10
    assert os.listdir(tmp_path) == ['tmp-root'] or not (tmp_path / 'x').exists()


@pytest.mark.parametrize('read', [file_to_json, HttpFileSystem.version])
def test_a_server_whose_header_does_not_end_is_an_error(web, monkeypatch, read):
    def drip(request):
        with suppress(OSError):
            request.wfile.write(b'HTTP/1.1 200 OK\r\n')
            for _ in range(200):
                request.wfile.write(b'X')
                request.wfile.flush()
                time.sleep(0.1)

    monkeypatch.setattr(http_stream, 'ANSWER_SECONDS', 0.5)
    monkeypatch.setattr(http_stream, 'ATTEMPTS', 1)
    web.answer = drip
    started = time.monotonic()

    with pytest.raises(NotReadableError, match=r'a\.json'):
        read(web.uri('a.json'))

    assert time.monotonic() - started < 10


@pytest.mark.parametrize('sends_length', [True, False])
def test_no_more_is_copied_than_allowed(web, scene, tmp_path, sends_length):
    web.sends_length = sends_length
    copy = tmp_path / 'copy'

    HttpFileSystem.copy_up_to(scene, str(copy), len(DATA))
    assert copy.read_bytes() == DATA
    copy.unlink()
    with pytest.raises(NotReadableError, match=r'scene\.tif.* is not copied: it has more than 1,023,999 bytes'):
        HttpFileSystem.copy_up_to(scene, str(copy), len(DATA) - 1)
    assert not copy.exists()


def test_a_copy_ends_where_it_is_larger_than_allowed(web, tmp_path):
    sent = []

    def endless(request):
        request.send_response(200)
        request.end_headers()
        request.close_connection = True
        with suppress(OSError):
            while len(sent) < 1000:
                request.wfile.write(bytes(1 << 16))
                sent.append(1)

    web.answer = endless
    with pytest.raises(NotReadableError, match='has more than 1,000 bytes'):
        HttpFileSystem.copy_up_to(web.uri('endless.zip'), str(tmp_path / 'copy'), 1000)

    assert len(sent) < 1000


def test_a_text_that_takes_too_long_is_an_error(dripping, monkeypatch):
    monkeypatch.setattr(http_file_system, 'SHORTEST_LIMIT', 0.5)

    with pytest.raises(NotReadableError, match=r'slow\.json.*too slow'):
        file_to_json(dripping.uri('slow.json'), DOCUMENT_OF_NO_SIZE)


def test_a_slow_reader_is_no_slow_server(web, monkeypatch):
    monkeypatch.setattr(http_stream, 'SLOW_SECONDS', 0.2)
    web.files['x'] = b' ' * 5_000_000

    with get_file_obj(web.uri('x'), with_progress=False) as file:
        for _ in range(5):
            assert file.read(1_000_000)
            time.sleep(0.2)


def test_headers_of_the_user_are_sent(web, scene, tmp_path):
    HttpFileSystem.copy_from(scene, str(tmp_path / 'a'), headers={'X-Key': '1'}, with_progress=False)

    assert (tmp_path / 'a').read_bytes() == DATA


@pytest.mark.parametrize('knows_head', [True, False])
def test_existence(web, scene, knows_head):
    web.knows_head = knows_head

    assert HttpFileSystem.file_exists(scene)
    assert not HttpFileSystem.file_exists(web.uri('missing'))


def test_existence_is_not_denied_when_the_server_fails(web, scene):
    web.statuses = [500] * 20

    with pytest.raises(NotReadableError, match='500'):
        HttpFileSystem.file_exists(scene)


def test_time_of_change(web, scene):
    assert HttpFileSystem.last_modified(scene) is None

    web.headers = {'Last-Modified': 'Wed, 21 Oct 2015 07:28:00 GMT'}
    assert HttpFileSystem.last_modified(scene) == datetime.datetime(2015, 10, 21, 7, 28, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    'write',
    [
        lambda uri: HttpFileSystem.write_str(uri, ''),
        lambda uri: HttpFileSystem.write_bytes(uri, b''),
        lambda uri: HttpFileSystem.copy_to('a', uri),
        lambda uri: HttpFileSystem.sync_to_dir('a', uri),
    ],
)
def test_nothing_is_written(write):
    with pytest.raises(NotWritableError, match=r"'http://a\.b/c'.*reading only"):
        write('http://a.b/c')


@pytest.mark.parametrize('read', [HttpFileSystem.list_paths, lambda uri: HttpFileSystem.sync_from_dir(uri, 'a')])
def test_there_are_no_folders(read):
    with pytest.raises(NotReadableError, match='folder'):
        read('http://a.b/c')


def test_uri_has_a_place_under_the_folder_for_downloads():
    assert HttpFileSystem.local_path('https://a.b:80/c/d%20e.tif', '/x') == '/x/http/a.b:80/c/d e.tif'


def test_queries_do_not_collide():
    paths = {HttpFileSystem.local_path(f'https://a.b/c.tif{query}', '/x') for query in ('', '?id=1', '?id=2')}

    assert len(paths) == 3
    assert all(path.endswith('.tif') for path in paths)


def test_place_of_a_download_holds_no_password():
    path = HttpFileSystem.local_path('https://ann:secret@a.b/c.tif?sig=key', '/x')

    assert path.startswith('/x/http/a.b/c-')
    assert not any(word in path for word in ('ann', 'secret', 'key'))


def test_path_does_not_leave_the_folder_for_downloads():
    assert HttpFileSystem.local_path('https://a.b/%2e%2e/../../etc/x', '/x') == '/x/http/a.b/etc/x'


def test_download_is_kept(web, scene):
    paths = [download_if_needed(scene) for _ in range(2)]

    assert paths[0] == paths[1]
    assert web.asked['GET'] == 1


def test_download_of_which_the_server_tells_nothing_is_made_again(web, scene):
    web.sends_length = False
    download_if_needed(scene)
    web.files['scene.tif'] = b'new'

    with open(download_if_needed(scene), 'rb') as file:
        assert file.read() == b'new'


def test_download_is_used_with_a_warning_while_the_server_fails(web, scene, caplog):
    download_if_needed(scene)
    web.statuses = [503] * 20

    with open(download_if_needed(scene), 'rb') as file:
        assert file.read() == DATA
    assert 'downloaded before' in caplog.text


PAGES = [
    b'<!DOCTYPE html><p>Sign in</p>',
    b'\xef\xbb\xbf\n <!-- portal --> <HTML lang="en">',
    b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
    b'<!---->' * 500 + b'<html>',
]


@pytest.mark.parametrize('page', PAGES)
@pytest.mark.parametrize('read', [HttpFileSystem.read_bytes, download_if_needed])
def test_page_in_place_of_a_file_is_an_error_and_is_not_kept(web, page, read, tmp_dir_root):
    web.files['scene.tif'] = page

    with pytest.raises(WebPageError, match=r'scene\.tif.*web page'):
        read(web.uri('scene.tif'))

    assert not list(tmp_dir_root.rglob('scene.tif'))


@pytest.mark.parametrize('data', [b'<!---->' * 500, b'<?xml version="1.0"?><kml>', b'{"a": "<html>"}', b''])
def test_what_is_no_page_is_read(web, data):
    web.files['x.kml'] = data

    assert HttpFileSystem.read_bytes(web.uri('x.kml')) == data


def test_page_that_is_asked_for_is_read(web):
    web.files['a.html'] = PAGES[0]

    assert HttpFileSystem.read_bytes(web.uri('a.html')) == PAGES[0]


def test_page_and_copy_of_the_image_are_not_taken_for_companions(web, scene):
    web.files |= {'scene.tif.msk': DATA, 'scene.tfw': PAGES[0], 'scene.tif.ovr': b'overview'}

    folder = os.path.dirname(download_if_needed(scene))

    assert sorted(name for name in os.listdir(folder) if not name.startswith('.')) == ['scene.tif', 'scene.tif.ovr']


def test_companions_of_a_signed_uri_are_signed_too(web):
    web.files |= {'a.tif?sig=1': b'an image', 'a.tfw?sig=1': b'world'}

    path = download_if_needed(web.uri('a.tif?sig=1'))

    with open(f'{path.removesuffix(".tif")}.tfw', 'rb') as file:
        assert file.read() == b'world'


def test_companion_that_the_server_cannot_tell_about_is_an_error(web, scene):
    download_if_needed(scene)
    web.files['scene.tif'] = b'new'
    web.failing = {'scene.tfw'}

    with pytest.raises(NotReadableError, match=r'scene\.tfw.*500'):
        download_if_needed(scene)


@pytest.mark.parametrize('date', ['yesterday', 'Wed, 99 Oct 2015 07:28:00 GMT', ''])
def test_time_of_change_that_is_none(web, scene, date):
    web.headers = {'Last-Modified': date}

    assert HttpFileSystem.last_modified(scene) is None


def test_download_is_made_again_without_the_cache(web, scene):
    download_if_needed(scene)
    web.files['scene.tif'] = b'new'

    path = download_if_needed(scene, use_cache=False)

    with open(path, 'rb') as file:
        assert file.read() == b'new'


def test_downloads_of_one_uri_at_once_are_all_complete(scene, tmp_path):
    read = []

    def download():
        with open(download_if_needed(scene, str(tmp_path / 'd')), 'rb') as file:
            read.append(file.read())

    threads = [threading.Thread(target=download) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read == [DATA] * 8
    folder = os.path.dirname(download_if_needed(scene, str(tmp_path / 'd')))
    assert sorted(os.listdir(folder)) == ['.scene.tif.version', 'scene.tif']


def test_a_refused_file_leaves_no_connection_open(web, monkeypatch):
    closed, close = [], requests.Response.close
    monkeypatch.setattr(requests.Response, 'close', lambda self: (closed.append(self), close(self)))

    with pytest.raises(NotReadableError), get_file_obj(web.uri('missing')):
        pass

    assert [response.status_code for response in closed] == [404]


@pytest.mark.parametrize('sends_length', [True, False])
def test_download_ends_at_the_limit_and_leaves_nothing(web, tmp_path, monkeypatch, sends_length):
    web.files['scene.tif'] = bytes(3 << 20)
    web.sends_length = sends_length
    monkeypatch.setenv('RASTERVISION_MAX_DOWNLOAD_MB', '2')

    with pytest.raises(NotReadableError, match=r'scene\.tif.*more than 2 MB.*MAX_DOWNLOAD_MB'):
        download_if_needed(web.uri('scene.tif'), str(tmp_path / 'to'))
    assert [name for _, _, names in os.walk(tmp_path / 'to') for name in names] == []

    monkeypatch.setenv('RASTERVISION_MAX_DOWNLOAD_MB', '3')
    assert os.path.getsize(download_if_needed(web.uri('scene.tif'), str(tmp_path / 'to'))) == 3 << 20


@pytest.mark.parametrize('sends_length', [True, False])
def test_download_leaves_room_on_the_disk(web, scene, tmp_path, monkeypatch, sends_length):
    web.sends_length = sends_length
    monkeypatch.setenv('RASTERVISION_DOWNLOAD_KEEP_FREE_MB', str(1 << 40))

    with pytest.raises(NotReadableError, match=r'scene\.tif.*MB are free.*DOWNLOAD_KEEP_FREE_MB'):
        HttpFileSystem.copy_from(scene, str(tmp_path / 'to' / 'x'))
    assert not os.listdir(tmp_path / 'to')


def test_download_without_a_length_ends_when_the_disk_fills(web, tmp_path, monkeypatch):
    web.files['scene.tif'] = bytes(20 << 20)
    web.sends_length = False
    free = iter([1 << 40])
    usage = type('Usage', (), {'free': property(lambda self: next(free, 1 << 20))})
    monkeypatch.setattr('shutil.disk_usage', lambda path: usage())

    with pytest.raises(NotReadableError, match='no room for more'):
        HttpFileSystem.copy_from(web.uri('scene.tif'), str(tmp_path / 'x'))
    assert os.listdir(tmp_path) == []


def test_parts_of_an_imagine_file_come_along(web, tmp_path):
    names = ['a.img', 'a.ige', 'a.rrd', 'a.rde', 'a.aux', 'a.img.aux', 'a.img.aux.xml', 'a.img.msk']
    for size, name in enumerate(names, 1):
        web.files[name] = bytes(size)

    path = download_if_needed(web.uri('a.img'), str(tmp_path))

    assert {name for name in os.listdir(os.path.dirname(path)) if name[0] != '.'} == set(names)
