"""How much a download may take, as a server may send without end, or more than it says."""

import shutil
import threading

from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.file_system.atomic import nearest_folder
from rastervision.pipeline.file_system.file_system import MB
from rastervision.pipeline.rv_config import OWN_SECTION, rv_config_

MAX_MB = 'MAX_DOWNLOAD_MB'
KEPT_FREE_MB = 'DOWNLOAD_KEEP_FREE_MB'
DEFAULT_KEPT_FREE_MB = 256  # for what else is written meanwhile
LOOK_EVERY = 16 * MB  # bytes between two looks at the disk


class DownloadLimit:
    """Counts the bytes of a download and ends it before the disk is full; threads may share it.

    The settings are `max_download_mb`, the most that one file may have (0: whatever the disk holds), and
    `download_keep_free_mb`, what is left free on the disk.
    """

    def __init__(self, uri: str, path: str, size: int | None = None) -> None:
        """Nothing has come yet.

        Args:
            uri: What is downloaded.
            path: Where it is written.
            size: How many bytes it has, as the server says; None if it does not.

        Raises:
            NotReadableError: If so much may not come.
            ConfigError: If a setting is no such number.
        """
        self._uri = uri
        self._folder = nearest_folder(path)
        self._max = rv_config_.get_namespace_int(OWN_SECTION, MAX_MB, 0) * MB
        self._kept_free = rv_config_.get_namespace_int(OWN_SECTION, KEPT_FREE_MB, DEFAULT_KEPT_FREE_MB) * MB
        self._bytes = 0
        self._looked_at = 0
        self._lock = threading.Lock()
        self._check_size(size or 0)
        self._check_disk(size or 0)

    def grow(self, count: int) -> None:
        """See whether more bytes may be written; a negative number of them takes back those that come again.

        Raises:
            NotReadableError: If not.
        """
        with self._lock:
            self._bytes += count
            self._check_size(self._bytes)
            if self._bytes - self._looked_at >= LOOK_EVERY:
                self._looked_at = self._bytes
                self._check_disk(count)

    def _check_size(self, size: int) -> None:
        if 0 < self._max < size:
            raise NotReadableError(
                f'{self._uri!r} is not downloaded: it has more than {self._max / MB:,.0f} MB, the most that a download '
                f'may have. If it is what you expect, set RASTERVISION_{MAX_MB} to more, or to 0 for no limit.'
            )

    def _check_disk(self, size: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if size > max(free - self._kept_free, 0) or free < self._kept_free:
            has = f'it has {size / MB:,.1f} MB' if size > LOOK_EVERY else 'there is no room for more of it'
            raise NotReadableError(
                f'{self._uri!r} is not downloaded: {has}; {free / MB:,.0f} MB are free in {self._folder!r}, of which '
                f'{self._kept_free / MB:,.0f} MB are kept free (RASTERVISION_{KEPT_FREE_MB}). Free some space, or set '
                'TMPDIR or --tmpdir to a folder on another disk.'
            )
