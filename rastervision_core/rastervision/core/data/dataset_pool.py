"""Open datasets, per process and thread."""

import itertools
import os
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from rastervision.core.data.rasterio_io import open_raster

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MOST_OPEN = 128  # of a thread
THREADS = 8  # that may have images open, beside other files


def max_open() -> int:
    """How many images a thread may have open: few, if the system allows this process few open files."""
    try:
        import resource
    except ImportError:  # there is none on Windows
        return MOST_OPEN
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_OPEN if allowed < 0 else max(min(MOST_OPEN, allowed // THREADS), 1)


_tokens = itertools.count()


class _Pool(threading.local):
    """The datasets that this thread has open, the one used last at the end."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.datasets: OrderedDict[int, DatasetReader] = OrderedDict()
        self.inherited: list[Any] = []

    def get(self, token: int, path: str, trusted: bool) -> 'DatasetReader':
        if self.pid != os.getpid():
            # Handles of a forked parent share its file positions: they are neither used nor closed.
            self.inherited.append(self.datasets)
            self.pid, self.datasets = os.getpid(), OrderedDict()
        if token not in self.datasets:
            self.datasets[token] = open_raster(path, trust_references=trusted)
            while len(self.datasets) > max_open():
                self.datasets.popitem(last=False)[1].close()
        self.datasets.move_to_end(token)
        return self.datasets[token]

    def discard(self, token: int) -> None:
        if self.pid == os.getpid() and token in self.datasets:
            self.datasets.pop(token).close()


_pool = _Pool()


class PooledDataset:
    """An image that is opened when a thread first reads it, and again in every process and thread.

    GDAL's handles must not be shared by threads or survive a fork. At most `max_open()` images of a thread are open
    at a time, so that there can be any number of scenes. Can be pickled.

    Attributes:
        path: What `open_raster` takes.
        trust_references: See `open_raster`.
    """

    def __init__(self, path: str, *, trust_references: bool = False) -> None:
        self.path = path
        self.trust_references = trust_references
        self._register()

    def get(self) -> 'DatasetReader':
        """The open dataset of this thread. Use it at once; do not keep or close it.

        Raises:
            NotReadableError: If the image cannot be opened.
        """
        return _pool.get(self._token, self.path, self.trust_references)

    def __getstate__(self) -> dict[str, Any]:
        return {'path': self.path, 'trust_references': self.trust_references}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path, self.trust_references = state['path'], state['trust_references']
        self._register()

    def _register(self) -> None:
        self._token = next(_tokens)
        weakref.finalize(self, _pool.discard, self._token)
