import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.rv_config import rv_config_


@pytest.fixture(autouse=True)
def tmp_dir_root(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / 'tmp-root'
    rv_config_.set_tmp_dir_root(str(root))
    yield root
    rv_config_.set_tmp_dir_root(None)


class WebServer:
    """A web server whose answers can be made to fail; counts what it is asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.failing: set[str] = set()  # files that the server always fails to give
        self.statuses: list[int] = []  # of the next answers, before things go well
        self.cut_after: list[int] = []  # bytes that the next answers send before the connection is cut
        self.headers: dict[str, str] = {}
        self.knows_ranges = True
        self.knows_head = True
        self.sends_length = True
        self.asked: Counter[str] = Counter()
        self.ranges: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_HEAD(self) -> None:
                server.answer(self)

            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.handle_error = lambda *args: None  # a client that hangs up is none
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={'poll_interval': 0.01})
        self._thread.start()

    def uri(self, path: str) -> str:
        return f'http://127.0.0.1:{self._server.server_port}/{path}'

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked[request.command] += 1
        path = request.path.lstrip('/')
        status = self.statuses.pop(0) if self.statuses else 200 if path in self.files else 404
        status = 500 if path in self.failing else status
        if request.command == 'HEAD' and not self.knows_head:
            status = 403
        data = self.files.get(path, b'') if status == 200 else b''
        asked_range = request.headers.get('Range')
        first = 0
        if status == 200 and request.command == 'GET':
            self.ranges.append(asked_range)
            if asked_range and self.knows_ranges:
                first, status = int(asked_range.removeprefix('bytes=').rstrip('-')), 206
        request.send_response(status)
        if status == 206:
            request.send_header('Content-Range', f'bytes {first}-{len(data) - 1}/{len(data)}')
        for name, value in self.headers.items():
            request.send_header(name, value)
        if self.sends_length:
            request.send_header('Content-Length', str(len(data) - first))
        else:
            request.send_header('Transfer-Encoding', 'chunked')
        request.end_headers()
        if request.command == 'GET':
            self._send(request, data[first:])

    def _send(self, request: BaseHTTPRequestHandler, data: bytes) -> None:
        is_cut = bool(self.cut_after) and bool(data)
        part = data[: self.cut_after.pop(0)] if is_cut else data
        if self.sends_length:
            request.wfile.write(part)
        else:
            request.wfile.write(b'%x\r\n%s\r\n' % (len(part), part) if part else b'')
            request.wfile.write(b'' if is_cut else b'0\r\n\r\n')
        request.close_connection = is_cut


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    from rastervision.pipeline.file_system import http_stream

    monkeypatch.setattr(http_stream, 'BACKOFF', 0.001)
    server = WebServer()
    yield server
    server.close()


class BoxFileSystem(FileSystem):
    """A remote store, `box://...`, that keeps its files in a local folder."""

    root: Path
    uploads: list[str]

    @classmethod
    def _path(cls, uri: str) -> str:
        return str(cls.root / uri.removeprefix('box://'))

    @staticmethod
    def matches_uri(uri: str, mode: str) -> bool:
        return uri.startswith('box://')

    @staticmethod
    def file_exists(uri: str, include_dir: bool = True) -> bool:
        return LocalFileSystem.file_exists(BoxFileSystem._path(uri), include_dir)

    @staticmethod
    def read_str(uri: str) -> str:
        return LocalFileSystem.read_str(BoxFileSystem._path(uri))

    @staticmethod
    def read_bytes(uri: str) -> bytes:
        return LocalFileSystem.read_bytes(BoxFileSystem._path(uri))

    @staticmethod
    def write_str(uri: str, data: str) -> None:
        LocalFileSystem.write_str(BoxFileSystem._path(uri), data)

    @staticmethod
    def write_bytes(uri: str, data: bytes) -> None:
        LocalFileSystem.write_bytes(BoxFileSystem._path(uri), data)

    @staticmethod
    def remove(uri: str) -> bool:
        Path(BoxFileSystem._path(uri)).unlink(missing_ok=True)
        return True

    @staticmethod
    def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False) -> None:
        BoxFileSystem.uploads.append(dst_dir_uri)
        LocalFileSystem.sync_to_dir(src_dir, BoxFileSystem._path(dst_dir_uri), delete)

    @staticmethod
    def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False) -> None:
        LocalFileSystem.sync_from_dir(BoxFileSystem._path(src_dir_uri), dst_dir, delete)

    @staticmethod
    def copy_to(src_path: str, dst_uri: str) -> None:
        BoxFileSystem.uploads.append(dst_uri)
        LocalFileSystem.copy_to(src_path, BoxFileSystem._path(dst_uri))

    @staticmethod
    def copy_from(src_uri: str, dst_path: str) -> None:
        LocalFileSystem.copy_from(BoxFileSystem._path(src_uri), dst_path)

    @staticmethod
    def local_path(uri: str, download_dir: str) -> str:
        return f'{download_dir}/box/{uri.removeprefix("box://")}'

    @staticmethod
    def last_modified(uri: str):
        return LocalFileSystem.last_modified(BoxFileSystem._path(uri))

    @staticmethod
    def list_paths(uri: str, ext: str | None = None) -> list[str]:
        try:
            paths = LocalFileSystem.list_paths(BoxFileSystem._path(uri), ext)
        except NotReadableError as error:
            raise NotReadableError(f'{uri!r} cannot be read.') from error
        return [f'box://{Path(path).relative_to(BoxFileSystem.root)}' for path in paths]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[type[BoxFileSystem]]:
    BoxFileSystem.root = tmp_path / 'box-store'
    BoxFileSystem.uploads = []
    registry_.add_file_system(BoxFileSystem)
    yield BoxFileSystem
    registry_._file_systems.remove(BoxFileSystem)
