"""What RasterioSource costs above rasterio itself: windows of 256 x 256 from a tiled DEFLATE GeoTIFF.

    python benchmarks/read_windows.py [--size 4096] [--rounds 7]

Both sides read each window once a round, in turns, each from its own open file, which has its own cache of blocks.
What is measured is processor time, so that other work on the machine matters little.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterio_source import RasterioSource

CHIP_SZ = 256


def write_image(path: str, size: int, nodata: int | None) -> None:
    """Write smooth noise, which compresses about as well as a photograph."""
    rng = np.random.default_rng(0)
    profile = {
        'driver': 'GTiff',
        'height': size,
        'width': size,
        'count': 3,
        'dtype': 'uint8',
        'tiled': True,
        'compress': 'deflate',
        'nodata': nodata,
        'crs': 'epsg:32633',
        'transform': rasterio.transform.from_origin(500000, 5100000, 1, 1),
    }
    with rasterio.open(path, 'w', **profile) as dataset:
        for band in dataset.indexes:
            dataset.write((rng.integers(0, 32, (size, size)) + 100).astype(np.uint8), band)


def compare(path: str, windows: list[Box], rounds: int) -> tuple[float, float]:
    """Seconds of processor time for all windows by rasterio and by RasterioSource: the least of all rounds."""
    totals = []
    for _ in range(rounds):
        with rasterio.open(path) as dataset:
            source = RasterioSource(path)
            total = [0.0, 0.0]
            for window in windows:
                start = time.process_time()
                dataset.read(window=Window(*window.to_xywh()))
                middle = time.process_time()
                source.get_chip(window)
                total[0] += middle - start
                total[1] += time.process_time() - middle
        totals.append(total)
    return min(total[0] for total in totals), min(total[1] for total in totals)


def main() -> None:
    """Print a line for images with and without a NODATA value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--size', type=int, default=4096)
    parser.add_argument('--rounds', type=int, default=7)
    options = parser.parse_args()
    windows = Box(0, 0, options.size, options.size).get_windows(CHIP_SZ, CHIP_SZ, padding=0)
    with tempfile.TemporaryDirectory() as folder:
        for nodata in (None, 255):
            path = str(Path(folder) / f'{nodata}.tif')
            write_image(path, options.size, nodata)
            plain, ours = (1000 * total / len(windows) for total in compare(path, windows, options.rounds))
            print(f'nodata {nodata}: rasterio {plain:.3f} ms, RasterioSource {ours:.3f} ms, ratio {ours / plain:.3f}')


if __name__ == '__main__':
    main()
