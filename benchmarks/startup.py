"""Seconds of processor time to start: --help, ls, each package, a star import, a run and a job of the toy pipeline.

    python benchmarks/startup.py [CHECKOUT ...]

With more checkouts, such as one of an older commit, each is measured beside this one, in turns.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
CLI = ['-m', 'rastervision.pipeline.cli']
PACKAGES = [
    'rastervision.pipeline',
    'rastervision.core',
    'rastervision.core.data',
    'rastervision.core.rv_pipeline',
    'rastervision.pytorch_learner',
    'rastervision.pytorch_backend',
]


def commands(checkout: Path, folder: Path) -> dict[str, list[str]]:
    """What is measured, by its name: arguments of Python."""
    config = str(checkout / 'tests/pipeline/toy/toy_config.py')
    args = ['-a', 'root_uri', str(folder / 'run'), '-a', 'log', str(folder / 'log')]
    job = [*CLI, 'run_command', str(folder / 'run/pipeline-config.json'), 'make']
    return {
        '--help': [*CLI, '--help'],
        'ls of a config': [*CLI, 'ls', config, *args],
        'run of the toy pipeline': [*CLI, 'run', 'inprocess', config, *args, '--rerun'],
        'a job of the toy pipeline': job,
        **{f'import {package}': ['-c', f'import {package}'] for package in PACKAGES},
        'from rastervision.core.data import *': ['-c', 'from rastervision.core.data import *'],
        'from rastervision.pytorch_learner import *': ['-c', 'from rastervision.pytorch_learner import *'],
    }


def seconds(arguments: list[str], checkout: Path) -> float:
    """Processor time of one start of Python with the packages of a checkout."""
    parts = [str(part) for part in sorted(checkout.glob('rastervision_*'))]
    paths = os.pathsep.join([*parts, str(checkout / 'tests/pipeline/toy')])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, 'PYTHONPATH': paths},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f'{checkout}: {" ".join(arguments)} failed:\n{done.stdout}{done.stderr}')
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkouts', nargs='*', type=Path, help='other checkouts to compare with')
    parser.add_argument('--rounds', type=int, default=7, help='how often each is started')
    options = parser.parse_args()
    checkouts = [*(path.resolve() for path in options.checkouts), HERE]
    with tempfile.TemporaryDirectory() as tmp:
        folders = {checkout: Path(tmp) / str(number) for number, checkout in enumerate(checkouts)}
        todo = {checkout: commands(checkout, folder) for checkout, folder in folders.items()}
        for name in todo[HERE]:
            taken: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
            for _ in range(1 + options.rounds):  # the first warms up
                for checkout in checkouts:
                    taken[checkout].append(seconds(todo[checkout][name], checkout))
            medians = [statistics.median(taken[checkout][1:]) for checkout in checkouts]
            print(f'{name:45}', ' '.join(f'{median:6.3f} s' for median in medians), flush=True)


if __name__ == '__main__':
    main()
