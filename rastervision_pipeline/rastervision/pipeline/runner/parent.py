"""Ties a job's process to the one that started it."""

import ctypes
import os
import signal
import sys

PARENT = 'RASTERVISION_PARENT'
PR_SET_PDEATHSIG = 1  # prctl(2)


def follow_parent() -> None:
    """End this process when the one that started it ends, even if that is killed. Linux only, else it does nothing.

    The starter sets the environment variable `PARENT` to its process id. The job is killed outright, as it may be deep
    in a library; what it was writing is not published then, and it is run again later.
    """
    parent = os.environ.pop(PARENT, None)
    if parent is None or not sys.platform.startswith('linux'):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it ended before the call
        sys.exit(1)
