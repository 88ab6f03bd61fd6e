#!/usr/bin/env python3
"""Kills training at random batches, runs it again, and compares the weights with those of an undisturbed training.

    scripts/resume_test.py [--kills 5] [--epochs 2] [--seed 0] [--folder FOLDER]

Trains on the chips of the quickstart, with the state saved after every batch. Each kill is a SIGKILL. Prints a line for
each; exit status 1 if any weights or metrics differ.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kill_test import PYTHON, ROOT, digest

CONFIG = """
import sys
sys.path.insert(0, {examples!r})
from quickstart import get_config as quickstart

def get_config(runner, data_uri: str, root_uri: str, num_epochs: int):
    config = quickstart(runner, data_uri, root_uri, num_epochs=num_epochs)
    config.backend.solver.state_interval = 1
    return config
"""
STATE = 'train/checkpoints/resume.pt'
KEPT = ('train/last-model.pth', 'train/log.csv')


def command(folder: Path, root: Path, epochs: int, *names: str) -> list[str]:
    """A run, as a user types it."""
    options = {'data_uri': folder / 'town', 'root_uri': root, 'num_epochs': epochs}
    args = [part for key, value in options.items() for part in ('-a', key, str(value))]
    return [
        str(PYTHON),
        '-m',
        'rastervision.pipeline.cli',
        'run',
        'inprocess',
        str(folder / 'config.py'),
        *names,
        *args,
    ]


def run(arguments: list[str]) -> None:
    """Run to the end."""
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def killed_after(arguments: list[str], state: Path, batches: int) -> int:
    """Run, and kill when the state has been saved so many times; how often it was seen to be saved."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen, last = 0, None
    while seen < batches and process.poll() is None:
        current = state.stat().st_mtime_ns if state.exists() else None
        seen += current not in (None, last)
        last = current
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return seen


def trained(root: Path) -> dict[str, str]:
    """Hashes of what training gives."""
    return {name: digest(root / name) for name in KEPT}


def main() -> int:
    """Run the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=5)
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--folder', type=Path)
    args = parser.parse_args()
    folder = (args.folder or Path(tempfile.mkdtemp(prefix='rastervision-resume-test-'))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.py').write_text(CONFIG.format(examples=str(ROOT / 'examples')))
    run([str(PYTHON), str(ROOT / 'examples/town.py'), str(folder / 'town')])
    root = folder / 'run'
    train = command(folder, root, args.epochs, 'train')

    def clear() -> None:
        shutil.rmtree(root / 'train', ignore_errors=True)
        for record in folder.glob('.run.manifest/train*'):
            shutil.rmtree(record) if record.is_dir() else record.unlink()

    run(command(folder, root, args.epochs, 'chip', 'train'))
    expected, rng, bad = trained(root), random.Random(args.seed), 0
    for index in range(args.kills):
        clear()
        batches = killed_after(train, root / STATE, rng.randint(1, 60))
        run(train)
        equal = trained(root) == expected
        bad += not equal
        print(f'{index + 1}: killed after {batches} saved batches; {"equal" if equal else "differs"}', flush=True)
    print(f'{args.kills - bad} of {args.kills} equal')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
