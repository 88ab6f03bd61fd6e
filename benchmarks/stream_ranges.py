"""Reads windows of an image from a web server that answers late: with and without reading ahead.

python benchmarks/stream_ranges.py [--latency 0.03] [--size 4096] [--folder DIR]

Prints seconds, requests per block that is needed, and bytes fetched per byte needed; checks that all pixels are right.
"""

import argparse
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import rasterio

from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterio_source import RasterioSource

BLOCK = 256


def make_image(path: str, size: int) -> None:
    """Write a tiled, compressed image of three bands, which looks a little like a photograph to a compressor."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 200, (3, size // 16, size // 16), dtype=np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    pixels = coarse + rng.integers(0, 2, (3, size, size), dtype=np.uint8)
    profile = {'driver': 'GTiff', 'count': 3, 'height': size, 'width': size, 'dtype': 'uint8', 'tiled': True}
    tiles = {'blockxsize': BLOCK, 'blockysize': BLOCK, 'interleave': 'pixel', 'compress': 'zstd'}
    transform = rasterio.Affine(1, 0, 0, 0, -1, 0)
    with rasterio.open(path, 'w', crs='EPSG:32633', transform=transform, **profile, **tiles) as dataset:
        dataset.write(pixels)


class RangeServer:
    """A web server in a process of its own that answers each request after a while, and counts.

    Attributes:
        uri: Its address.
    """

    def __init__(self, folder: str, latency: float, *, in_process: bool = False) -> None:
        """Serve the files of a folder; start answering now.

        Args:
            folder: The folder.
            latency: Seconds before an answer.
            in_process: Answer by threads of this process, for a test.
        """
        context = multiprocessing.get_context('fork')
        self._counts = context.Array('q', 2)
        here, there = context.Pipe()
        make = threading.Thread if in_process else context.Process
        self._server = make(target=_serve, args=(folder, latency, self._counts, there), daemon=True)
        self._server.start()
        self.uri = f'http://127.0.0.1:{here.recv()}'

    def counts(self) -> tuple[int, int]:
        """Requests for, and bytes of, file content so far."""
        return self._counts[0], self._counts[1]

    def close(self) -> None:
        """Stop answering."""
        if isinstance(self._server, threading.Thread):
            return  # it ends with the process
        self._server.terminate()
        self._server.join()


def _serve(folder: str, latency: float, counts, pipe) -> None:
    """Answer by threads that do little, as the machine that is measured has few cores."""
    listener = socket.create_server(('127.0.0.1', 0), backlog=128)
    pipe.send(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer, args=(connection, folder, latency, counts), daemon=True).start()


def _answer(connection: socket.socket, folder: str, latency: float, counts) -> None:
    with connection, connection.makefile('rb') as lines:
        while request := lines.readline():
            headers = b''.join(iter(lines.readline, b'\r\n'))
            time.sleep(latency)
            method, target, _ = request.decode().split()
            path = os.path.join(folder, target.lstrip('/').partition('?')[0])
            if not os.path.isfile(path):
                connection.sendall(b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
                continue
            size = os.path.getsize(path)
            asked = re.search(rb'(?i)range: bytes=(\d+)-(\d+)', headers)
            first, last = (int(asked[1]), min(int(asked[2]), size - 1)) if asked else (0, size - 1)
            status = f'206 Partial Content\r\nContent-Range: bytes {first}-{last}/{size}' if asked else '200 OK'
            head = f'HTTP/1.1 {status}\r\nAccept-Ranges: bytes\r\nContent-Length: {last - first + 1}\r\n\r\n'
            connection.sendall(head.encode())
            if method == 'GET':
                with counts.get_lock():
                    counts[0] += 1
                    counts[1] += last - first + 1
                with open(path, 'rb') as file:
                    connection.sendfile(file, first, last - first + 1)


def block_bytes(path: str, windows: list[Box]) -> tuple[int, int]:
    """How many blocks these windows need, and their bytes in the file."""
    with rasterio.open(path) as dataset:
        extent = Box(0, 0, dataset.height, dataset.width)
        blocks = set()
        for window in (window.intersection(extent) for window in windows):
            rows = range(window.ymin // BLOCK, -(-window.ymax // BLOCK))
            columns = range(window.xmin // BLOCK, -(-window.xmax // BLOCK))
            blocks |= {(row, column) for row in rows for column in columns}
        return len(blocks), sum(dataset.block_size(1, *block) for block in blocks)


def orders(size: int) -> dict[str, list[Box]]:
    """The windows that are read: over a part of the scene as prediction does, and anywhere as sampling does."""
    part = Box(size // 8, size // 8, size // 8 + size // 2, size // 8 + size // 2)
    scan = [window.translate(part.ymin, part.xmin) for window in part.extent.get_windows(300, 300)]
    overlapping = [window.translate(part.ymin, part.xmin) for window in part.extent.get_windows(300, 150)]
    rng = random.Random(0)
    anywhere = [Box(0, 0, size, size).make_random_square(200, rng=rng) for _ in range(100)]
    return {'scan': scan, 'overlapping scan': overlapping, 'anywhere': anywhere}


def read_all(uri: str, local: str, windows: list[Box], ahead: bool) -> float:
    """Read windows, check them against the local file and return the seconds that reading took."""
    start = time.perf_counter()
    source = RasterioSource(uri, allow_streaming=True)
    if ahead:
        with source.reading_ahead(windows):
            chips = [source.get_chip(window) for window in windows]
    else:
        chips = [source.get_chip(window) for window in windows]
    seconds = time.perf_counter() - start
    truth = RasterioSource(local)
    for window, chip in zip(windows, chips, strict=True):
        if not np.array_equal(chip, truth.get_chip(window)):
            raise SystemExit(f'{window} is wrong')
    return seconds


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--latency', type=float, default=0.03)
    parser.add_argument('--size', type=int, default=4096)
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--folder')
    parser.add_argument('--one', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = args.folder or folder
        path = os.path.join(folder, 'image.tif')
        if not os.path.exists(path):
            make_image(path, args.size)
        if args.one:
            measure(folder, path, args.latency, orders(args.size)[args.one[0]], args.one[1] == 'ahead')
            return
        print(f'latency {args.latency * 1000:.0f} ms, image {os.path.getsize(path) / 1e6:.1f} MB')
        for order in orders(args.size):
            best = {}
            for how in ('blocking', 'ahead'):
                command = [sys.executable, __file__, '--folder', folder, '--size', str(args.size)]
                command += ['--latency', str(args.latency), '--one', order, how]
                # A process each, as GDAL keeps what it has read. The quickest is the least disturbed.
                lines = [
                    subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
                    for _ in range(args.repeat)
                ]
                best[how], line = min((float(line.split()[0]), line) for line in lines)
                print(f'{order:>17} {how:>9}: {line}')
            print(f'{order:>17}   speedup: {best["blocking"] / best["ahead"]:.1f}')


def measure(folder: str, path: str, latency: float, windows: list[Box], ahead: bool) -> None:
    """Read windows in one way and print what it took."""
    server = RangeServer(folder, latency)
    try:
        seconds = read_all(f'{server.uri}/image.tif', path, windows, ahead)
        requests, fetched = server.counts()
    finally:
        server.close()
    blocks, needed = block_bytes(path, windows)
    cpu = time.process_time()
    print(
        f'{seconds:6.2f} s, {len(windows)} windows, {blocks} blocks, {requests / blocks:.2f} requests per block, '
        f'{fetched / needed:.2f} bytes per byte needed, {cpu:.1f} s of CPU for all'
    )


if __name__ == '__main__':
    main()
