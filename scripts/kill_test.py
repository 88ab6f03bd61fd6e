#!/usr/bin/env python3
"""Kills runs at random moments, runs them again, and compares the files with those of an undisturbed run.

    scripts/kill_test.py [--kills 100] [--seed 0] [--runner inprocess] [--quickstart] [--folder FOLDER]

Each kill is a SIGKILL of the whole run at a random moment of the undisturbed one. The moment is told by the files
that are there, as machines vary in speed. The same `run` command follows, every other time with another number of
splits. All files must be equal byte for byte; only the times in logs may differ, and how chips are spread over zips.
A run is a small part of the quickstart, or with --quickstart the whole. Prints a line for each kill; exit status 1 if
any file differs.
"""

import argparse
import contextlib
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / '.venv/bin/python'
TIMES = {'train_time', 'valid_time'}
LOGS = 'tb-logs'
POLL = 0.02  # seconds


SMALL = '''
"""A part of the quickstart that takes seconds."""
import sys

sys.path.insert(0, {examples!r})
from quickstart import get_config as get_whole, make_scene
from rastervision.core.rv_pipeline import *

SIDE, CHIP_SZ = 192, 64


def get_config(runner, data_uri, root_uri):
    config = get_whole(runner, data_uri, root_uri, num_epochs=2)
    config.dataset.test_scenes = [make_scene(data_uri, 'new')]
    for scene in config.dataset.all_scenes:
        scene.raster_source.bbox = (0, 0, SIDE, SIDE)
    sampling = config.chip_options.sampling
    sampling.size, sampling.size_lims, sampling.max_windows = CHIP_SZ, (CHIP_SZ, CHIP_SZ + 1), 8
    config.backend.data.img_sz = CHIP_SZ
    config.predict_options = SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ, stride=CHIP_SZ // 2, crop_sz='auto')
    return config
'''


@dataclass(frozen=True)
class Moment:
    """A moment of a run: how many files were there, since how many seconds, and how long that took."""

    files: int
    since: float
    until: float


@dataclass(frozen=True)
class Trial:
    """A run, as a user types it."""

    folder: Path
    config: Path
    runner: str

    def command(self, splits: int) -> list[str]:
        """Its command line."""
        options = {'data_uri': self.folder / 'town', 'root_uri': self.folder / 'run'}
        args = [part for key, value in options.items() for part in ('-a', key, str(value))]
        what = ['run', self.runner, str(self.config), *args, '--splits', str(splits)]
        return [str(PYTHON), '-m', 'rastervision.pipeline.cli', *what]

    def run(self, splits: int) -> float:
        """Run to the end; seconds."""
        start = time.monotonic()
        done = subprocess.run(self.command(splits), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f'The run failed with status {done.returncode}:\n{done.stdout}{done.stderr}')
        return time.monotonic() - start

    def watch(self, splits: int) -> list[tuple[float, int]]:
        """Run to the end; at which second there were more files than before, and how many. The last is the end."""
        start, seen = time.monotonic(), [(0.0, 0)]
        with tempfile.TemporaryFile('w+') as output:
            process = subprocess.Popen(self.command(splits), stdout=output, stderr=subprocess.STDOUT)
            while process.poll() is None:
                if (files := self.count_files()) > seen[-1][1]:
                    seen.append((time.monotonic() - start, files))
                time.sleep(POLL)
            if process.returncode:
                output.seek(0)
                sys.exit(f'The run failed with status {process.returncode}:\n{output.read()}')
        return [*seen, (time.monotonic() - start, seen[-1][1])]

    def count_files(self) -> int:
        """How many files the run has now."""
        return sum(len(names) for _, _, names in os.walk(self.folder / 'run'))

    def run_and_kill(self, splits: int, moment: Moment) -> bool:
        """Start the run and kill all of it at a moment; False if it had ended by then."""
        start = time.monotonic()
        process = subprocess.Popen(
            self.command(splits), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while self.count_files() < moment.files and process.poll() is None:
            time.sleep(POLL)
        slower = (time.monotonic() - start) / moment.since if moment.since else 1
        try:
            process.wait((moment.until - moment.since) * slower)
            return False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pid in children_of(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while children_of(self.folder):
            time.sleep(0.05)
        return True


def children_of(folder: Path) -> list[int]:
    """Processes that work in the folder, by their command lines."""
    found = []
    for proc in Path('/proc').glob('[0-9]*'):
        try:
            line = (proc / 'cmdline').read_bytes().decode(errors='replace')
            state = (proc / 'stat').read_text().rsplit(')', 1)[1].split()[0]
        except OSError:
            continue
        if str(folder / 'run') in line and int(proc.name) != os.getpid() and state != 'Z':
            found.append(int(proc.name))
    return found


def digest(path: Path) -> str:
    """Hash of a file's content without the times in logs."""
    data = path.read_bytes()
    if path.name == 'log.csv':
        rows = list(csv.DictReader(data.decode().splitlines()))
        data = json.dumps([{k: v for k, v in row.items() if k not in TIMES} for row in rows]).encode()
    elif path.name.endswith('_metrics.json'):
        data = json.dumps({k: v for k, v in json.loads(data).items() if k not in TIMES}).encode()
    return hashlib.sha256(data).hexdigest()


def contents(folder: Path) -> dict[str, str]:
    """Hash of each file of a run, and of each chip with its label."""
    run = folder / 'run'
    files = sorted(p for p in run.rglob('*') if p.is_file() and LOGS not in p.parts)
    chips = [path for path in files if path.parent == run / 'chip' and path.suffix == '.zip']
    found = {str(path.relative_to(run)): digest(path) for path in files if path not in chips}
    for path in chips:
        found |= chips_in(path)
    found.pop('Makefile', None)  # of the jobs of one number of splits
    return found


def chips_in(path: Path) -> dict[str, str]:
    """Hash of each pair of chip and label in a zip, by what they are: their numbers tell only where they lie."""
    found: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        pairs: dict[str, list[bytes]] = {}
        for name in sorted(archive.namelist()):
            group, _, file = name.partition('/')
            pairs.setdefault(f'{group}/{Path(file).stem}', []).append(archive.read(name))
        for name, parts in pairs.items():
            key = hashlib.sha256(b''.join(parts)).hexdigest()
            found[f'chip/{name.partition("/")[0]}/{key}'] = key
    return found


def clear(folder: Path) -> None:
    """Remove the run and the record of what it has finished."""
    for path in (folder / 'run', *folder.glob('.run.*')):
        shutil.rmtree(path, ignore_errors=True)


def draw_moment(seen: list[tuple[float, int]], rng: random.Random) -> Moment:
    """A random moment between the first file of a run and its end."""
    until = rng.uniform(seen[min(1, len(seen) - 1)][0], seen[-1][0])
    since, files = max(each for each in seen if each[0] <= until)
    return Moment(files, since, until)


def main() -> int:
    """Run the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=100)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--runner', default='inprocess')
    parser.add_argument('--quickstart', action='store_true')
    parser.add_argument('--folder', type=Path)
    args = parser.parse_args()
    folder = (args.folder or Path(tempfile.mkdtemp(prefix='rastervision-kill-test-'))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    clear(folder)
    subprocess.run([str(PYTHON), str(ROOT / 'examples/town.py'), str(folder / 'town')], check=True)
    small = folder / 'small.py'
    small.write_text(SMALL.format(examples=str(ROOT / 'examples')))
    trial = Trial(folder, ROOT / 'examples/quickstart.py' if args.quickstart else small, args.runner)
    seen = trial.watch(1)
    expected = contents(folder)
    print(f'undisturbed: {seen[-1][0]:.1f} s, {len(expected)} files', flush=True)
    rng, bad = random.Random(args.seed), 0
    for index in range(args.kills):
        clear(folder)
        splits = rng.choice((1, 2, 3))
        then = splits if index % 2 else rng.choice([number for number in (1, 2, 3, 5) if number != splits])
        moment = draw_moment(seen, rng)
        killed = trial.run_and_kill(splits, moment)
        left = len(contents(folder)) if (folder / 'run').exists() else 0
        again = trial.run(then)
        found = contents(folder)
        differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        bad += bool(differing)
        what = f'killed at {moment.until:.1f} s, {left} files' if killed else f'had ended before {moment.until:.1f} s'
        verdict = f'differs: {", ".join(differing)}' if differing else 'equal'
        print(f'{index + 1}: {splits} splits {what}; again with {then}, {again:.1f} s; {verdict}', flush=True)
    print(f'{args.kills - bad} of {args.kills} equal')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
