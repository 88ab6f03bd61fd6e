"""Bringing folders on S3 and on this machine up to date with each other."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import islice

from rastervision.aws_s3.client import get_client, payer_arguments
from rastervision.aws_s3.failures import explained
from rastervision.aws_s3.listing import SCHEME, Remote, folder_of, objects_under
from rastervision.aws_s3.transfer import Transfers, has_content, progressbar
from rastervision.pipeline.errors import NotReadableError, NotWritableError
from rastervision.pipeline.file_system.atomic import replace_file
from rastervision.pipeline.file_system.local_file_system import list_files, make_dir

MOST_DELETED_AT_ONCE = 1000  # of S3
FILES_AT_ONCE = 500


def sync_up(src_dir: str, dst_dir_uri: str, *, delete: bool) -> None:
    """Send what is new or changed in a local folder to one on S3.

    A file is unchanged if its content is that of the object, as far as the ETag tells, or else if sizes are the same
    and the object is the newer one. Costs a listing of both, the reading of files that have the size of their object,
    and a request for each file sent.

    Args:
        src_dir: The local folder.
        dst_dir_uri: The folder on S3.
        delete: Remove there what the source lacks, at the end.
    """
    if not os.path.isdir(src_dir):
        raise NotReadableError(f'{src_dir!r} cannot be copied: there is no such folder.')
    bucket, prefix = folder_of(dst_dir_uri)
    there = objects_under(dst_dir_uri)
    here = list_files(src_dir)
    paths = {name: os.path.join(src_dir, name) for name in here}
    changed = [name for name in here if name not in there or not _is_same(paths[name], bucket, there[name])]
    size = sum(os.path.getsize(paths[name]) for name in changed)
    with progressbar(size, f'Uploading to {dst_dir_uri}') as show, Transfers(show) as transfers:
        for name in changed:
            transfers.upload(paths[name], bucket, prefix + name)
    if delete:
        remove_objects(bucket, [there[name].key for name in there.keys() - set(here)])


def sync_down(src_dir_uri: str, dst_dir: str, *, delete: bool) -> None:
    """Fetch what is new or changed in a folder on S3.

    A file is unchanged if size and time of change are the same; what is fetched keeps the time. Each file appears as a
    whole. Costs a listing of both, and a request or more for each file fetched.

    Args:
        src_dir_uri: The folder on S3.
        dst_dir: The local folder; it is made if missing.
        delete: Remove from it what S3 lacks.

    Raises:
        NotReadableError: If there is no such folder on S3; nothing is removed then.
    """
    bucket, _ = folder_of(src_dir_uri)
    there = objects_under(src_dir_uri)
    if not there:
        raise NotReadableError(f'{src_dir_uri!r} cannot be copied: there is no such folder. Check the spelling.')
    make_dir(dst_dir)
    if delete:
        _remove_others(dst_dir, there)
    changed = [name for name in sorted(there) if not _is_fetched(os.path.join(dst_dir, name), there[name])]
    size = sum(there[name].size for name in changed)
    with progressbar(size, f'Downloading {src_dir_uri}') as show:
        for names in _batches(changed):
            with ExitStack() as stack:
                parts = [
                    stack.enter_context(replace_file(os.path.join(dst_dir, name), one_of_many=True)) for name in names
                ]
                with Transfers(show) as transfers:
                    for name, part in zip(names, parts, strict=True):
                        transfers.download(bucket, there[name], part)
                for name, part in zip(names, parts, strict=True):
                    set_time(part, there[name])


def set_time(path: str, remote: Remote) -> None:
    """Give a local file the time of change of an object."""
    seconds = remote.changed.timestamp()
    os.utime(path, (seconds, seconds))


def remove_objects(bucket: str, keys: Iterable[str]) -> None:
    """Remove objects; costs a request for each thousand.

    Raises:
        NotWritableError: If one cannot be removed.
    """
    ordered = iter(sorted(keys))
    while some := list(islice(ordered, MOST_DELETED_AT_ONCE)):
        with explained(f'{SCHEME}{bucket}/{some[0]}', 'written'):
            answer = get_client().delete_objects(
                Bucket=bucket,
                Delete={'Objects': [{'Key': key} for key in some], 'Quiet': True},
                **payer_arguments(),
            )
        for error in answer.get('Errors', ()):
            raise NotWritableError(
                f'{SCHEME}{bucket}/{error["Key"]} cannot be removed: {error.get("Message") or error.get("Code")}. '
                'Check the policies of user and bucket.'
            )


def _is_same(path: str, bucket: str, remote: Remote) -> bool:
    same = has_content(path, remote.size, remote.etag)
    if same is not None:
        return same
    if '-' not in remote.etag and not _is_encrypted_with_key(bucket, remote):
        return False  # the ETag is the MD5 of another content
    return os.path.getmtime(path) < remote.changed.timestamp()


def _is_encrypted_with_key(bucket: str, remote: Remote) -> bool:
    """Whether the ETag of an object says nothing about its content."""
    with explained(f'{SCHEME}{bucket}/{remote.key}'):
        answer = get_client().head_object(Bucket=bucket, Key=remote.key, **payer_arguments())
    return str(answer.get('ServerSideEncryption', '')).startswith('aws:kms') or 'SSECustomerAlgorithm' in answer


def _is_fetched(path: str, remote: Remote) -> bool:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return False
    return state.st_size == remote.size and abs(state.st_mtime - remote.changed.timestamp()) < 1e-3


def _remove_others(folder: str, wanted: dict[str, Remote]) -> None:
    """Remove files that are not wanted, links and not their targets, and the folders that this empties."""
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in names + [name for name in folders if os.path.islink(os.path.join(parent, name))]:
            path = os.path.join(parent, name)
            if os.path.relpath(path, folder).replace(os.sep, '/') not in wanted:
                os.unlink(path)
        if parent != folder:
            with suppress(OSError):  # it is not empty
                os.rmdir(parent)


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), FILES_AT_ONCE):
        yield names[start : start + FILES_AT_ONCE]
