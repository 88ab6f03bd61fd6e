"""Fetches a model of a zoo: whole and as the index says, or not at all."""

import hashlib
import os

from rastervision.core.zoo.index import Index, Model
from rastervision.pipeline.errors import BundleError, NotReadableError, NotWritableError, about
from rastervision.pipeline.file_system.atomic import replace_file
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.utils import is_local


def fetch(index: Index, name: str, out: str) -> str:
    """Put the bundle of a model into a local file. No earlier download is used but that file itself.

    Args:
        index: The index with the model.
        name: Name of the model.
        out: The file; or a folder that exists or ends with `/`, in which it will be `<name>.zip`. If it is there with
            the content that it should have, it stays.

    Returns:
        Path of the file.

    Raises:
        ArgumentError: If there is no such model.
        NotReadableError: If the bundle cannot be read.
        BundleError: If it has not the size and checksum that the index says.
        NotWritableError: If something else is where it should be, or it cannot be written.
    """
    model = index.find(name)
    if not is_local(out):
        raise NotWritableError(f'{out!r}: models are fetched to a local file. Give a path, and copy it from there.')
    is_folder = out.endswith('/') or os.path.isdir(to_path(out))
    path = os.path.join(to_path(out), f'{model.name}.zip') if is_folder else to_path(out)
    if os.path.isfile(path) and os.path.getsize(path) == model.size and sha256_of(path) == model.sha256:
        return path
    _check_free(path, model)
    uri = index.uri_of(model)
    with about(f'{model.name} of {index.uri}', others=[path]), replace_file(path) as part:
        FileSystem.get_file_system(uri).copy_up_to(uri, part, model.size)
        _check(part, uri, model)
        _check_free(path, model)  # it may have come meanwhile
    return path


def sha256_of(path: str) -> str:
    """SHA-256 of a local file, as hexadecimal digits. Costs reading it.

    Raises:
        NotReadableError: If it cannot be read.
    """
    try:
        with open(path, 'rb') as file:
            return hashlib.file_digest(file, 'sha256').hexdigest()
    except OSError as error:
        raise NotReadableError(f'{path!r} cannot be read: {error.strerror}.') from error


def _check_free(path: str, model: Model) -> None:
    if os.path.lexists(path):
        raise NotWritableError(
            f'{path!r} is there already, and is not {model.name} as the index has it. It stays as it is; move it away, '
            'or choose another name.'
        )


def _check(path: str, uri: str, model: Model) -> None:
    size = os.path.getsize(path)
    if size != model.size:
        raise BundleError(
            f'{uri!r} has {size:,} bytes, and the index says {model.size:,}. Nothing was kept. It is cut off, or the '
            'index is out of date.'
        )
    digest = sha256_of(path)
    if digest != model.sha256:
        raise BundleError(
            f'{uri!r} has the SHA-256 {digest}, and the index says {model.sha256}. Nothing was kept. It was changed or '
            'damaged on its way, or the index is out of date.'
        )
