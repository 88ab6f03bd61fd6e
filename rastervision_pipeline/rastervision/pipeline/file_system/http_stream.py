"""A download that goes on where it was cut."""

import io
import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from rastervision.pipeline.errors import AccessDeniedError, MissingFileError, NotReadableError
from rastervision.pipeline.masking import mask

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10
READ_SECONDS = 60
ANSWER_SECONDS = 120.0
ATTEMPTS = 5
BACKOFF = 0.5
LONGEST_WAIT = 120.0
SLOWEST = 1000  # bytes a second, on an average of SLOW_SECONDS
SLOW_SECONDS = 60.0
BUSY = (429, 500, 502, 503, 504)
PARTIAL = 206
ERRORS = {401: AccessDeniedError, 403: AccessDeniedError, 404: MissingFileError, 410: MissingFileError}
# The bytes as stored: a length to check, and offsets to go on from, mean nothing for a packed stream.
AS_STORED = {'Accept-Encoding': 'identity'}


def _mask_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = mask(record.getMessage()), ()
    return True


# They warn of each failed attempt, and of odd headers, with the query of the URI.
for _name in ('urllib3.connectionpool', 'urllib3.connection'):
    logging.getLogger(_name).addFilter(_mask_record)


class _Impatient:
    """A connection that ends if the header of an answer does not come, or does not end: it may come byte by byte."""

    sock: socket.socket

    def getresponse(self) -> Any:
        is_late = threading.Event()

        def end(connection: socket.socket) -> None:
            is_late.set()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(ANSWER_SECONDS, end, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            answer = super().getresponse()  # type: ignore[misc]
        finally:
            timer.cancel()
        if is_late.is_set():
            answer.close()
            raise TimeoutError(f'no whole header in {ANSWER_SECONDS:.0f} s')
        return answer


class _HTTPConnection(_Impatient, HTTPConnection): ...


class _HTTPSConnection(_Impatient, HTTPSConnection): ...


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


POOLS = {'http': _HTTPPool, 'https': _HTTPSPool}


def make_session(connect_attempts: int | None = None) -> requests.Session:
    """A session that tries again, after a while or when the server says, if a connection fails or it is busy.

    Args:
        connect_attempts: How often to try again if there is no connection at all. None: as for all else.
    """
    retry = _Retry(
        total=ATTEMPTS,
        connect=connect_attempts,
        backoff_factor=BACKOFF,
        status_forcelist=BUSY,
        allowed_methods=('GET', 'HEAD'),
        respect_retry_after_header=True,
        raise_on_status=False,
    )
    session = requests.Session()
    for scheme in POOLS:
        adapter = HTTPAdapter(max_retries=retry)
        adapter.poolmanager.pool_classes_by_scheme = POOLS
        session.mount(f'{scheme}://', adapter)
    return session


def request(session: requests.Session, method: str, uri: str, **kwargs: Any) -> requests.Response:
    """Send a request and wait for the header of the answer, whatever its status.

    Args:
        session: As `make_session` makes it.
        method: `'GET'` or `'HEAD'`.
        uri: An http(s) URI.
        kwargs: As for `requests.request`.

    Raises:
        NotReadableError: If there is no answer.
    """
    options = {'timeout': (CONNECT_SECONDS, READ_SECONDS), 'allow_redirects': True, 'stream': True, **kwargs}
    try:
        return session.request(method, uri, **options)
    except requests.RequestException as error:
        raise NotReadableError(f'{uri!r} cannot be read: {error}. Is the network up, and the address right?') from error


class HttpStream(io.RawIOBase):
    """The bytes of a file on a web server, in order.

    If the connection is cut, the rest is asked for (Range); a server that ignores that is read from the start again,
    up to the place. The length that the server says is checked. One that hardly sends anything is not waited for.

    Args:
        uri: An http(s) URI.
        options: Further arguments of `requests.get`, such as `headers`, `auth`, `timeout`.
    """

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__()
        self._uri = uri
        self._headers: Mapping[str, str] = {**AS_STORED, **(options.pop('headers', None) or {})}
        self._options = options
        self._session = make_session()
        self._position = 0
        self._failures = 0
        self._waited, self._arrived = 0.0, 0
        try:
            self._response = self._get({})
            self._check(self._response)
        except NotReadableError:
            self.close()
            raise
        self._identity = identity(self._response)
        self.size = length(self._response)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the next bytes; see `io.RawIOBase`.

        Raises:
            NotReadableError: If the connection is cut too often without a byte read, the file changes meanwhile, or
                less than `SLOWEST` bytes a second arrive.
        """
        view = memoryview(buffer).cast('B')
        while True:
            begun = time.monotonic()
            try:
                data = self._read(len(view))
            except (HTTPError, OSError) as error:
                self._resume(error)
                continue
            self._failures = 0
            self._position += len(data)
            self._check_speed(time.monotonic() - begun, len(data))
            view[: len(data)] = data
            return len(data)

    def close(self) -> None:
        """End the connection."""
        if not self.closed:
            if '_response' in self.__dict__:  # there may have been no answer
                self._response.close()
            self._session.close()
        super().close()

    def _check_speed(self, waited: float, arrived: int) -> None:
        self._waited += waited
        self._arrived += arrived
        if self._waited > SLOW_SECONDS:
            if self._arrived < SLOWEST * self._waited:
                raise NotReadableError(
                    f'{self._uri!r} cannot be read: the server sent {self._arrived} bytes in {self._waited:.0f} s. '
                    'Try again later.'
                )
            self._waited, self._arrived = 0.0, 0

    def _read(self, size: int) -> bytes:
        data: bytes = self._response.raw.read1(size, decode_content=True)
        if not data and size and self.size is not None and self._position < self.size:
            raise ProtocolError(f'{self._position} of {self.size} bytes')
        return data

    def _get(self, headers: Mapping[str, str]) -> requests.Response:
        return request(self._session, 'GET', self._uri, headers={**self._headers, **headers}, **self._options)

    def _check(self, response: requests.Response) -> None:
        if response.status_code >= 400:
            kind = ERRORS.get(response.status_code, NotReadableError)
            raise kind(f'{self._uri!r} cannot be read: the server answers {response.status_code} {response.reason}.')

    def _resume(self, error: Exception) -> None:
        """Connect again at the place where the stream was cut."""
        self._failures += 1
        if self._failures > ATTEMPTS:
            raise NotReadableError(
                f'{self._uri!r} cannot be read: the connection is cut again and again after {self._position} of '
                f'{self.size or "unknown"} bytes: {error}. Try again later.'
            ) from error
        log.info('%s was cut after %d bytes (%s); going on.', mask(self._uri), self._position, mask(str(error)))
        time.sleep(BACKOFF * (2 ** (self._failures - 1)))
        self._response.close()
        can_range = self._position > 0 and self.size is not None
        self._response = self._get({'Range': f'bytes={self._position}-'} if can_range else {})
        self._check(self._response)
        if _differs(self._identity, identity(self._response)):
            raise NotReadableError(f'{self._uri!r} changed while it was read. Read it again.') from error
        starts_here = self._response.headers.get('Content-Range', '').startswith(f'bytes {self._position}-')
        if self._response.status_code != PARTIAL or not starts_here:
            self._skip()

    def _skip(self) -> None:
        """Read an answer that starts from the beginning up to the place; a further cut is found by the next read."""
        left = self._position
        try:
            while left and (data := self._response.raw.read1(min(left, 1 << 20), decode_content=True)):
                left -= len(data)
        except (HTTPError, OSError) as error:
            self._resume(error)
            return
        if left:
            self._resume(ProtocolError(f'{self._position - left} bytes'))


class _Retry(Retry):
    """Wait as long as the server says, within reason."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, LONGEST_WAIT)


def length(response: requests.Response) -> int | None:
    """Bytes of the whole file, if the server says and sends it as stored."""
    length = response.headers.get('Content-Length', '')
    is_stored = response.headers.get('Content-Encoding', 'identity') == 'identity'
    return int(length) if is_stored and length.isdigit() else None


def identity(response: requests.Response) -> tuple[str | None, str | None]:
    """What changes when the file does."""
    return response.headers.get('ETag'), response.headers.get('Last-Modified')


def _differs(old: tuple[str | None, ...], new: tuple[str | None, ...]) -> bool:
    """Whether something that both answers say is not the same."""
    return any(a is not None and b is not None and a != b for a, b in zip(old, new, strict=True))
