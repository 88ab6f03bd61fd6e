"""Runs inputs in processes of their own, with a limit on time and memory, and says how each ended."""

import faulthandler
import logging
import os
import resource
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rastervision.pipeline.errors import RasterVisionError

FINE, CLEAR, UNNAMED, FOREIGN, HANG, MEMORY, CRASH = ['fine', 'clear', 'unnamed', 'foreign', 'hang', 'memory', 'crash']
OUTCOMES = (FINE, CLEAR, UNNAMED, FOREIGN, HANG, MEMORY, CRASH)
WRONG = OUTCOMES[2:]

Case = tuple[str, int]  # kind, and number of the input
Runner = Callable[[str, int, Path], str]  # runs one input in a folder, and gives the name that errors are to have


class FailedError(Exception):
    """One input failed; the cause is what it raised."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Result:
    """How one input ended.

    Attributes:
        case: The input.
        outcome: One of `OUTCOMES`.
        text: The error, with its place.
        seconds: How long it took.
    """

    case: Case
    outcome: str
    text: str
    seconds: float


def run_all(
    cases: list[Case], run: Runner, *, workers: int, seconds: float, megabytes: int, show: bool = False
) -> Iterator[Result]:
    """Run inputs, some at a time.

    Args:
        cases: The inputs.
        run: Runs one.
        workers: How many at a time.
        seconds: How long one may take.
        megabytes: How much memory one may take beyond what a process has at its start.
        show: Whether output of the libraries is shown.
    """
    left = list(reversed(cases))
    pool = [_Worker(run, megabytes, seconds, show) for _ in range(min(workers, len(cases)))]
    try:
        for worker in pool:
            worker.give(left.pop())
        while any(worker.case for worker in pool):
            wait([worker.pipe for worker in pool if worker.case], timeout=0.2)
            for index, worker in enumerate(pool):
                result = worker.look(seconds)
                if result is None:
                    continue
                yield result
                if worker.is_dead:
                    pool[index] = worker = _Worker(run, megabytes, seconds, show)
                if left:
                    worker.give(left.pop())
    finally:
        for worker in pool:
            worker.end()


class _Worker:
    def __init__(self, run: Runner, megabytes: int, seconds: float, show: bool) -> None:
        context = get_context('fork')
        self.pipe, there = context.Pipe()
        self.stacks = tempfile.NamedTemporaryFile('r')  # noqa: SIM115 (as long as the worker)
        self.process = context.Process(
            target=_work, args=(there, run, megabytes, seconds, self.stacks.name, show), daemon=True
        )
        self.process.start()
        there.close()
        self.case: Case | None = None
        self.start = 0.0
        self.is_dead = False

    def give(self, case: Case) -> None:
        self.case, self.start = case, time.monotonic()
        self.pipe.send(case)

    def look(self, seconds: float) -> Result | None:
        """How the input ended, if it has."""
        if self.case is None:
            return None
        took = time.monotonic() - self.start
        if self.pipe.poll():
            try:
                outcome, text = self.pipe.recv()
            except EOFError:
                self.process.join()
                outcome, text, self.is_dead = CRASH, f'exit status {self.process.exitcode}', True
        elif took > seconds:
            self.process.kill()
            self.process.join()
            outcome, text, self.is_dead = HANG, f'no end within {seconds:g} s{_place_in(self.stacks.read())}', True
        else:
            return None
        result = Result(self.case, outcome, text, took)
        self.case = None
        return result

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _work(pipe: Connection, run: Runner, megabytes: int, seconds: float, stacks: str, show: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter('ignore')
    if not show:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    pages = int(Path('/proc/self/statm').read_text().split()[0])
    limit = pages * resource.getpagesize() + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while True:
        try:
            kind, number = pipe.recv()
        except EOFError:
            return
        with tempfile.TemporaryDirectory() as folder, open(stacks, 'w') as file:
            faulthandler.dump_traceback_later(0.9 * seconds, file=file)
            pipe.send(_outcome(run, kind, number, Path(folder)))
            faulthandler.cancel_dump_traceback_later()


def _outcome(run: Runner, kind: str, number: int, folder: Path) -> tuple[str, str]:
    try:
        os.chdir(folder)
        run(kind, number, folder)
        return FINE, ''
    except FailedError as failed:
        error = failed.__cause__
        if isinstance(error, RasterVisionError):
            text = f'{type(error).__name__}: {error}'
            return (CLEAR, text) if failed.name in str(error) else (UNNAMED, f'{text} at {_place(error)}')
        if isinstance(error, MemoryError):
            return MEMORY, f'{error} at {_place(error)}'
        return FOREIGN, f'{type(error).__name__} at {_place(error)}: {str(error)[:200]}'
    finally:
        os.chdir('/')


def _place_in(stacks: str) -> str:
    lines = [line.strip() for line in stacks.splitlines() if '/rastervision/' in line]
    return f' at {lines[0].rpartition("/rastervision/")[2]}' if lines else ''


def _place(error: BaseException | None) -> str:
    """The last line of the project on the way to an error."""
    frames = traceback.extract_tb(error.__traceback__ if error is not None else None)
    own = [frame for frame in frames if '/rastervision/' in frame.filename]
    if not own:
        return 'scripts/fuzzing'
    return f'{own[-1].filename.rpartition("/rastervision/")[2]}:{own[-1].lineno}'


def attempt(name: str, step: Callable[[], Any]) -> None:
    """Run one entry point; what it raises is marked as its failure.

    Raises:
        FailedError: If it failed.
    """
    try:
        step()
    except (KeyboardInterrupt, SystemExit):  # as commands end that have said what is wrong
        return
    except BaseException as error:
        raise FailedError(name) from error
