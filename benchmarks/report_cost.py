"""Seconds and peak memory of `rastervision report` by the size of a scene, after a real run with a light model.

    python benchmarks/report_cost.py [--sizes 2048 8192] [--folder FOLDER]

The scene has an outline of a building for each 4,000 pixels. Memory is the largest resident set of the process that the
command runs in.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas
import numpy as np
import shapely
from predict_memory import CLI, ROOT, make_image, measure

CRS = 32737
RESOLUTION, LEFT, TOP = 0.3, 258_000, 9_857_000  # those of make_image
PIXELS_PER_BUILDING, SIDE = 4_000, 12.0


def make_outlines(path: Path, size: int) -> None:
    """Write squares anywhere in an image."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, size * RESOLUTION - SIDE, (2, size * size // PIXELS_PER_BUILDING))
    squares = shapely.box(LEFT + x, TOP - y - SIDE, LEFT + x + SIDE, TOP - y)
    geopandas.GeoDataFrame(geometry=squares, crs=CRS).to_crs(4326).to_file(path, driver='GeoJSON')


def make_run(folder: Path, size: int) -> Path:
    """Run the pipeline up to evaluation, with a validation scene of the given size; its root."""
    data, root = folder / f'data_{size}', folder / f'run_{size}'
    shutil.copytree(folder / 'town', data)
    make_image(data / 'validation.tif', size)
    make_outlines(data / 'validation_buildings.geojson', size)
    config = str(ROOT / 'benchmarks/light_config.py')
    commands = ('chip', 'train', 'predict', 'eval')
    args = ['-a', 'data_uri', str(data), '-a', 'root_uri', str(root), '-a', 'smooth', 'true']
    subprocess.run([*CLI, 'run', 'inprocess', config, *commands, *args], check=True, capture_output=True)
    return root


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', type=int, nargs='+', default=[2048, 8192])
    parser.add_argument('--folder', type=Path)
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix='rastervision-report-cost-'))
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(ROOT / 'examples/town.py'), str(folder / 'town')], check=True)
    for size in args.sizes:
        root = make_run(folder, size)
        out = folder / f'report_{size}'
        seconds, peak = measure([*CLI, 'report', str(root), '--output', str(out)])
        html = sum(path.stat().st_size for path in out.glob('*.html')) / 1e6
        print(f'{size:6} x {size:<6} {peak:7.0f} MB {seconds:7.1f} s, {html:.1f} MB of HTML', flush=True)


if __name__ == '__main__':
    main()
