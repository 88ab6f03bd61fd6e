"""Says how jobs ended: a table of all of them, and why one failed."""

import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rastervision.pipeline.runner.plan import Job

TAIL_LINES = 40


@dataclass(frozen=True)
class Ended:
    """A job that has ended.

    Attributes:
        job: The job.
        code: Its exit code; negative if a signal ended it, 0 if it ended well.
        seconds: How long it ran.
        peak: The most memory it held at once, in MB; 0 if not known.
        log: Path of what it printed, if that was kept.
    """

    job: Job
    code: int
    seconds: float
    peak: int
    log: str | None


def summarize(ended: Iterable[Ended]) -> str:
    """A table of jobs: how each ended, how long it took, the most memory it held, where its log is."""
    rows = []
    for item in sorted(ended, key=lambda item: item.job.index):
        memory = f'{item.peak} MB' if item.peak else '-'
        how = 'FAILED' if item.code else 'done'
        rows.append((item.job.name, how, f'{item.seconds:.1f} s', memory, item.log or '-'))
    return table(('job', 'ended', 'time', 'memory', 'log'), rows, right=(2, 3))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Text in columns.

    Args:
        head: Names of the columns.
        rows: The cells.
        right: Numbers of the columns that are aligned to the right.
    """
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    cells = [
        [
            f'{text:>{width}}' if i in right else f'{text:<{width}}'
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    return '\n'.join('  '.join(line).rstrip() for line in cells)


def describe_end(code: int) -> str:
    """What an exit code says: `failed with exit code 1`, `was killed by SIGKILL`."""
    if code >= 0:
        return f'failed with exit code {code}'
    try:
        return f'was killed by {signal.Signals(-code).name}'
    except ValueError:
        return f'was killed by signal {-code}'


def describe_failure(name: str, how: str, log: str | None) -> str:
    """What to say of a job that failed, with the end of what it printed.

    Args:
        name: The job.
        how: How it ended; see :func:`.describe_end`.
        log: Path of what it printed. None: that was passed through.
    """
    if log is None:
        return f'{name} {how}; see what it printed above.'
    with open(log, errors='replace') as file:
        tail = ''.join(file.readlines()[-TAIL_LINES:]).rstrip()
    return f'{name} {how}. All it printed is in {log}; the end of it:\n\n{tail}'
