"""The plugin as it is installed, its data, and runs with each runner."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from shapely import box, transform

SOURCE = Path(__file__).parent / 'rastervision_written_for_031'
SIZE = 16
ROOFS = {'a': (2, 3, 10, 12), 'b': (5, 1, 14, 9), 'c': (0, 6, 8, 16)}  # x and y of the corners, in pixels
UNKNOWN = (4, 4, 12, 12)


@dataclass
class Run:
    """A run of the plugin's config that has ended.

    Attributes:
        root: Its folder.
        marks: The methods of the plugin that were called.
        out: What was printed.
    """

    root: Path
    marks: set[str]
    out: str


@dataclass
class Workplace:
    """Runs `rastervision` with the plugin installed."""

    folder: Path
    env: dict[str, str]

    @property
    def cupboard(self) -> Path:
        return self.folder / 'cupboard'

    def take_marks(self) -> set[str]:
        path = Path(self.env['WRITTEN_FOR_031_MARKS'])
        marks = set(path.read_text().splitlines())
        path.unlink()
        return marks

    def call(self, *args: object) -> str:
        command = [sys.executable, '-m', 'rastervision.pipeline.cli', *map(str, args)]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, runner: str, *options: str) -> Run:
        places = ('-a', 'root_uri', f'cupboard://{runner}', '-a', 'data_uri', 'cupboard://data')
        out = self.call('run', runner, 'rastervision.written_for_031.config', *places, *options)
        return Run(self.cupboard / runner, self.take_marks(), out)


def write_image(path: Path, roof: tuple[int, int, int, int]) -> None:
    """Noise, brighter where the roof is."""
    image = np.random.default_rng(roof[0]).integers(100, 300, (SIZE, SIZE, 3), dtype=np.uint16)
    xmin, ymin, xmax, ymax = roof
    image[ymin:ymax, xmin:xmax] += 1000
    np.save(path, image)


def write_scene(folder: Path, name: str, roof: tuple[int, int, int, int]) -> None:
    write_image(folder / f'{name}.npy', roof)
    xmin, ymin, xmax, ymax = roof
    place = box(500_000 + 10 * xmin, 5_000_000 - 10 * ymax, 500_000 + 10 * xmax, 5_000_000 - 10 * ymin)
    to_degrees = Transformer.from_crs('epsg:32633', 'epsg:4326', always_xy=True).transform
    (folder / f'{name}.txt').write_text(f'1 {transform(place, to_degrees, interleaved=False).wkt}\n')


@pytest.fixture(scope='session')
def installed(tmp_path_factory) -> Path:
    """The folder where pip has put the plugin."""
    folder = tmp_path_factory.mktemp('site')
    copy = tmp_path_factory.mktemp('source') / SOURCE.name
    subprocess.run(['cp', '-r', str(SOURCE), str(copy)], check=True)  # building writes beside the sources
    pip = [sys.executable, '-m', 'pip', '--quiet', 'install', '--no-deps', '--no-build-isolation']
    done = subprocess.run([*pip, '--target', str(folder), str(copy)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope='session')
def workplace(installed, tmp_path_factory) -> Workplace:
    folder = tmp_path_factory.mktemp('workplace')
    data = folder / 'cupboard' / 'data'
    data.mkdir(parents=True)
    for name, roof in ROOFS.items():
        write_scene(data, name, roof)
    write_image(data / 'unknown.npy', UNKNOWN)
    env = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([str(installed), os.environ.get('PYTHONPATH', '')]),
        'CUPBOARD': str(folder / 'cupboard'),
        'WRITTEN_FOR_031_MARKS': str(folder / 'marks'),
        'TMPDIR': str(tmp_path_factory.mktemp('tmp')),
    }
    return Workplace(folder, env)
