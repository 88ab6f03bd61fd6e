"""Which files of a folder count for the running command: those that another command of its run has put there.

A folder outside of the run's own may hold more: what other runs, earlier settings or other people have left.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FilesOf = Callable[[str], list[str] | None]


def _unknown(folder: str) -> None:
    """Outside of a command, nothing is known of any folder."""


_files_of: ContextVar[FilesOf] = ContextVar('files_of', default=_unknown)


def published_files(folder: str) -> list[str] | None:
    """The files that a command of the running pipeline has put into the folder that it writes to.

    Args:
        folder: URI of the folder.

    Returns:
        Their URIs, in the order of their names. None if no command is known to have written there: outside of a
        command, or in a folder of another kind, where all that is there counts.

    Raises:
        DataError: If what is there was made with other settings, is not whole, or has been changed since.
    """
    return _files_of.get()(folder)


@contextmanager
def knowing_files(files_of: FilesOf) -> Iterator[None]:
    """In this block, `published_files` gives what a function says."""
    token = _files_of.set(files_of)
    try:
        yield
    finally:
        _files_of.reset(token)
