"""A label file of a stranger reads no other file and asks no server."""

import gzip
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.vector_source.tiles import read_tiles
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.web_tiles import Tile
from rastervision.core.info.describe import describe
from rastervision.pipeline.errors import DataError, RasterVisionError

POINT = {'type': 'Feature', 'properties': {'a': 1}, 'geometry': {'type': 'Point', 'coordinates': [0, 0]}}


@pytest.fixture
def server():
    """URL of a server, and the paths that it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{http.server_port}', asked
        http.shutdown()


def collection(**more):
    return json.dumps({'type': 'FeatureCollection', **more, 'features': [POINT]})


def write(path, text):
    if path.suffix == '.gz':
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == '.zip':
        with zipfile.ZipFile(path, 'w') as archive:
            archive.writestr('labels.json', text)
    else:
        path.write_text(text)
    return str(path)


def refuse(uri):
    for step in (lambda: VectorFileSource(uri, IdentityCRSTransformer()).get_features(), lambda: describe(uri)):
        with pytest.raises(RasterVisionError, match='labels'):
            step()


@pytest.mark.parametrize(
    'name', ['labels.json', 'labels.gpkg', 'labels.shp', 'labels.kml', 'labels.json.gz', 'labels.vrt']
)
@pytest.mark.parametrize('start', ['', '\ufeff \n', '<?xml version="1.0"?><!-- -->'], ids=['plain', 'mark', 'prolog'])
def test_description_of_another_source_is_refused(name, start, tmp_path):
    (tmp_path / 'other').mkdir()
    secret = write(tmp_path / 'other' / 'secret.json', collection())
    layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'

    refuse(write(tmp_path / name, f'{start}<OGRVRTDataSource>{layer}</OGRVRTDataSource>'))


def test_service_is_not_asked(server, tmp_path):
    url, asked = server

    refuse(write(tmp_path / 'labels.json', f'<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>'))

    assert asked == []


@pytest.mark.parametrize('key', ['crs', r'\u0063r\u0073'])
@pytest.mark.parametrize('kind', ['link', 'url', 'URL'])
@pytest.mark.parametrize('name', ['labels.json', 'labels.geojson.gz', 'labels.zip'])
def test_crs_is_not_fetched(server, kind, key, name, tmp_path):
    url, asked = server
    text = collection(crs={'type': kind, 'properties': {'href': url, 'url': url}}).replace('"crs"', f'"{key}"')

    refuse(write(tmp_path / name, text))

    assert asked == []


def test_crs_that_has_a_name_is_read(tmp_path):
    crs = {'type': 'name', 'properties': {'name': 'urn:ogc:def:crs:OGC:1.3:CRS84'}}
    uri = write(tmp_path / 'labels.json', collection(crs=crs, description='the "crs": {"type": "link"} is a text'))

    assert len(VectorFileSource(uri, IdentityCRSTransformer()).get_features()) == 1


@pytest.mark.parametrize('padding', [(1 << 22) - 20, (1 << 22) + (1 << 16) - 10])
def test_crs_across_two_blocks_is_found(padding, server, tmp_path):
    url, asked = server
    text = collection(description='x' * padding, crs={'type': 'link', 'properties': {'href': url}})

    refuse(write(tmp_path / 'labels.json', text))

    assert asked == []


@pytest.mark.parametrize('start', ['', ' ', '\ufeff'])
def test_tile_that_describes_another_source_is_refused(start, tmp_path):
    secret = write(tmp_path / 'secret.json', collection())
    layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    data = f'{start}<OGRVRTDataSource>{layer}</OGRVRTDataSource>'.encode()

    for tile in (data, gzip.compress(data)):
        with pytest.raises(DataError, match='it is text'):
            read_tiles([(Tile(1, 0, 0), tile)], None, 'labels.mbtiles')
