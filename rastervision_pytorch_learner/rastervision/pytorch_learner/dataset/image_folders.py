"""Finding the folders of image data, and unpacking their zips."""

import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from rastervision.pipeline.file_system.utils import (
    download_if_needed,
    is_local,
    list_paths,
    sync_from_dir,
    unzip,
)
from rastervision.pipeline.published_files import published_files
from rastervision.pytorch_learner.dataset.errors import MissingImageDataError
from rastervision.pytorch_learner.dataset.image_files import natural_key

log = logging.getLogger(__name__)

UnzipData = Callable[[list[str], str], list[str]]

# What the folder of a split is called: here, and by other tools.
SPLITS = {'train': ('train', 'training'), 'valid': ('valid', 'val', 'validation'), 'test': ('test', 'testing')}


def split_dir(data_dir: str, split: str) -> str | None:
    """The folder of a split in a data folder: `train`, `valid`, `test`, or as other tools call it; None: it has none.

    Args:
        data_dir: The data folder.
        split: The split.
    """
    there = [name for name in SPLITS[split] if os.path.isdir(os.path.join(data_dir, name))]
    if there and there[0] != split:
        log.warning('%s: the folder %r is taken for the split %r.', data_dir, there[0], split)
    return os.path.join(data_dir, there[0]) if there else None


def _has_split(folder: str) -> bool:
    return any(os.path.isdir(os.path.join(folder, name)) for names in SPLITS.values() for name in names)


def get_data_dirs(uri: str | list[str], unzip_dir: str, unzip_data: UnzipData) -> list[str]:
    """The data folders (each with the folders train, valid, test) at a URI; local, in a fixed order.

    Args:
        uri: A data folder, a zip of one, a list of zips, or a folder of zips; local or remote. Zips of a folder come in
            the natural order of their names; of one that the chip command of the running pipeline writes to, those that
            it has written for the present config.
        unzip_dir: Where zips are unpacked; each only once.
        unzip_data: What unpacks zips, as the function of this module does.

    Raises:
        MissingImageDataError: If there is nothing of the kind.
        DataError: If a zip is damaged, or chips were made with another config, are not all there, or were changed.
    """
    if isinstance(uri, list):
        return unzip_data(uri, unzip_dir)
    if uri.lower().endswith('.zip'):
        return unzip_data([uri], unzip_dir)
    zip_uris = _zips_of(published_files(uri) or [])
    if zip_uris:
        return unzip_data(zip_uris, unzip_dir)
    if is_local(uri):
        return _dirs_in_local(uri, unzip_dir, unzip_data)
    zip_uris = _zips_of(list_paths(uri, ext='.zip'))
    if zip_uris:
        return unzip_data(zip_uris, unzip_dir)
    mirror = os.path.join(unzip_dir, _name_for(uri))
    if not os.path.isdir(mirror):
        sync_from_dir(uri, mirror)
    return _dirs_in_local(mirror, unzip_dir, unzip_data)


def unzip_data(zip_uris: list[str], unzip_dir: str) -> list[str]:
    """Unpack zips, each into a folder of its own, unless that is there already.

    Args:
        zip_uris: URIs of the zips.
        unzip_dir: Where the folders are made.

    Returns:
        The folders, in the order of the zips.
    """
    return [_data_in(_unzip_once(uri, unzip_dir), uri) for uri in zip_uris]


def _data_in(folder: str, uri: str) -> str:
    """The data folder in an unpacked zip: that itself, or the only folder in it.

    Raises:
        MissingImageDataError: If there is none.
    """
    if _has_split(folder):
        return folder
    inner = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] not in '._')
    found = [path for path in inner if _has_split(path)]
    if len(found) != 1:
        there = ', '.join(sorted(os.listdir(folder))[:8]) or 'nothing'
        raise MissingImageDataError(
            f'No image data in {uri!r}: it has neither a folder train, valid or test nor one folder with those, but '
            f'{there}. Zip the data folder.'
        )
    return found[0]


def _dirs_in_local(uri: str, unzip_dir: str, unzip_data: UnzipData) -> list[str]:
    if _has_split(uri):
        return [uri]
    zips = _zips_of([str(path) for path in Path(uri).glob('*.zip')])
    if not zips:
        there = 'has neither a folder train, valid or test nor a zip in it' if os.path.isdir(uri) else 'does not exist'
        raise MissingImageDataError(
            f'No image data at {uri!r}: it {there}. Give a folder with those, a zip of one, or a folder of zips; the '
            'command chip writes them.'
        )
    return unzip_data(zips, unzip_dir)


def _zips_of(uris: list[str]) -> list[str]:
    """The zips among files, in the natural order of their names."""
    return sorted((uri for uri in uris if uri.endswith('.zip')), key=lambda uri: natural_key(Path(uri)))


def _unzip_once(uri: str, unzip_dir: str) -> str:
    """Unpack a zip; the folder appears only when it is complete."""
    target = os.path.join(unzip_dir, _name_for(uri))
    if not os.path.isdir(target):
        unzip(download_if_needed(uri, unzip_dir), target)
    return target


def _name_for(uri: str) -> str:
    """A name for what is at a URI, the same for the same content of a local file."""
    stamp = ''
    if is_local(uri) and os.path.isfile(uri):
        stat = os.stat(uri)
        stamp = f'{stat.st_size}-{stat.st_mtime_ns}'
    return uuid.uuid5(uuid.NAMESPACE_URL, f'{os.path.abspath(uri) if is_local(uri) else uri}#{stamp}').hex
