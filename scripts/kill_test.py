#!/usr/bin/env python3
"""Kills quickstart runs at random moments, runs them again, and compares the files with those of an undisturbed run.

    scripts/kill_test.py [--kills 10] [--epochs 3] [--seed 0] [--folder FOLDER]

Each kill is a SIGKILL of the whole run at a random moment, followed by the same `run` command. All files must be equal
byte for byte; only the times in logs may differ. Prints a line for each kill; exit status 1 if any file differs.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / '.venv/bin/python'
TIMES = {'train_time', 'valid_time'}
LOGS = 'tb-logs'


def command(folder: Path, epochs: int) -> list[str]:
    """The run, as a user types it."""
    options = {'data_uri': folder / 'town', 'root_uri': folder / 'run', 'num_epochs': epochs}
    args = [part for key, value in options.items() for part in ('-a', key, str(value))]
    return [str(PYTHON), '-m', 'rastervision.pipeline.cli', 'run', 'local', str(ROOT / 'examples/quickstart.py'), *args]


def run(folder: Path, epochs: int) -> float:
    """Run to the end; seconds."""
    start = time.monotonic()
    subprocess.run(command(folder, epochs), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


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


def killed_run(folder: Path, epochs: int, after: float) -> bool:
    """Start the run and kill all of it after some seconds; False if it had ended by then."""
    process = subprocess.Popen(
        command(folder, epochs), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pid in children_of(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while children_of(folder):
        time.sleep(0.05)
    return True


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
    """Hash of each file of a run."""
    files = sorted(p for p in (folder / 'run').rglob('*') if p.is_file() and LOGS not in p.parts)
    return {str(p.relative_to(folder / 'run')): digest(p) for p in files}


def clear(folder: Path) -> None:
    """Remove the run and the record of what it has finished."""
    for path in (folder / 'run', *folder.glob('.run.*')):
        shutil.rmtree(path, ignore_errors=True)


def main() -> int:
    """Run the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--epochs', type=int, default=3)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--folder', type=Path)
    args = parser.parse_args()
    folder = (args.folder or Path(tempfile.mkdtemp(prefix='rastervision-kill-test-'))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    clear(folder)
    subprocess.run([str(PYTHON), str(ROOT / 'examples/town.py'), str(folder / 'town')], check=True)
    seconds = run(folder, args.epochs)
    expected = contents(folder)
    print(f'undisturbed: {seconds:.1f} s, {len(expected)} files')
    rng, bad = random.Random(args.seed), 0
    for index in range(args.kills):
        clear(folder)
        after = rng.uniform(0.5, seconds)
        killed = killed_run(folder, args.epochs, after)
        left = len(contents(folder)) if (folder / 'run').exists() else 0
        again = run(folder, args.epochs)
        found = contents(folder)
        differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        bad += bool(differing)
        what = f'killed after {after:.1f} s, {left} files' if killed else f'had ended before {after:.1f} s'
        verdict = f'differs: {", ".join(differing)}' if differing else 'equal'
        print(f'{index + 1}: {what}; again {again:.1f} s; {verdict}', flush=True)
    print(f'{args.kills - bad} of {args.kills} equal')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
