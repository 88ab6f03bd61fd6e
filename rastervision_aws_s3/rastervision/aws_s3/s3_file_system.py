"""Files on Amazon S3, and on stores that speak its protocol."""

import datetime
import io
import os
from typing import Any

from botocore.exceptions import ClientError

from rastervision.aws_s3 import client
from rastervision.aws_s3.client import AWS_S3 as AWS_S3
from rastervision.aws_s3.client import NOBODY, REQUESTER, Settings, payer_arguments
from rastervision.aws_s3.failures import explained, is_missing
from rastervision.aws_s3.listing import SCHEME, Remote, is_folder, list_folder, parse_uri
from rastervision.aws_s3.listing import get_matching_s3_keys as get_matching_s3_keys
from rastervision.aws_s3.listing import get_matching_s3_objects as get_matching_s3_objects
from rastervision.aws_s3.syncing import remove_objects, set_time, sync_down, sync_up
from rastervision.aws_s3.transfer import PART_BYTES, Transfers, progressbar, read_object
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import MissingFileError, NotReadableError
from rastervision.pipeline.file_system.atomic import replace_file
from rastervision.pipeline.file_system.file_system import MAX_BYTES, FileSystem, too_large_to_copy
from rastervision.pipeline.file_system.local_file_system import decode

lazy.also_give(__name__, 'rastervision.pipeline.errors: NotWritableError')


class S3FileSystem(FileSystem):
    """Files on S3: `s3://bucket/key`. Folders are what keys have before a `/`; empty ones do not exist.

    Requests that fail for a passing reason are tried again. Settings are those of the section `AWS_S3`, and boto3's.
    """

    # ------------------------------------------------------------------ settings
    @staticmethod
    def get_request_payer() -> str:
        """Who pays for reading: `'requester'`, or `'None'` for the owner of the bucket."""
        return REQUESTER if Settings.read().requester_pays else NOBODY

    @staticmethod
    def get_session() -> Any:
        """A session of boto3, with the profile of the settings."""
        return client.get_session()

    @staticmethod
    def get_client() -> Any:
        """The client of boto3 for S3, which threads may share."""
        return client.get_client()

    @staticmethod
    def streaming_options() -> dict[str, str]:
        """Same store, region, payer and credentials; see :meth:`.FileSystem.streaming_options`."""
        with explained(SCHEME):
            return client.gdal_options()

    @staticmethod
    def matches_uri(uri: str, mode: str) -> bool:
        """Whether a URI begins with `s3://`; see :meth:`.FileSystem.matches_uri`."""
        return uri.startswith(SCHEME)

    @staticmethod
    def parse_uri(uri: str) -> tuple[str, str]:
        """Bucket and key of a URI."""
        return parse_uri(uri)

    # -------------------------------------------------------------- single files
    @staticmethod
    def file_exists(uri: str, include_dir: bool = True) -> bool:
        """Whether there is an object; see :meth:`.FileSystem.file_exists`. Costs one request or two."""
        return _find(uri) is not None or (include_dir and is_folder(uri))

    @staticmethod
    def read_str(uri: str) -> str:
        """Read a UTF-8 text; see :meth:`.FileSystem.read_str`."""
        return decode(S3FileSystem.read_bytes(uri), uri)

    @staticmethod
    def read_bytes(uri: str) -> bytes:
        """Read a whole object; see :meth:`.FileSystem.read_bytes`."""
        return S3FileSystem.read_up_to(uri, MAX_BYTES)

    @staticmethod
    def read_up_to(uri: str, max_bytes: int) -> bytes:
        """Read a whole object, unless it is larger; see :meth:`.FileSystem.read_up_to`."""
        return read_object(uri, *parse_uri(uri), max_bytes)

    @staticmethod
    def write_str(uri: str, data: str) -> None:
        """Write a UTF-8 text; see :meth:`.FileSystem.write_str`."""
        S3FileSystem.write_bytes(uri, data.encode())

    @staticmethod
    def write_bytes(uri: str, data: bytes) -> None:
        """Write a whole object; see :meth:`.FileSystem.write_bytes`."""
        bucket, key = parse_uri(uri)
        if len(data) >= PART_BYTES:
            with Transfers() as transfers:
                transfers.upload(io.BytesIO(data), bucket, key)
            return
        with explained(uri, 'written'):
            client.get_client().put_object(Bucket=bucket, Key=key, Body=data, **payer_arguments())

    @staticmethod
    def copy_to(src_path: str, dst_uri: str) -> None:
        """Send a file, or all in a folder; see :meth:`.FileSystem.copy_to`. A large file is sent in parts."""
        if os.path.isdir(src_path):
            sync_up(src_path, dst_uri, delete=False)
            return
        bucket, key = parse_uri(dst_uri)
        try:
            size = os.stat(src_path).st_size
        except OSError as error:
            raise NotReadableError(f'{src_path!r} cannot be copied to {dst_uri!r}: {error.strerror}.') from error
        with progressbar(size, f'Uploading {dst_uri}') as show, Transfers(show) as transfers:
            transfers.upload(src_path, bucket, key)

    @staticmethod
    def copy_from(src_uri: str, dst_path: str) -> None:
        """Fetch an object; see :meth:`.FileSystem.copy_from`. The file keeps the time of change of the object."""
        _fetch(src_uri, _get(src_uri), dst_path)

    @staticmethod
    def copy_up_to(src_uri: str, dst_path: str, max_bytes: int) -> None:
        """Fetch an object, unless it is larger; see :meth:`.FileSystem.copy_up_to`."""
        remote = _get(src_uri)
        if remote.size > max_bytes:
            raise too_large_to_copy(src_uri, max_bytes)
        _fetch(src_uri, remote, dst_path)

    @staticmethod
    def local_path(uri: str, download_dir: str) -> str:
        """`<download_dir>/s3/<bucket>/<key>`; see :meth:`.FileSystem.local_path`."""
        bucket, key = parse_uri(uri)
        return os.path.join(download_dir, 's3', bucket, os.path.normpath(os.path.join('/', key)).lstrip('/'))

    @staticmethod
    def last_modified(uri: str) -> datetime.datetime:
        """When an object was written, in UTC; see :meth:`.FileSystem.last_modified`."""
        return _get(uri).changed.astimezone(datetime.UTC)

    @staticmethod
    def version(uri: str) -> str | None:
        """Size and ETag, which stay if the same content is written again; see :meth:`.FileSystem.version`."""
        remote = _find(uri)
        return None if remote is None else f'{remote.size} {remote.etag}'

    @staticmethod
    def remove(uri: str) -> bool:
        """Remove an object; see :meth:`.FileSystem.remove`."""
        bucket, key = parse_uri(uri)
        remove_objects(bucket, [key])
        return True

    # -------------------------------------------------------------------- folders
    @staticmethod
    def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False) -> None:
        """Fetch what is new or changed; see :meth:`.FileSystem.sync_from_dir` and :func:`.sync_down`."""
        sync_down(src_dir_uri, dst_dir, delete=delete)

    @staticmethod
    def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False) -> None:
        """Send what is new or changed; see :meth:`.FileSystem.sync_to_dir` and :func:`.sync_up`."""
        sync_up(src_dir, dst_dir_uri, delete=delete)

    @staticmethod
    def list_paths(uri: str, ext: str | None = '', delimiter: str = '/') -> list[str]:
        """What lies directly in a folder; see :meth:`.FileSystem.list_paths`. A missing folder is an empty one.

        Args:
            uri: The folder.
            ext: Only names that end so.
            delimiter: What separates folders. Empty: list all objects under the folder.
        """
        return list_folder(uri, ext or '', delimiter)


def _find(uri: str) -> Remote | None:
    """What S3 says about an object, or None if it is not there. Costs a request."""
    bucket, key = parse_uri(uri)
    if not key:
        return None
    with explained(uri):
        try:
            answer = client.get_client().head_object(Bucket=bucket, Key=key, **payer_arguments())
        except ClientError as error:
            if is_missing(error):
                return None
            raise
    return Remote(key, answer['ContentLength'], answer['ETag'].strip('"'), answer['LastModified'])


def _get(uri: str) -> Remote:
    remote = _find(uri)
    if remote is not None:
        return remote
    hint = 'It is a folder' if is_folder(uri) else 'Check the spelling'
    raise MissingFileError(f'{uri!r} cannot be read: there is no such file. {hint}.')


def _fetch(uri: str, remote: Remote, path: str) -> None:
    """Fetch an object to a local path; the file keeps the time of change of the object."""
    bucket, _ = parse_uri(uri)
    with replace_file(path) as part:
        with progressbar(remote.size, f'Downloading {uri}') as show, Transfers(show) as transfers:
            transfers.download(bucket, remote, part)
        set_time(part, remote)
