"""Passwords and signatures in the URIs of a run are in nothing that it writes or says."""

import io
import logging
import os
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.report.report import make_report
from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.execution import prepare, run_command
from rastervision.pipeline.file_system import http_stream
from rastervision.pipeline.file_system.utils import download_if_needed
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.rv_config import rv_config_

SECRETS = ('s3cr3t', 's1gned', 'h1dden')


@pytest.fixture
def address(tmp_path):
    """Where the images are, for who knows the password."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def send_head(self):
            if 'Authorization' not in self.headers or 'sig=' not in self.path:
                self.send_error(401)
                return None
            return super().send_head()

    (tmp_path / 'in').mkdir(exist_ok=True)
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=str(tmp_path / 'in'))) as server:
        threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True).start()
        yield f'http://ann:s3cr3t@127.0.0.1:{server.server_port}/{{}}.tif?sig=s1gned'
        server.shutdown()


def texts_in(folder):
    """Name and content of all files, those in zips too."""
    for path in sorted(Path(folder).rglob('*')):
        if path.is_file():
            yield from _texts(str(path), path.read_bytes())


def _texts(name, data):
    yield name, f'{name} {data.decode("latin-1")}'
    if data[:2] == b'PK':
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _texts(f'{name}!{member}', archive.read(member))


def leaks(texts):
    return [name for name, text in texts if any(secret in text for secret in SECRETS)]


def test_nothing_that_a_run_writes_or_says_has_a_secret(
    address, tmp_path, monkeypatch, make_scene_config, make_pipeline_config, caplog, capsys
):
    monkeypatch.setenv('AWS_S3_ENDPOINT_URL', 'http://key:h1dden@127.0.0.1:9')
    rv_config_.set_tmp_dir_root(str(tmp_path / 'tmp'))
    rv_config_.set_everett_config()
    caplog.set_level(logging.DEBUG, 'rastervision')
    images = {name: RasterioSourceConfig(uris=[address.format(name)]) for name in 'ab'}
    scenes = {name: make_scene_config(name, raster_source=source) for name, source in images.items()}
    config = make_pipeline_config()
    config.dataset.train_scenes, config.dataset.validation_scenes = [scenes['a']], [scenes['b']]
    try:
        config = prepare(config)
        for command in ('analyze', 'chip', 'train', 'predict', 'eval', 'bundle'):
            run_command(config.get_config_uri(), command)
        make_report([config.root_uri])
        for name in [name for name in os.environ if name.startswith('RASTERVISION_SECRET_')]:
            monkeypatch.delenv(name)
        make_report([config.root_uri])  # by somebody who does not know them
    finally:
        rv_config_.set_tmp_dir_root(None)

    written = [
        *texts_in(tmp_path / 'out'),
        *texts_in(tmp_path / '.out.manifest'),
        *texts_in(tmp_path / 'tmp' / 'cache'),
    ]
    assert len(written) > 10
    assert leaks(written) == []
    assert leaks([('log', caplog.text), *enumerate(capsys.readouterr())]) == []
    assert any('pipeline-config.json' in name and '***@127.0.0.1' in text for name, text in written)


def test_a_renewed_signature_is_no_change(make_pipeline_config, make_scene_config, tmp_path):
    config = make_pipeline_config()
    image = config.dataset.train_scenes[0].raster_source.uris[0]

    def key(uri):
        config.dataset.train_scenes[0].raster_source.uris = [uri]
        return Manifest(config.build(str(tmp_path))).key('chip')

    assert key(f'{image}?sig=one') == key(f'{image}?sig=two') != key(f'{image}?id=two')
    for signed in (
        '?X-Amz-Date={}&X-Amz-Expires={}&X-Amz-Credential={}&X-Amz-Signature={}',
        '?Expires={}&Signature={}',
        '?sv=1&se={}&sig={}',
    ):
        assert key(image + signed.replace('{}', 'one')) == key(image + signed.replace('{}', 'two'))
    assert key(f'{image}?se=one') != key(f'{image}?se=two')  # no signature, so no time of one


def test_error_of_a_download_shows_no_secret(address, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(http_stream, 'BACKOFF', 0.001)
    caplog.set_level(logging.DEBUG, 'rastervision')
    with pytest.raises(NotReadableError, match=r'127\.0\.0\.1') as error:
        download_if_needed(address.format('missing'), str(tmp_path))
    with pytest.raises(NotReadableError, match='network') as other:
        download_if_needed('http://ann:s3cr3t@127.0.0.1:1/a?sig=s1gned', str(tmp_path))

    assert leaks([('log', caplog.text), *((0, f'{each.value} {each.value!r}') for each in (error, other))]) == []
