"""What may be in an archive: names that stay in one folder and do not clash, and no more than its size lets expect."""

import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rastervision.pipeline.errors import DataError, RasterVisionError
from rastervision.pipeline.file_system.local_file_system import stays_inside

MB = 1 << 20
GB = 1 << 30
# What reading a damaged archive raises, besides an OSError without a number.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
)
DRIVE = re.compile(r'[A-Za-z]:')
MAX_NAME_BYTES = 255


@dataclass(frozen=True)
class UnpackLimits:
    """How much may come out of an archive.

    Attributes:
        max_files: Number of files and folders.
        max_bytes: Bytes of all of them.
        max_ratio: Bytes out of the archive by bytes of the archive.
        ratio_from: Bytes up to which the ratio does not matter.
    """

    max_files: int
    max_bytes: int
    max_ratio: float
    ratio_from: int


ARCHIVE_LIMITS = UnpackLimits(5_000_000, 1 << 43, 200, 4 * GB)  # imagery and chips; empty masks are small when packed
BUNDLE_LIMITS = UnpackLimits(50_000, 64 * GB, 100, 128 * MB)


@dataclass
class MemberCheck:
    """Looks at the members of one archive, one after the other.

    Attributes:
        path: The archive, for messages.
        size: Its size in bytes.
        folder: Where it is unpacked to; None if it is not.
        limits: What may come out of it.
    """

    path: str
    size: int
    folder: str | None
    limits: UnpackLimits
    _files: int = 0
    _bytes: int = 0
    _kinds: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def add(self, name: str, size: int, *, is_dir: bool) -> None:
        """See whether one more member is allowed.

        Args:
            name: Its name in the archive.
            size: How large it says it is.
            is_dir: Whether it is a folder.

        Raises:
            DataError: If its name leads outside or clashes with another, or the limits are passed.
        """
        parts = self._parts(name)
        self._files += 1
        self._bytes += size
        self._check_limits()
        for depth in range(1, len(parts) + 1):
            self._claim('/'.join(parts[:depth]), name, is_dir=is_dir or depth < len(parts))

    def grow(self, size: int) -> None:
        """See whether one more block of the only member is allowed.

        Raises:
            DataError: If the limits are passed.
        """
        self._bytes += size
        self._check_limits()

    def check_disk(self) -> None:
        """See that what comes out of the archive has room on the disk.

        Raises:
            DataError: If it has not.
        """
        if self.folder is None:
            return
        free = shutil.disk_usage(self.folder).free
        if self._bytes > free:
            self._refuse(f'it holds {self._bytes / GB:,.1f} GB, and {free / GB:,.1f} GB are free at {self.folder!r}')

    def _parts(self, name: str) -> list[str]:
        if not stays_inside(name) or DRIVE.match(name):
            self._refuse(f'its member {name!r} would land outside of the folder')
        parts = [part for part in name.split('/') if part not in ('', '.')]
        long = [part for part in parts if len(os.fsencode(part)) > MAX_NAME_BYTES]
        if long or (self.folder is not None and len(os.fsencode(os.path.join(self.folder, name))) > 4000):
            self._refuse(f'its member {name[:60]!r}... has a name that is too long')
        return parts

    def _check_limits(self) -> None:
        limits = self.limits
        if self._files > limits.max_files:
            self._refuse(f'it holds more than {limits.max_files:,} files')
        ratio = self._bytes / max(self.size, 1)
        if self._bytes > limits.max_bytes or (self._bytes > limits.ratio_from and ratio > limits.max_ratio):
            self._refuse(
                f'it has {self.size / MB:,.1f} MB, and {self._bytes / MB:,.0f} MB or more would come out of it'
            )

    def _claim(self, path: str, name: str, *, is_dir: bool) -> None:
        key = unicodedata.normalize('NFC', path).casefold()
        known = self._kinds.get(key)
        if known is None:
            self._kinds[key] = (path, is_dir)
        elif not (known[1] and is_dir and known[0] == path):
            self._refuse(f'its members {known[0]!r} and {name!r} have one name (upper and lower case are the same)')

    def _refuse(self, why: str) -> None:
        raise DataError(f'{self.path!r} is not unpacked: {why}. If it is what you expect, unpack it yourself.')


def check_zip(path: str, archive: zipfile.ZipFile, size: int, folder: str | None, limits: UnpackLimits) -> None:
    """See whether a zip file may be unpacked. Costs a look at its table of contents.

    Args:
        path: The zip file, for messages.
        archive: It, opened.
        size: Its size in bytes.
        folder: Where it is unpacked to; None if it is not.
        limits: What may come out of it.

    Raises:
        DataError: If not.
    """
    check = MemberCheck(path, size, folder, limits)
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DataError(f'{path!r} is not unpacked: its member {info.filename!r} is a link or device, not a file.')
        check.add(info.filename, info.file_size, is_dir=info.is_dir())
    check.check_disk()


@contextmanager
def damage_as(wrong: type[RasterVisionError], path: str) -> Iterator[None]:
    """Let what reading a damaged archive raises become an error that names it."""
    try:
        yield
    except RasterVisionError:
        raise
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # of a place before the first byte
            raise
        raise wrong(f'{path!r} cannot be unpacked: {error}. Is it complete?') from error
