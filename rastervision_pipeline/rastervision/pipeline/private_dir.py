"""Folders of one user, in places that others may write to as well."""

import os
import stat
import tempfile
from contextlib import suppress

from rastervision.pipeline.errors import NotWritableError

PRIVATE = 0o700
OF_OTHERS = 0o077


def private_dir(folder: str, name: str) -> str:
    """A folder that only this user can read and write. It is made if missing.

    Args:
        folder: Where it lies. It is made if missing.
        name: Its name. If that is taken by a link, a file or a folder of somebody else: the name and the user's id.

    Returns:
        Its path.

    Raises:
        NotWritableError: If both names are taken, or it cannot be made.
    """
    names = [name] if os.name == 'nt' else [name, f'{name}-{os.getuid()}']
    paths = [os.path.join(folder, each) for each in names]
    try:
        os.makedirs(folder, exist_ok=True)
        for path in paths:
            with suppress(FileExistsError):
                os.mkdir(path, PRIVATE)
            if _is_private(path):
                return path
    except OSError as error:
        raise NotWritableError(
            f'The folder {paths[0]!r} cannot be made: {error.strerror}. Set TMPDIR to another folder.'
        ) from error
    raise NotWritableError(
        f'{" and ".join(map(repr, paths))} cannot be used: they belong to other users, or are links. '
        'Remove one of them, or set TMPDIR to a folder of your own.'
    )


def is_own_file(path: str) -> bool:
    """Whether there is a file, not a link, that this user has made."""
    try:
        state = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(state.st_mode) and _is_own(state, os.path.dirname(path))


def _is_private(path: str) -> bool:
    state = os.lstat(path)
    if not stat.S_ISDIR(state.st_mode) or not _is_own(state, os.path.dirname(path)):
        return False
    if state.st_mode & OF_OTHERS:
        with suppress(OSError):  # some file systems have no permissions
            os.chmod(path, PRIVATE)
    return True


def _is_own(state: os.stat_result, folder: str) -> bool:
    """Whether something is of the owner that a file gets which this process makes beside it."""
    if os.name == 'nt' or state.st_uid == os.getuid():
        return True
    # Network file systems may give files another owner than the user has here.
    with tempfile.TemporaryFile(dir=folder) as probe:
        return os.fstat(probe.fileno()).st_uid == state.st_uid
