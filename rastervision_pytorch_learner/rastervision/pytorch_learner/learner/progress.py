"""Shows how far an epoch is: live on a terminal or in a notebook, else as a line in the log now and then."""

import logging
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress
from torch import Tensor

from rastervision.pipeline.plain_text import plain
from rastervision.pipeline.verbosity import Verbosity

T = TypeVar('T')

log = logging.getLogger(__name__)


class Display(ABC):
    """Where progress is shown."""

    seconds_between: float

    @abstractmethod
    def show(self, done: int, text: str) -> None:
        """Show how many batches are done, and how it goes."""

    @abstractmethod
    def close(self) -> None:
        """No more progress is shown."""


class LiveDisplay(Display):
    """A bar on a terminal, which goes away in the end."""

    seconds_between = 0.25

    def __init__(self, console: Console, title: str, total: int) -> None:
        """Begin the bar.

        Args:
            console: The terminal.
            title: What is done.
            total: Number of batches.
        """
        columns = TextColumn('{task.description}'), BarColumn(bar_width=20), TextColumn('{task.fields[text]}')
        self._bar = RichProgress(*columns, console=console, transient=True, refresh_per_second=4)
        self._task = self._bar.add_task(title, total=total, text='')
        self._bar.start()

    def show(self, done: int, text: str) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, text=text)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


class NotebookDisplay(Display):
    """A line below the cell of a notebook, which the next one takes the place of. Needs no widgets."""

    seconds_between = 1.0

    def __init__(self, title: str) -> None:
        """Of something with this title."""
        self._title, self._width = title, 0

    def show(self, done: int, text: str) -> None:
        """Write the line anew."""
        self._write(f'{self._title}: {text}')

    def close(self) -> None:
        """Remove the line."""
        if self._width:
            self._write('')

    def _write(self, line: str) -> None:
        sys.stdout.write(f'\r{line.ljust(self._width)}\r')
        sys.stdout.flush()
        self._width = len(line)


class LineDisplay(Display):
    """Lines in the log."""

    seconds_between = 10.0

    def __init__(self, title: str) -> None:
        """Of something with this title."""
        self._title = title

    def show(self, done: int, text: str) -> None:
        """Log a line."""
        log.info('%s: %s', self._title, text)

    def close(self) -> None:
        """Nothing is left to do."""


def live_console() -> Console | None:
    """The terminal or notebook that errors and logs go to; None if there is none, or the user wants to see little."""
    console = Console(stderr=True)
    is_live = (console.is_terminal and not console.is_dumb_terminal) or console.is_jupyter
    return console if is_live and Verbosity.get() > Verbosity.QUIET else None


def make_display(title: str, total: int) -> Display:
    """Where progress is to be shown: on the terminal, in the notebook, else in the log.

    Args:
        title: What is done.
        total: Number of batches.
    """
    console = live_console()
    if console is None:
        return LineDisplay(title)
    return NotebookDisplay(title) if console.is_jupyter else LiveDisplay(console, title, total)


def announce(text: str) -> None:
    """Show a line that stays: on the terminal or in the notebook, if there is one, else in the log."""
    console = live_console()
    if console is None:
        log.info('%s', text)
    elif console.is_jupyter:
        sys.stdout.write(f'{plain(text)}\n')
    else:
        console.print(plain(text), markup=False, highlight=False)


class Progress:
    """Goes through the batches of an epoch, and shows how far it is. A context manager.

    Shown are the mean loss so far, samples per second, how much of the time went into waiting for data, and how long
    it takes yet. A batch costs some 10 microseconds; losses are fetched from a GPU only when they are shown.

    Args:
        title: What is done.
        total: Number of batches.
        first: How many of them were done before.
        shown: Whether to show anything; else times are only measured.
    """

    def __init__(self, title: str, total: int, first: int = 0, *, shown: bool = True) -> None:
        self.total, self.done, self._first = total, first, first
        self._samples, self._waited = 0, 0.0
        self._loss: Tensor | None = None
        self._start = self._shown = time.perf_counter()
        self._display: Display | None = None
        if shown:
            self._display = make_display(title, total)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._display is not None:
            self._display.close()

    def waiting_for(self, batches: Iterator[T]) -> Iterator[T]:
        """The same batches; the time until each is there counts as waiting for data."""
        end = object()
        while True:
            start = time.perf_counter()
            batch = next(batches, end)
            self._waited += time.perf_counter() - start
            if batch is end:
                return
            yield batch  # type: ignore[misc]

    def add(self, samples: int, loss: Any = None) -> None:
        """A batch is done.

        Args:
            samples: Number of its samples.
            loss: Its loss, a tensor of one element; anything else is left out.
        """
        self.done += 1
        self._samples += samples
        if self._display is None:
            return
        if isinstance(loss, Tensor) and loss.numel() == 1:
            self._loss = loss.detach() if self._loss is None else self._loss + loss.detach()
        now = time.perf_counter()
        if now - self._shown > self._display.seconds_between:
            self._shown = now
            self._display.show(self.done, self.text())

    def speed(self) -> dict[str, float]:
        """Samples per second, and the share of the time that went into waiting for data.

        A GPU computes while Python goes on to the next batch: what is measured there is the time in which Python
        waited, which the GPU may have spent computing what was in its queue.
        """
        seconds = max(time.perf_counter() - self._start, 1e-9)
        return {'samples_per_second': self._samples / seconds, 'data_waiting_share': self._waited / seconds}

    def text(self) -> str:
        """How it goes, in a line."""
        batches = max(self.done - self._first, 1)
        seconds = (time.perf_counter() - self._start) / batches * (self.total - self.done)
        loss = '' if self._loss is None else f'loss {float(self._loss) / batches:.4g}, '
        return f'{self.done}/{self.total}, {timedelta(seconds=round(seconds))} left, {loss}{speed_text(self.speed())}'


def speed_text(speed: Mapping[str, float]) -> str:
    """What `Progress.speed` found, as text."""
    rate = speed['samples_per_second']
    number = f'{rate:.0f}' if rate >= 10 else f'{rate:.2g}'
    return f'{number} samples/s, {speed["data_waiting_share"]:.0%} waiting for data'
