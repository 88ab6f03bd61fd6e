"""Peak memory and speed of `rastervision predict` by the size of the image, with a model that costs next to nothing.

    python benchmarks/predict_memory.py [--sizes 4096 16384] [--folder FOLDER]

For windows side by side, and for windows that overlap by half with blended scores. Memory is the largest resident set
of the process that the command runs in.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parents[1]
CLI = [sys.executable, '-m', 'rastervision.pipeline.cli']
MODES = {'plain': [], 'overlap and scores': ['-a', 'stride', '128', '-a', 'smooth', 'true']}
STRIP = 512
# ru_maxrss of a child that has ended is in KiB on Linux.
MEASURE = (
    'import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); '
    'print("PEAK", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)'
)


def make_image(path: Path, size: int) -> None:
    """Write a tiled RGB image of blocky texture, strip by strip."""
    rng = np.random.default_rng(0)
    profile = {'driver': 'GTiff', 'width': size, 'height': size, 'count': 3, 'dtype': 'uint8', 'crs': 'EPSG:32737'}
    tiling = {'tiled': True, 'blockxsize': 256, 'blockysize': 256, 'compress': 'deflate', 'bigtiff': 'if_safer'}
    with rasterio.open(path, 'w', transform=Affine(0.3, 0, 258_000, 0, -0.3, 9_857_000), **profile, **tiling) as out:
        for row in range(0, size, STRIP):
            coarse = rng.integers(1, 255, (3, STRIP // 32, size // 32), dtype=np.uint8)
            out.write(coarse.repeat(32, axis=1).repeat(32, axis=2), window=Window(0, row, size, STRIP))


def make_bundle(folder: Path, mode: str) -> Path:
    """Train the light model for an epoch; the bundle."""
    root = folder / mode.replace(' ', '_')
    args = ['-a', 'data_uri', str(folder / 'town'), '-a', 'root_uri', str(root), *MODES[mode]]
    config = str(ROOT / 'benchmarks/light_config.py')
    subprocess.run(
        [*CLI, 'run', 'inprocess', config, 'chip', 'train', 'bundle', *args], check=True, capture_output=True
    )
    return root / 'bundle/model-bundle.zip'


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds, and peak memory in MB, of a command."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, '-c', MEASURE, *command], check=True, capture_output=True, text=True)
    peak = next(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith('PEAK'))
    return time.monotonic() - start, peak / 1024


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', type=int, nargs='+', default=[4096, 16384])
    parser.add_argument('--folder', type=Path)
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix='rastervision-predict-memory-'))
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(ROOT / 'examples/town.py'), str(folder / 'town')], check=True)
    for size in args.sizes:
        make_image(folder / f'{size}.tif', size)
    for mode in MODES:
        bundle = make_bundle(folder, mode)
        for size in args.sizes:
            image, out = folder / f'{size}.tif', folder / f'{size}_out'
            seconds, peak = measure([*CLI, 'predict', '--trust', str(bundle), str(image), str(out)])
            rate = size * size / 1e6 / seconds
            print(f'{mode:20} {size:6} x {size:<6} {peak:7.0f} MB {seconds:7.1f} s {rate:6.1f} Mpx/s', flush=True)


if __name__ == '__main__':
    main()
