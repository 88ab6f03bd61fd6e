"""A store that speaks S3's protocol: moto's, over real HTTP, as there is no Amazon here."""

import contextlib
import functools
import http.server
import itertools
import logging
import os
import threading
import uuid

import pytest

from rastervision.aws_s3.s3_file_system import S3FileSystem
from rastervision.pipeline.rv_config import rv_config_


@pytest.fixture(scope='session')
def s3_server():
    """Address of the store."""
    from moto.server import ThreadedMotoServer

    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f'http://{host}:{port}'
    server.stop()


@pytest.fixture
def aws(s3_server, monkeypatch, tmp_path):
    """The environment of somebody who may use the store, and nothing of the one who runs the tests."""
    for name in [name for name in os.environ if name.startswith('AWS_')]:
        monkeypatch.delenv(name)
    variables = {
        'AWS_ENDPOINT_URL': s3_server,
        'AWS_ACCESS_KEY_ID': 'key',
        'AWS_SECRET_ACCESS_KEY': 'secret',
        'AWS_DEFAULT_REGION': 'us-east-1',
        'AWS_CONFIG_FILE': str(tmp_path / 'no-config'),
        'AWS_SHARED_CREDENTIALS_FILE': str(tmp_path / 'no-credentials'),
        'AWS_EC2_METADATA_DISABLED': 'true',
        'RV_CONFIG_DIR': str(tmp_path),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    rv_config_.set_tmp_dir_root(str(tmp_path / 'tmp-root'))
    rv_config_.set_everett_config()
    yield variables
    rv_config_.set_tmp_dir_root(None)


@pytest.fixture
def bucket(aws):
    """A new bucket, as `s3://name`."""
    name = f'bucket-{uuid.uuid4().hex[:12]}'
    S3FileSystem.get_client().create_bucket(Bucket=name)
    return f's3://{name}'


@pytest.fixture
def requests(aws):
    """What is sent to the store from now on."""
    sent = []
    events = S3FileSystem.get_client().meta.events

    def note(request, **kwargs):
        sent.append(request)

    events.register('before-send.s3', note)
    yield sent
    events.unregister('before-send.s3', note)


class Store:
    """Somebody else's storage: what is read under a URI is put there by other means."""

    def __init__(self, uri, put, remove):
        self.uri, self.put, self.remove = uri, put, remove


@pytest.fixture(params=['s3', 'http'])
def store(request, tmp_path):
    """A storage of each kind that files are downloaded from."""
    if request.param == 's3':
        uri = request.getfixturevalue('bucket')
        yield Store(
            uri,
            lambda name, data: S3FileSystem.write_bytes(f'{uri}/{name}', data),
            lambda name: S3FileSystem.remove(f'{uri}/{name}'),
        )
        return
    folder = tmp_path / 'web'
    folder.mkdir()
    clock = itertools.count(1_700_000_000, 10)

    def put(name, data):
        (folder / name).write_bytes(data)
        os.utime(folder / name, (now := next(clock), now))

    with serve_folder(folder) as address:
        request.getfixturevalue('aws')
        yield Store(address, put, lambda name: (folder / name).unlink())


@pytest.fixture
def web_folder(aws, tmp_path):
    """A folder, and the address of the web server that gives what is in it."""
    folder = tmp_path / 'web'
    folder.mkdir()
    with serve_folder(folder) as address:
        yield str(folder), address


@contextlib.contextmanager
def serve_folder(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()
    thread.join()
