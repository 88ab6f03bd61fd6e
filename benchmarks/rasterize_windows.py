"""Time to draw label windows from 1,000 and from 100,000 polygons, in one run.

The polygons of both files are equally dense, so a window has as many of them; what differs is how many there are
elsewhere. Prints seconds to read, and milliseconds for a window.

Usage: python benchmarks/rasterize_windows.py [--windows 200] [--size 256]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer

COUNTS = (1_000, 100_000)
PIXELS_PER_POLYGON = 900


def write_polygons(path: Path, count: int, rng: np.random.Generator) -> int:
    """Write octagons with a radius of 10 pixels at random places; returns the side of the square they are in."""
    side = int((count * PIXELS_PER_POLYGON) ** 0.5)
    polygons = shapely.buffer(shapely.points(rng.random((count, 2)) * side), 10, quad_segs=2)
    features = [
        {'type': 'Feature', 'geometry': json.loads(text), 'properties': {}} for text in shapely.to_geojson(polygons)
    ]
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
    return side


def measure(count: int, windows: int, size: int) -> tuple[float, float]:
    """Seconds to read the polygons and milliseconds to draw a window."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'labels.geojson'
        side = write_polygons(path, count, rng)
        start = time.perf_counter()
        vectors = GeoJSONVectorSource(str(path), IdentityCRSTransformer(), [ClassInferenceTransformer(1)])
        source = RasterizedSource(vectors, background_class_id=0, bbox=Box(0, 0, side, side))
        source.get_chip(Box(0, 0, 1, 1))  # makes the index
        read = time.perf_counter() - start
    corners = rng.integers(0, max(1, side - size), (windows, 2)).tolist()
    start = time.perf_counter()
    for y, x in corners:
        source.get_chip(Box(y, x, y + size, x + size))
    return read, 1000 * (time.perf_counter() - start) / windows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--windows', type=int, default=200, help='number of windows to draw')
    parser.add_argument('--size', type=int, default=256, help='side of a window in pixels')
    args = parser.parse_args()
    for count in COUNTS:
        read, window = measure(count, args.windows, args.size)
        print(f'{count:>7} polygons: read {read:6.2f} s, window {window:6.2f} ms')


if __name__ == '__main__':
    main()
