"""What a bucket holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rastervision.aws_s3.client import NOBODY, get_client, payer_arguments
from rastervision.aws_s3.failures import explained
from rastervision.pipeline.errors import ArgumentError, NotReadableError

SCHEME = 's3://'


@dataclass(frozen=True)
class Remote:
    """An object in a bucket.

    Attributes:
        key: Its key.
        size: Bytes.
        etag: What changes when its content does; the MD5 of the content for most small ones.
        changed: When it was written.
    """

    key: str
    size: int
    etag: str
    changed: datetime


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of a URI: `s3://bucket/some/key`.

    Raises:
        ArgumentError: If it is none.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition('/')
    if not uri.startswith(SCHEME) or not bucket:
        raise ArgumentError(f'{uri!r} is no URI of a file on S3. Write s3://bucket/key.')
    return bucket, key


def get_matching_s3_objects(
    bucket: str, prefix: str = '', suffix: str = '', delimiter: str = '/', request_payer: str = NOBODY
) -> Iterator[tuple[str, Any]]:
    """List objects, in the order of their keys. Costs a request for each thousand.

    Args:
        bucket: The bucket.
        prefix: Only keys that start so.
        suffix: Only keys that end so.
        delimiter: Leave out keys that have this after the prefix. Empty: take all.
        request_payer: Who pays; `'None'`: as the settings say.

    Yields:
        Key and what S3 says about the object (`Size`, `ETag`, `LastModified`, ...).
    """
    for page in _pages(bucket, prefix, delimiter, request_payer):
        for item in page.get('Contents', ()):
            if item['Key'].endswith(suffix):
                yield item['Key'], item


def get_matching_s3_keys(
    bucket: str, prefix: str = '', suffix: str = '', delimiter: str = '/', request_payer: str = NOBODY
) -> Iterator[str]:
    """The keys that `get_matching_s3_objects` yields."""
    return (key for key, _ in get_matching_s3_objects(bucket, prefix, suffix, delimiter, request_payer))


def list_folder(uri: str, ext: str = '', delimiter: str = '/') -> list[str]:
    """URIs of what lies directly in a folder, or of all objects under it if there is no delimiter.

    Args:
        uri: The folder.
        ext: Only those that end so.
        delimiter: What separates folders.

    Returns:
        Sorted URIs, folders without a `/` at the end. None if there is no such folder: S3 knows no empty ones.
    """
    bucket, prefix = folder_of(uri)
    names: set[str] = set()
    for page in _pages(bucket, prefix, delimiter, NOBODY):
        names |= {item['Key'] for item in page.get('Contents', ())}
        names |= {item['Prefix'].removesuffix(delimiter) for item in page.get('CommonPrefixes', ())}
    return [f'{SCHEME}{bucket}/{name}' for name in sorted(names - {prefix}) if name.endswith(ext)]


def objects_under(uri: str) -> dict[str, Remote]:
    """All objects under a folder, by their path relative to it. Objects that stand for folders are left out.

    Raises:
        NotReadableError: If a key cannot be the path of a local file in a folder.
    """
    bucket, prefix = folder_of(uri)
    found = {}
    for key, item in get_matching_s3_objects(bucket, prefix, delimiter=''):
        name = key.removeprefix(prefix)
        if not name or name.endswith('/'):
            continue
        if any(part in ('', '.', '..') for part in name.split('/')):
            raise NotReadableError(
                f'{uri!r} holds {key!r}, which is not the path of a file in a folder. Rename or leave it out.'
            )
        found[name] = Remote(key, item['Size'], item['ETag'].strip('"'), item['LastModified'])
    return found


def folder_of(uri: str) -> tuple[str, str]:
    """Bucket and prefix of what lies in a folder."""
    bucket, key = parse_uri(uri)
    key = key.rstrip('/')
    return bucket, f'{key}/' if key else ''


def is_folder(uri: str) -> bool:
    """Whether anything lies in a folder. The root of a bucket is one, even if it is empty. Costs a request."""
    bucket, prefix = folder_of(uri)
    with explained(uri):
        answer = get_client().list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1, **payer_arguments())
    return not prefix or bool(answer.get('Contents'))


def _pages(bucket: str, prefix: str, delimiter: str, request_payer: str) -> Iterator[dict[str, Any]]:
    payer = payer_arguments() if request_payer == NOBODY else {'RequestPayer': request_payer}
    with explained(f'{SCHEME}{bucket}/{prefix}'):
        pages = get_client().get_paginator('list_objects_v2')
        yield from pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter=delimiter, **payer)
