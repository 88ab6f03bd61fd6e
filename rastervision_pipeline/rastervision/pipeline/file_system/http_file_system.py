"""Files on web servers, to be read only."""

import datetime
import hashlib
import io
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from rastervision.pipeline.errors import NotReadableError, NotWritableError, WebPageError
from rastervision.pipeline.file_system.atomic import replace_file
from rastervision.pipeline.file_system.download_limit import DownloadLimit
from rastervision.pipeline.file_system.file_system import MAX_BYTES, MB, FileSystem, too_large, too_large_to_copy
from rastervision.pipeline.file_system.local_file_system import decode, progressbar

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

BUFFER_BYTES = 1 << 20
SHORTEST_LIMIT = 600.0  # seconds for a file that is read at once
NOT_HERE = range(400, 500)
PAGES = ('.html', '.htm', '.xhtml')
PAGE_START_BYTES = 4096
# A page begins so, after blanks, comments and the declaration of XML.
WEB_PAGE = re.compile(
    rb'(?:\xef\xbb\xbf)?(?>\s|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype\s+html|html|head|body|title|meta|script)\b',
    re.IGNORECASE | re.DOTALL,
)


@contextmanager
def get_file_obj(uri: str, with_progress: bool = True, **kwargs: Any) -> Iterator[BinaryIO]:
    """Open a file on a web server.

    It tries again if the connection fails or the server is busy, and goes on where a download was cut.

    Args:
        uri: An http(s) URI.
        with_progress: Show how far it has been read, on a terminal.
        kwargs: As for `requests.get`, such as `headers`, `auth`, `timeout`.

    Yields:
        A binary file to read from start to end.

    Raises:
        NotReadableError: If it cannot be read.
    """
    from rastervision.pipeline.file_system.http_stream import HttpStream

    stream = HttpStream(uri, **kwargs)
    with closing(io.BufferedReader(stream, BUFFER_BYTES)) as file:
        if with_progress:
            with progressbar(file, 'read', stream.size, f'Downloading {os.path.basename(urlsplit(uri).path)}') as shown:
                yield shown
        else:
            yield cast(BinaryIO, file)


class HttpFileSystem(FileSystem):
    """Files on web servers: `http://` and `https://`. They can be read, but not listed nor written."""

    @staticmethod
    def matches_uri(uri: str, mode: str) -> bool:
        """Whether a URI is one of http(s), to be read; see :meth:`.FileSystem.matches_uri`."""
        return mode == 'r' and uri.lower().startswith(('http://', 'https://'))

    @staticmethod
    def file_exists(uri: str, include_dir: bool = True) -> bool:
        """Whether the server gives the file; see :meth:`.FileSystem.file_exists`. There are no folders.

        A server that cannot be reached gives none, which is logged.
        """
        response = _head_if_reachable(uri)
        if response is None:
            return False
        if response.status_code >= 500:
            raise NotReadableError(f'{uri!r}: the server answers {response.status_code} {response.reason}.')
        return response.status_code not in NOT_HERE

    @staticmethod
    def read_str(uri: str) -> str:
        """Read a UTF-8 text; see :meth:`.FileSystem.read_str`."""
        return decode(HttpFileSystem.read_bytes(uri), uri)

    @staticmethod
    def read_bytes(uri: str) -> bytes:
        """Read a whole file; see :meth:`.FileSystem.read_bytes`."""
        return HttpFileSystem.read_up_to(uri, MAX_BYTES)

    @staticmethod
    def read_up_to(uri: str, max_bytes: int) -> bytes:
        """Read a whole file, unless it is larger, or comes too slowly; see :meth:`.FileSystem.read_up_to`.

        It may take 10 minutes, or, if more than 600 MB are allowed, a second for each MB.
        """
        with _open_data(uri, with_progress=False) as file:
            return b''.join(_in_time(_parts(file, max_bytes, too_large(uri, max_bytes)), uri, max_bytes))

    @staticmethod
    def write_str(uri: str, data: str) -> None:
        """Not possible."""
        raise _read_only(uri)

    @staticmethod
    def write_bytes(uri: str, data: bytes) -> None:
        """Not possible."""
        raise _read_only(uri)

    @staticmethod
    def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False) -> None:
        """Not possible."""
        raise _read_only(dst_dir_uri)

    @staticmethod
    def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False) -> None:
        """Not possible."""
        raise _no_folders(src_dir_uri)

    @staticmethod
    def copy_to(src_path: str, dst_uri: str) -> None:
        """Not possible."""
        raise _read_only(dst_uri)

    @staticmethod
    def copy_from(src_uri: str, dst_path: str, **kwargs: Any) -> None:
        """Download a file; see :meth:`.FileSystem.copy_from`.

        Args:
            src_uri: An http(s) URI.
            dst_path: The local target. It appears when the download is complete.
            kwargs: As for :func:`get_file_obj`.

        Raises:
            NotReadableError: If it cannot be read, or is larger than :class:`.DownloadLimit` allows.
        """
        with _open_data(src_uri, **kwargs) as source, replace_file(dst_path) as path, open(path, 'wb') as target:
            limit = DownloadLimit(src_uri, path, source.raw.size)  # type: ignore[attr-defined]
            while part := source.read(BUFFER_BYTES):
                limit.grow(len(part))
                target.write(part)

    @staticmethod
    def copy_up_to(src_uri: str, dst_path: str, max_bytes: int) -> None:
        """Download a file, unless it is larger; see :meth:`.FileSystem.copy_up_to`."""
        with _open_data(src_uri) as source, replace_file(dst_path) as path, open(path, 'wb') as target:
            target.writelines(_parts(source, max_bytes, too_large_to_copy(src_uri, max_bytes)))

    @staticmethod
    def local_path(uri: str, download_dir: str) -> str:
        """`<download_dir>/http/<server>/<path>`, and a hash of query and password, if any, before the ending."""
        parts = urlsplit(uri)
        path = os.path.normpath(os.path.join('/', unquote(parts.path).replace('\0', ''))).lstrip('/') or 'index'
        user, _, server = parts.netloc.rpartition('@')
        if parts.query or user:
            stem, ending = os.path.splitext(path)
            more = f'{user}@{parts.query}' if user else parts.query
            path = f'{stem}-{hashlib.sha256(more.encode()).hexdigest()[:8]}{ending}'
        return os.path.join(download_dir, 'http', server, path)

    @staticmethod
    def last_modified(uri: str) -> datetime.datetime | None:
        """When the server says that a file was last changed; see :meth:`.FileSystem.last_modified`.

        None if it does not say, or cannot be reached.
        """
        response = _head_if_reachable(uri)
        if response is None:
            return None
        if response.status_code >= 400:
            raise NotReadableError(f'{uri!r}: the server answers {response.status_code} {response.reason}.')
        try:
            return parsedate_to_datetime(response.headers.get('Last-Modified', '')).astimezone(datetime.UTC)
        except (ValueError, OverflowError):  # none, or no date
            return None

    @staticmethod
    def version(uri: str) -> str | None:
        """ETag, time of change and length, as far as the server says; see :meth:`.FileSystem.version`."""
        from rastervision.pipeline.file_system.http_stream import identity, length

        response = _head(uri)
        if response.status_code >= 500:
            raise NotReadableError(f'{uri!r}: the server answers {response.status_code} {response.reason}.')
        if response.status_code >= 400:
            return None
        known = [str(value) for value in (*identity(response), length(response)) if value is not None]
        return ' '.join(known) or None

    @staticmethod
    def list_paths(uri: str, suffix: str | None = None) -> list[str]:
        """Not possible."""
        raise _no_folders(uri)


@contextmanager
def _open_data(uri: str, with_progress: bool = True, **kwargs: Any) -> Iterator[BinaryIO]:
    """Open a file as `get_file_obj` does, unless it is a web page that nobody asked for.

    Raises:
        WebPageError: If it is one.
    """
    with get_file_obj(uri, with_progress, **kwargs) as file:
        start = file.peek(PAGE_START_BYTES)[:PAGE_START_BYTES]  # type: ignore[attr-defined]
        if WEB_PAGE.match(start) and not urlsplit(uri).path.lower().endswith(PAGES):
            raise WebPageError(
                f'{uri!r} cannot be read: the server gives a web page instead of the file, perhaps to sign in or to '
                'confirm something. Look at the address in a browser; use one that gives the file itself.'
            )
        yield file


def _parts(file: BinaryIO, max_bytes: int, too_large: NotReadableError) -> Iterator[bytes]:
    """The bytes of a file, part by part, until they are more than may come."""
    size = 0
    while part := file.read1(BUFFER_BYTES):  # type: ignore[attr-defined]
        size += len(part)
        if size > max_bytes:
            raise too_large
        yield part


def _in_time(parts: Iterator[bytes], uri: str, max_bytes: int) -> Iterator[bytes]:
    """The same parts, until they come too slowly."""
    until = time.monotonic() + max(SHORTEST_LIMIT, max_bytes / MB)
    for part in parts:
        if time.monotonic() > until:
            raise NotReadableError(f'{uri!r} cannot be read: the server is too slow. Try again later.')
        yield part


def _head_if_reachable(uri: str) -> 'requests.Response | None':
    """The header of a file, or None if there is no server: that is found at once, not after several attempts."""
    from requests.exceptions import ConnectionError, SSLError

    try:
        return _head(uri, connect_attempts=0)
    except NotReadableError as error:
        if not isinstance(error.__cause__, ConnectionError) or isinstance(error.__cause__, SSLError):
            raise
        log.warning('%s Taken as missing.', error)
        return None


def _head(uri: str, **attempts: int) -> 'requests.Response':
    """The header of a file; some servers, and signed URIs, give it to GET only."""
    from rastervision.pipeline.file_system.http_stream import AS_STORED, make_session, request

    with make_session(**attempts) as session:
        response = request(session, 'HEAD', uri, headers=AS_STORED)
        response.close()
        if response.status_code >= 400 and response.status_code not in (404, 410):
            response = request(session, 'GET', uri, headers=AS_STORED)
            response.close()
        return response


def _read_only(uri: str) -> NotWritableError:
    return NotWritableError(f'{uri!r} cannot be written: http(s) is for reading only. Use a local path or s3://.')


def _no_folders(uri: str) -> NotReadableError:
    return NotReadableError(f'{uri!r} cannot be read as a folder: http(s) has none. Name each file.')
