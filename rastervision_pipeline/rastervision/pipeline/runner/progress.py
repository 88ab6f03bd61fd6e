"""Shows how far a run is: live on a terminal, else a line for each event."""

import os
import re
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rastervision.pipeline.plain_text import echo, plain, plain_line
from rastervision.pipeline.runner.plan import Job

if TYPE_CHECKING:
    from rich.progress import TaskID

TAIL_BYTES = 500
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_LINES = 60  # in a file
LOG_PREFIX = re.compile(r'^[\d-]+ [\d:]+:[\w.]+: [A-Z]+ - ')  # as verbosity.LOG_FORMAT has it
WIDTH_OF_CLOCK = 14  # spinner, elapsed time and spaces


class Progress:
    """A line when a job starts, one when it ends, and in between now and then what it printed. A context manager."""

    seconds_between: float = SECONDS_BETWEEN_LINES

    def __init__(self, plan: list[Job]) -> None:
        """Of a run of these jobs."""
        self._total = len(plan)
        self._ended = 0
        self._started: dict[Job, float] = {}
        self._looked: dict[Job, float] = {}
        self._seen: dict[Job, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Nothing is left to do."""

    def start(self, job: Job) -> None:
        """A job has started."""
        self._started[job] = self._looked[job] = time.monotonic()
        self.show(f'{job.name}: started')

    def look(self, job: Job, line: str | Callable[[], str]) -> None:
        """A job still runs; this is the last line that it has printed, or a function that gives it."""
        now = time.monotonic()
        if now - self._looked[job] < self.seconds_between:
            return
        self._looked[job] = now
        text = line if isinstance(line, str) else line()
        if text and text != self._seen.get(job):
            self._seen[job] = text
            self.show_line(job, text)

    def show_line(self, job: Job, line: str) -> None:
        """Show the last line that a job has printed."""
        self.show(f'{job.name}: {LOG_PREFIX.sub("", line)}')

    def end(self, job: Job, is_good: bool) -> None:
        """A job has ended, well or not."""
        self._ended += 1
        seconds = time.monotonic() - self._started[job]
        self.show(f'{job.name}: {"done" if is_good else "FAILED"} in {seconds:.1f} s ({self._ended}/{self._total})')

    def show(self, line: str) -> None:
        """Print a line."""
        echo(line)


class LiveProgress(Progress):
    """A line for each running job that is kept up to date, twice a second."""

    seconds_between = SECONDS_BETWEEN_LOOKS

    def __init__(self, plan: list[Job]) -> None:
        """Of a run of these jobs."""
        from rich import progress

        super().__init__(plan)
        columns = (progress.SpinnerColumn(), progress.TextColumn('{task.description}'), progress.TimeElapsedColumn())
        self._display = progress.Progress(*columns, transient=True)
        self._tasks: dict[Job, TaskID] = {}

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._display.stop()

    def start(self, job: Job) -> None:
        """A job has started."""
        from rich.markup import escape

        super().start(job)
        self._tasks[job] = self._display.add_task(escape(plain_line(job.name)), total=None)

    def show_line(self, job: Job, line: str) -> None:
        """Show the last line that a job has printed, such as its own progress bar."""
        from rich.markup import escape

        room = max(0, self._display.console.width - len(job.name) - WIDTH_OF_CLOCK)
        self._display.update(self._tasks[job], description=escape(plain_line(f'{job.name}  {line[:room]}')))

    def end(self, job: Job, is_good: bool) -> None:
        """A job has ended, well or not."""
        self._display.remove_task(self._tasks.pop(job))
        super().end(job, is_good)

    def show(self, line: str) -> None:
        """Print a line above the running jobs."""
        self._display.console.print(plain(line), markup=False, highlight=False)


def last_line(path: str) -> str:
    """The last line of a text file that is being written; a bar that overwrites itself counts as lines.

    Time, logger and level of a line of the log are left out: there is little room on a terminal.
    """
    with open(path, 'rb') as file:
        file.seek(max(0, os.path.getsize(path) - TAIL_BYTES))
        text = file.read().decode(errors='replace')
    lines = [line.strip() for line in text.replace('\r', '\n').split('\n')]
    return LOG_PREFIX.sub('', next((line for line in reversed(lines) if line), ''))


def make_progress(plan: list[Job], *, is_live: bool) -> Progress:
    """What shows the progress of a run of these jobs.

    Args:
        plan: The jobs.
        is_live: Whether to keep lines up to date, if this is a terminal.
    """
    return LiveProgress(plan) if is_live and sys.stdout.isatty() else Progress(plan)
