"""Downloads that are kept, and used again as long as they are up to date.

Beside each download lies a hidden stamp: of which URI it is, which version, and how the file looked when it was
complete. Downloads that have none, or that are somebody else's, are not used.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from rastervision.pipeline.errors import AccessDeniedError, MissingFileError, NotReadableError, WebPageError
from rastervision.pipeline.file_system.atomic import replace_file
from rastervision.pipeline.file_system.companions import companion, companion_endings
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.masking import mask
from rastervision.pipeline.private_dir import is_own_file

log = logging.getLogger(__name__)

T = TypeVar('T')

AT_ONCE = 8
UNKNOWN = ''  # the version of a file that is there, of which nothing else is known
ABSENT = (MissingFileError, AccessDeniedError, WebPageError)


def download(uri: str, path: str, fs: type[FileSystem], use_cache: bool = True) -> None:
    """Bring a remote file, and the files that belong to it, to a local path, unless they are there already.

    Each appears as a whole, the file itself last. Costs one request for each that may be there, several at a time.

    Args:
        uri: The file.
        path: The local path.
        fs: The file system of the URI.
        use_cache: Use what was downloaded before, if it is up to date.

    Raises:
        NotReadableError: If there is no such file, or it cannot be downloaded. If it cannot be known whether an earlier
            download is up to date, that is used, with a warning.
    """
    try:
        version = version_of(uri, fs)
    except NotReadableError as error:
        if not use_cache or not _is_intact(path, uri):
            raise
        log.warning('%s Using %s, downloaded before.', error, path)
        return
    if version is not None:
        _download_companions(uri, path, fs, version, use_cache)
    if use_cache and version and _is_intact(path, uri, version):
        log.debug('Using %s, downloaded before from %s.', path, mask(uri))
        return
    _fetch(uri, path, fs, version)


def remove_download(path: str) -> None:
    """Remove a download, with its stamp and the files that belong to it."""
    for each in [path, *local_companions(path)]:
        for file in (each, _stamp_path(each)):
            with suppress(FileNotFoundError):
                os.remove(file)


def local_companions(path: str) -> list[str]:
    """The files beside a local file that belong to it."""
    names: Iterable[str] = (companion(path, ending) for ending in companion_endings(path))
    return [name for name in names if os.path.isfile(name)]


def version_of(uri: str, fs: type[FileSystem]) -> str | None:
    """What changes when the content of a file does, as far as its file system tells.

    Returns:
        `UNKNOWN` if nothing is told. None if there is no such file.
    """
    version = fs.version(uri)
    if version is not None:
        return version
    if not fs.file_exists(uri, include_dir=False):
        return None
    changed = fs.last_modified(uri)
    return UNKNOWN if changed is None else str(changed)


def companions_there(uri: str, fs: type[FileSystem]) -> tuple[str, ...]:
    """The endings of the files that belong to a remote file and are there. Costs one request for each that may be.

    Args:
        uri: The file.
        fs: Its file system.

    Raises:
        NotReadableError: If it cannot be known.
    """
    version = version_of(uri, fs)
    if version is None:
        return ()
    endings = companion_endings(uri)
    found = _for_each(endings, lambda ending: _companion_version(companion(uri, ending), fs, version))
    return tuple(ending for ending, state in zip(endings, found, strict=True) if state is not None)


def _download_companions(uri: str, path: str, fs: type[FileSystem], version: str, use_cache: bool) -> None:
    endings = companion_endings(uri) if companion_endings(path) else ()

    def bring(ending: str) -> None:
        _download_companion(companion(uri, ending), companion(path, ending), fs, version, use_cache)

    _for_each(endings, bring)


def _download_companion(uri: str, path: str, fs: type[FileSystem], version_of_other: str, use_cache: bool) -> None:
    version = _companion_version(uri, fs, version_of_other)
    if version is not None:
        try:
            if not use_cache or not _is_intact(path, uri, version):
                _fetch(uri, path, fs, version)
            return
        except ABSENT as error:
            log.debug('%s is left out: %s', mask(uri), error)
    if is_own_file(_stamp_path(path)):
        remove_download(path)  # it was there


def _companion_version(uri: str, fs: type[FileSystem], version_of_other: str) -> str | None:
    """The version of a file that may belong to another; None if there is none."""
    try:
        version = version_of(uri, fs)
    except ABSENT as error:
        log.debug('%s is left out: %s', mask(uri), error)
        return None
    # A server that gives the same file, whatever it is asked for, does not have this one.
    return None if version == version_of_other != UNKNOWN else version


def _for_each(endings: Sequence[str], call: Callable[[str], T]) -> list[T]:
    """What a function gives for each, called by threads."""
    if not endings:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(endings)), 'companions') as threads:
        return list(threads.map(call, endings))


def _fetch(uri: str, path: str, fs: type[FileSystem], version: str | None) -> None:
    log.debug('Downloading %s to %s.', mask(uri), path)
    with replace_file(path) as part:
        fs.copy_from(uri, part)
        looks = _looks(part)
    # Written after the file: a stamp is never that of an older file, as it says how the file looks.
    with replace_file(_stamp_path(path), one_of_many=True) as part, open(part, 'w', encoding='utf-8') as file:
        json.dump({'uri': _digest(uri), 'version': version, 'file': looks}, file)


def _is_intact(path: str, uri: str, version: str | None = None) -> bool:
    """Whether a file is this user's complete download of a URI, and of a version if one is given."""
    stamp_path = _stamp_path(path)
    if not is_own_file(path) or not is_own_file(stamp_path):
        return False
    try:
        with open(stamp_path, encoding='utf-8') as file:
            stamp = json.load(file)
        is_same = stamp['uri'] == _digest(uri) and stamp['file'] == _looks(path)
        return bool(is_same and version in (None, stamp['version']))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return False


def _looks(path: str) -> str:
    state = os.stat(path)
    return f'{state.st_size} {state.st_mtime_ns}'


def _digest(uri: str) -> str:
    return hashlib.sha256(uri.encode('utf-8', 'surrogatepass')).hexdigest()


def _stamp_path(path: str) -> str:
    return os.path.join(os.path.dirname(path), f'.{os.path.basename(path)}.version')
