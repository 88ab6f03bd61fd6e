"""Uploads and downloads: many files, and parts of large ones, at a time.

An object appears when all of it is there. What is sent carries a checksum that the store verifies.
"""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from s3transfer.exceptions import RetriesExceededError
from s3transfer.subscribers import BaseSubscriber

from rastervision.aws_s3.client import get_client, payer_arguments
from rastervision.aws_s3.failures import BROKEN_OFF, code_of, explained
from rastervision.aws_s3.listing import Remote
from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.file_system.download_limit import DownloadLimit
from rastervision.pipeline.file_system.file_system import too_large

MB = 1 << 20
PART_BYTES = 16 * MB  # at most 10,000 parts; s3transfer takes larger ones where that does not suffice
THREADS = 10
TRIES = 4
SECONDS_BETWEEN_TRIES = 0.5


@contextmanager
def progressbar(total_size: int, desc: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many bytes are done; elsewhere, show nothing.

    Args:
        total_size: Bytes in all.
        desc: Text before the bar.

    Yields:
        A function to call with the number of bytes that were just done; any thread may.
    """
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from tqdm import tqdm

    with tqdm(total=total_size, desc=desc, unit='B', unit_scale=True, unit_divisor=1024) as bar:

        def show(count: int) -> None:
            bar.update(count)

        yield show


class Transfers:
    """Uploads and downloads that run side by side. A context manager that waits for all of them.

    Memory is bounded by `THREADS` times `PART_BYTES`. A file that fails to arrive is tried `TRIES` times.
    """

    def __init__(self, on_bytes: Callable[[int], None] = lambda count: None) -> None:
        """Nothing is moved yet.

        Args:
            on_bytes: Called with the number of bytes that were just moved.
        """
        config = TransferConfig(
            multipart_threshold=PART_BYTES,
            multipart_chunksize=PART_BYTES,
            max_concurrency=THREADS,
            num_download_attempts=TRIES,
        )
        self._manager = create_transfer_manager(get_client(), config)
        self._arguments = payer_arguments()
        self._subscribers = [_Watcher(on_bytes)]
        self._waiting: list[tuple[str, str, Callable[[], Any], Any]] = []

    def __enter__(self) -> 'Transfers':
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._wait()
        except BaseException as failure:
            kind, error = type(failure), failure
            raise
        finally:
            # What is still under way when one has failed, or the user has interrupted, is ended and cleared away.
            self._manager.__exit__(kind, error, trace)

    def upload(self, source: str | BinaryIO, bucket: str, key: str) -> None:
        """Begin to send a local file, or what a binary file gives, in place of an old object."""

        def begin() -> Any:
            if not isinstance(source, str):
                source.seek(0)
            return self._manager.upload(source, bucket, key, dict(self._arguments), self._subscribers)

        self._waiting.append((f's3://{bucket}/{key}', 'written', begin, begin()))

    def download(self, bucket: str, remote: Remote, path: str) -> None:
        """Begin to fetch an object to a local path, which is complete when the block has ended.

        Parts of the object belong together: that it changes meanwhile is an error.

        Raises:
            NotReadableError: If it is larger than `DownloadLimit` allows.
        """
        limit = DownloadLimit(f's3://{bucket}/{remote.key}', path, remote.size)
        subscribers = [_Known(remote), _Watcher(limit.grow), *self._subscribers]

        def begin() -> Any:
            return self._manager.download(bucket, remote.key, path, dict(self._arguments), subscribers)

        self._waiting.append((f's3://{bucket}/{remote.key}', 'read', begin, begin()))

    def _wait(self) -> None:
        for uri, verb, begin, future in self._waiting:
            with explained(uri, verb):
                _result(uri, begin, future)


def _result(uri: str, begin: Callable[[], Any], future: Any) -> None:
    for attempt in range(TRIES):
        try:
            future.result()
            return
        except RetriesExceededError as error:
            last: Exception = error
        except Exception as error:
            # An upload that the store has completed, but could not say so, is unknown to it when it is completed again.
            if not isinstance(error, BROKEN_OFF) and code_of(error) != 'NoSuchUpload':
                raise
            last = error
        if attempt + 1 < TRIES:
            time.sleep(SECONDS_BETWEEN_TRIES * 2**attempt)
            future = begin()
    raise NotReadableError(f'{uri!r} is cut off again and again: {last}. Try again later.') from last


def read_object(uri: str, bucket: str, key: str, max_bytes: int) -> bytes:
    """The content of an object; read again if it is cut off or damaged on the way.

    Raises:
        NotReadableError: If it cannot be read, or has more than `max_bytes`.
    """
    with explained(uri):
        for attempt in range(TRIES - 1):
            try:
                return _read(uri, bucket, key, max_bytes)
            except BROKEN_OFF:
                time.sleep(SECONDS_BETWEEN_TRIES * 2**attempt)
        return _read(uri, bucket, key, max_bytes)


def has_content(path: str, size: int, etag: str) -> bool | None:
    """Whether a local file has the content of an object, told from its size and the object's ETag.

    Costs the reading of the file if it has the size.

    Returns:
        None if the ETag does not say: the object was sent in parts of another size, or is encrypted with a key.
    """
    if os.path.getsize(path) != size:
        return False
    with open(path, 'rb') as file:
        if '-' not in etag:
            return True if hashlib.file_digest(file, _md5).hexdigest() == etag else None
        parts = []
        while part := file.read(PART_BYTES):
            parts.append(_md5(part).digest())
    return True if f'{_md5(b"".join(parts)).hexdigest()}-{len(parts)}' == etag else None


def _md5(data: bytes = b'') -> Any:
    return hashlib.md5(data, usedforsecurity=False)


def _read(uri: str, bucket: str, key: str, max_bytes: int) -> bytes:
    answer = get_client().get_object(Bucket=bucket, Key=key, **payer_arguments())
    with closing(answer['Body']) as body:
        if answer['ContentLength'] > max_bytes:  # the body has no more than that
            raise too_large(uri, max_bytes)
        data: bytes = body.read()
        return data


class _Known(BaseSubscriber):  # type: ignore[misc]
    """Saves asking for the size of an object."""

    def __init__(self, remote: Remote) -> None:
        super().__init__()
        self._remote = remote

    def on_queued(self, future: Any, **kwargs: Any) -> None:
        future.meta.provide_transfer_size(self._remote.size)
        future.meta.provide_object_etag(f'"{self._remote.etag}"')


class _Watcher(BaseSubscriber):  # type: ignore[misc]
    def __init__(self, on_bytes: Callable[[int], None]) -> None:
        super().__init__()
        self._on_bytes = on_bytes

    def on_progress(self, future: Any, bytes_transferred: int, **kwargs: Any) -> None:
        self._on_bytes(bytes_transferred)
