"""What every kind of storage offers: the interface of local and remote files."""

import datetime
import os
from abc import ABC, abstractmethod

from rastervision.pipeline.errors import NotReadableError as NotReadableError
from rastervision.pipeline.errors import NotWritableError as NotWritableError
from rastervision.pipeline.errors import RegistryError
from rastervision.pipeline.registry import registry_

MB = 1 << 20
MAX_BYTES = 4096 * MB  # of a file that is read as a whole


class FileSystem(ABC):
    """Storage that a URI can name. All methods are static: a file system has no state.

    Every write is atomic: the target is complete, or as it was before. Errors are NotReadableError and
    NotWritableError, which name the URI.
    """

    @staticmethod
    def get_file_system(uri: str, mode: str = 'r') -> 'type[FileSystem]':
        """The file system for a URI.

        Args:
            uri: What to read or write.
            mode: `'r'` to read, `'w'` to write.

        Raises:
            NotReadableError: If nothing installed can read it.
            NotWritableError: If nothing installed can write it.
        """
        try:
            return registry_.get_file_system(uri, mode)
        except RegistryError as error:
            if mode != 'w':
                raise NotReadableError(str(error)) from error
            raise NotWritableError(_why_not_writable(uri, str(error))) from error

    @staticmethod
    @abstractmethod
    def matches_uri(uri: str, mode: str) -> bool:
        """Whether this file system can read (mode `'r'`) or write (`'w'`) a URI. Must be cheap."""

    @staticmethod
    @abstractmethod
    def file_exists(uri: str, include_dir: bool = True) -> bool:
        """Whether there is a file.

        Args:
            uri: Its URI.
            include_dir: A folder counts too.
        """

    @staticmethod
    @abstractmethod
    def read_str(uri: str) -> str:
        """Read a UTF-8 text."""

    @staticmethod
    @abstractmethod
    def read_bytes(uri: str) -> bytes:
        """Read a whole file."""

    @classmethod
    def read_up_to(cls, uri: str, max_bytes: int) -> bytes:
        """Read a whole file, unless it is larger than that.

        By default it is read, and then looked at. File systems that can do it override this at a bounded cost.

        Raises:
            NotReadableError: If it is larger, or cannot be read.
        """
        data = cls.read_bytes(uri)
        if len(data) > max_bytes:
            raise too_large(uri, max_bytes)
        return data

    @staticmethod
    @abstractmethod
    def write_str(uri: str, data: str) -> None:
        """Write a text as UTF-8, line ends as they are."""

    @staticmethod
    @abstractmethod
    def write_bytes(uri: str, data: bytes) -> None:
        """Write a whole file."""

    @staticmethod
    @abstractmethod
    def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False) -> None:
        """Copy what is new or changed in a local folder to a folder of this file system.

        Args:
            src_dir: The local folder.
            dst_dir_uri: The folder to bring up to date; it is made if missing.
            delete: Remove there what the source lacks.
        """

    @staticmethod
    @abstractmethod
    def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False) -> None:
        """Copy what is new or changed in a folder of this file system to a local folder.

        Args:
            src_dir_uri: The folder to copy.
            dst_dir: The local folder to bring up to date; it is made if missing.
            delete: Remove there what the source lacks.
        """

    @staticmethod
    @abstractmethod
    def copy_to(src_path: str, dst_uri: str) -> None:
        """Copy a local file to this file system, or all in a local folder; what else is in the target stays."""

    @staticmethod
    @abstractmethod
    def copy_from(src_uri: str, dst_path: str) -> None:
        """Copy a file of this file system to a local path."""

    @classmethod
    def copy_up_to(cls, src_uri: str, dst_path: str, max_bytes: int) -> None:
        """Copy a file of this file system to a local path, unless it is larger than that.

        By default it is copied, and then looked at. File systems that can do it override this at a bounded cost.

        Raises:
            NotReadableError: If it is larger, or cannot be read. The target is as it was before, or removed.
        """
        cls.copy_from(src_uri, dst_path)
        if os.path.getsize(dst_path) > max_bytes:
            os.remove(dst_path)
            raise too_large_to_copy(src_uri, max_bytes)

    @staticmethod
    @abstractmethod
    def local_path(uri: str, download_dir: str) -> str:
        """Where a file lies once it has been downloaded.

        Args:
            uri: The file.
            download_dir: The folder for downloads. Different URIs get different paths under it.
        """

    @staticmethod
    @abstractmethod
    def last_modified(uri: str) -> datetime.datetime | None:
        """When a file was last changed, in UTC; None if that is not known."""

    @staticmethod
    @abstractmethod
    def list_paths(uri: str, ext: str | None = None) -> list[str]:
        """What lies directly in a folder, sorted.

        Args:
            uri: The folder.
            ext: Only names that end so.
        """

    @staticmethod
    def version(uri: str) -> str | None:
        """What changes when the content of a file does, if that is cheap to ask.

        With it, a download is used again only as long as it is up to date, and a record of outputs holds on to it.

        Returns:
            None if there is no such file, or the file system does not tell (the default).
        """
        return None

    @staticmethod
    def remove(uri: str) -> bool:
        """Remove a file; that it is not there is no error.

        Returns:
            Whether the file system can remove files; by default it cannot.
        """
        return False

    @staticmethod
    def streaming_options() -> dict[str, str]:
        """Settings with which GDAL reads files of this file system in parts, as it gives them: address, credentials.

        Asked for whenever pixels are read, so that credentials may be renewed: must be cheap. By default none.
        """
        return {}


def too_large(uri: str, max_bytes: int) -> NotReadableError:
    """The error for a file of which so much is not read at once."""
    return NotReadableError(
        f'{uri!r} is not read: it has more than {max_bytes / MB:,.0f} MB, the most that a file of this kind may have.'
    )


def too_large_to_copy(uri: str, max_bytes: int) -> NotReadableError:
    """The error for a file that is larger than it may be where it is copied."""
    return NotReadableError(f'{uri!r} is not copied: it has more than {max_bytes:,} bytes, the most that it may have.')


def _why_not_writable(uri: str, unknown: str) -> str:
    try:
        registry_.get_file_system(uri, 'r')
    except RegistryError:
        return unknown
    return f'{uri!r} cannot be written: such a URI is for reading only. Use a local path or s3://.'
