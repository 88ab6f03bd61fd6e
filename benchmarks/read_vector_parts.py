"""Seconds and memory to read the labels of a small scene from a file of 200,000 polygons, and to read all of them."""

import sys
import tempfile
import time
from pathlib import Path
from subprocess import run

import numpy as np
import pyogrio
import shapely
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource

COUNT, SIDE, SCENE = 200_000, 400_000, 2_000
CRS = 'EPSG:32631'
METRES = RasterioCRSTransformer(Affine(1, 0, 500_000, 0, -1, 4_800_000), CRS)
FORMATS = {'gpkg': 'GPKG', 'fgb': 'FlatGeobuf', 'shp': 'ESRI Shapefile', 'geojson': 'GeoJSON', 'parquet': None}


def make(folder: Path, seed: int = 0) -> None:
    """Write small squares, spread over a country of 400 by 400 km, in each format, in degrees."""
    import geopandas as gpd

    x, y = np.random.default_rng(seed).uniform(0, SIDE, (2, COUNT))
    squares = shapely.box(500_000 + x, 4_800_000 - y, 500_020 + x, 4_800_020 - y)
    kinds = np.array(['house', 'shed', 'barn'])[np.arange(COUNT) % 3]
    frame = gpd.GeoDataFrame({'kind': kinds}, geometry=squares, crs=CRS).to_crs('EPSG:4326')
    for ending, driver in FORMATS.items():
        path = folder / f'labels.{ending}'
        if driver is None:
            frame.to_parquet(path, write_covering_bbox=True)
        else:
            pyogrio.write_dataframe(frame, path, driver=driver)


def peak() -> float:
    """The most memory that this process has had, in MiB; unlike rusage, without what its parent had."""
    status = Path('/proc/self/status').read_text()
    return int(status.partition('VmHWM:')[2].split()[0]) / 1024


def measure(path: str, what: str) -> None:
    """Print what reading one file costs."""
    before = peak()
    start, cpu = time.perf_counter(), time.process_time()
    source = VectorFileSource(path, METRES)
    features = source.features_around(Box(0, 0, SCENE, SCENE)) if what == 'scene' else source.get_features()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    name = Path(path).name
    costs = f'{seconds:6.2f} s ({cpu:.2f} s CPU) {peak() - before:5.0f} MiB more'
    print(f'{name:16} {what:6} {len(features):7} features {costs}')


if __name__ == '__main__':
    if len(sys.argv) > 1:
        measure(*sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder))
            for ending in FORMATS:
                for what in ('scene', 'all'):
                    run([sys.executable, __file__, f'{folder}/labels.{ending}', what], check=True)
