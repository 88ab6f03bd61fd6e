"""Temporary folders that say which process they belong to, so that those of killed processes can be removed.

They are called `rastervision-<machine>-<process id>-<random>`.
"""

import hashlib
import os
import re
import shutil
import socket
import tempfile
from contextlib import suppress

NAME = re.compile(r'rastervision-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\w+')

_cleared: set[tuple[int, str]] = set()


def host_id() -> str:
    """A short name for this machine."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def runs(pid: int) -> bool:
    """Whether there is a process of this number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def prefix() -> str:
    """What the names of temporary folders of this process begin with."""
    return f'rastervision-{host_id()}-{os.getpid()}-'


def temporary_dir(root: str) -> tempfile.TemporaryDirectory[str]:
    """A new folder in a folder, to be used as a context manager, that is removed at the end."""
    clear_once(root)
    return tempfile.TemporaryDirectory(prefix=prefix(), dir=root)


def make_temporary_dir(root: str) -> str:
    """A new folder in a folder, which the caller removes; if its process is killed, a later one does."""
    clear_once(root)
    return tempfile.mkdtemp(prefix=prefix(), dir=root)


def clear_once(root: str) -> None:
    """Remove what killed processes have left in a folder, if this process has not looked there before."""
    if (os.getpid(), root) not in _cleared:
        _cleared.add((os.getpid(), root))
        for path in left_behind(root):
            shutil.rmtree(path, ignore_errors=True)


def left_behind(root: str) -> list[str]:
    """Temporary folders of this user's processes on this machine that do not run any more.

    Those of other machines, which may share the folder, and whatever is called otherwise, are left out.
    """
    found = []
    with suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            match = NAME.fullmatch(entry.name)
            if match and match['host'] == host_id() and _is_own_folder(entry) and not runs(int(match['pid'])):
                found.append(entry.path)
    return sorted(found)


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        is_own = not hasattr(os, 'getuid') or entry.stat(follow_symlinks=False).st_uid == os.getuid()
        return is_own and entry.is_dir(follow_symlinks=False)
    return False
