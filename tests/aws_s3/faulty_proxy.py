"""A proxy before a store that lets a part of all requests fail, in the ways networks and busy stores do."""

import http.client
import random
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FAULTS = ('500', '503', 'no answer', 'answer lost', 'cut short')
BUSY = b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Slow down.</Message></Error>'
BROKEN = b'<?xml version="1.0"?><Error><Code>InternalError</Code><Message>Try again.</Message></Error>'


class FaultyProxy:
    """Forwards requests to `target`; of them, `share` fail, chosen by a seed.

    Attributes:
        uri: Its address.
        met: How often each fault was met, and `'fine'`.
    """

    def __init__(self, target, share=0.1, seed=0):
        self.target = urlsplit(target).netloc
        self.share = share
        self.met = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def forward(self):
                proxy.handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *args: None
        self.uri = f'http://127.0.0.1:{self._server.server_port}'
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={'poll_interval': 0.01})
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, request):
        with self._lock:
            fault = self._random.choice(FAULTS) if self._random.random() < self.share else 'fine'
            self.met[fault] += 1
        request.close_connection = True
        body = read_body(request)
        if fault == 'no answer':
            hang_up(request)
        elif fault in ('500', '503'):
            answer(request, int(fault), [], BUSY if fault == '503' else BROKEN)
        else:
            status, headers, data = self.ask(request, body)
            if fault == 'answer lost':
                hang_up(request)
            else:
                answer(request, status, headers, data, cut=fault == 'cut short')

    def ask(self, request, body):
        connection = http.client.HTTPConnection(self.target, timeout=30)
        skipped = ('transfer-encoding', 'expect', 'connection', 'content-length')
        headers = {name: value for name, value in request.headers.items() if name.lower() not in skipped}
        connection.request(request.command, request.path, body or None, {**headers, 'Content-Length': str(len(body))})
        found = connection.getresponse()
        data = found.read()
        kept = [(k, v) for k, v in found.getheaders() if k.lower() not in ('transfer-encoding', 'connection')]
        connection.close()
        return found.status, kept, data


def read_body(request):
    if request.headers.get('Transfer-Encoding', '').lower() == 'chunked':
        chunks = []
        while size := int(request.rfile.readline().split(b';')[0], 16):
            chunks.append(request.rfile.read(size))
            request.rfile.readline()
        request.rfile.readline()
        return b''.join(chunks)
    return request.rfile.read(int(request.headers.get('Content-Length', 0)))


def answer(request, status, headers, data, *, cut=False):
    request.send_response_only(status)
    for name, value in headers:
        if name.lower() != 'content-length':
            request.send_header(name, value)
    length = next((value for name, value in headers if name.lower() == 'content-length'), str(len(data)))
    request.send_header('Content-Length', length if request.command == 'HEAD' else str(len(data)))
    request.send_header('Connection', 'close')
    request.end_headers()
    if request.command != 'HEAD':
        request.wfile.write(data[: len(data) // 2] if cut else data)


def hang_up(request):
    request.connection.shutdown(socket.SHUT_RDWR)
