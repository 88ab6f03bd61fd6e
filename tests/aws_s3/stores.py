"""Stores in a process of their own: GDAL keeps Python waiting while it asks a server, which then could not answer.

`python stores.py http FOLDER`, or `python stores.py s3`; prints its address.
"""

import re
import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class RangeHandler(SimpleHTTPRequestHandler):
    """Gives parts of files, and whatever the query; with `?same`, one file for each name that begins like its own."""

    protocol_version = 'HTTP/1.1'

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        address, _, query = self.path.partition('?')
        path = Path(self.translate_path(address))
        if query.startswith('same'):
            path = Path(re.sub(r'\.tif.*', '.tif', str(path)))
        if not path.is_file():
            self.send_response(404)
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        data = path.read_bytes()
        part = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''))
        first, last = (int(part[1]), min(int(part[2] or len(data)), len(data) - 1)) if part else (0, len(data) - 1)
        self.send_response(206 if part else 200)
        if part:
            self.send_header('Content-Range', f'bytes {first}-{last}/{len(data)}')
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('ETag', f'"{path.name}"')
        self.send_header('Content-Length', str(last + 1 - first))
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(data[first : last + 1])


def main() -> None:
    """Serve until this is killed."""
    if sys.argv[1] == 's3':
        from moto.server import ThreadedMotoServer

        moto = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
        moto.start()
        print('http://{}:{}'.format(*moto.get_host_and_port()), flush=True)
        time.sleep(3600)
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(RangeHandler, directory=sys.argv[2])) as server:
        print(f'http://127.0.0.1:{server.server_port}', flush=True)
        server.serve_forever()


if __name__ == '__main__':
    main()
