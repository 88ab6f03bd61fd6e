"""Makes the index of a folder of bundles, from what their cards say."""

import os
from typing import Any

from rastervision.core.info.bundle import BundleInfo, bundle_info
from rastervision.core.rv_pipeline.model_card import TRAINING, bands_of
from rastervision.core.zoo.fetch import sha256_of
from rastervision.core.zoo.index import INDEX_FILE, Index, Model, read_model
from rastervision.pipeline.errors import BundleError, DataError, MissingFileError, NotWritableError, about

ENDING = '.zip'


def make_index(folder: str) -> Index:
    """Write `index.json` into a local folder, with an entry for each bundle (`.zip`) directly in it.

    The name of a file is that of the model. What else is known is from its card; no code of a bundle is run. The same
    bundles give the same bytes.

    Args:
        folder: The folder.

    Returns:
        The index that was written.

    Raises:
        MissingFileError: If there is no such folder, or no bundle in it.
        BundleError: If a zip file in it is no bundle that `predict` takes.
        NotWritableError: If there is an `index.json` that is no index, or it cannot be written.
    """
    uri = os.path.join(folder, INDEX_FILE)
    _check_replaceable(uri)
    names = sorted(name for name in _names_in(folder) if name.endswith(ENDING) and not name.startswith('.'))
    if not names:
        raise MissingFileError(f'{folder!r}: there is no bundle in it. Put some there, as NAME{ENDING}.')
    index = Index(uri, tuple(_model(folder, number, name) for number, name in enumerate(names)))
    index.write()
    return index


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise MissingFileError(f'{folder!r} cannot be read: {error.strerror}. Give the folder of bundles.') from error


def _check_replaceable(uri: str) -> None:
    if not os.path.lexists(uri):
        return
    try:
        Index.read(uri)
    except (DataError, OSError) as error:
        raise NotWritableError(
            f'{uri!r} is there already, and is no index of models ({error}). Move it away.'
        ) from error


def _model(folder: str, number: int, file_name: str) -> Model:
    path = os.path.join(folder, file_name)
    found = bundle_info(path)
    if not found.can_predict:
        raise BundleError(f'{path!r}: is the output of train. Give the output of bundle, which predict takes.')
    file = {'url': file_name, 'size': os.path.getsize(path), 'sha256': sha256_of(path)}
    with about(path, BundleError):
        entry = {'name': file_name.removesuffix(ENDING), **_facts(found), **file}
        return read_model(os.path.join(folder, INDEX_FILE), number, entry)


def _facts(found: BundleInfo) -> dict[str, Any]:
    """What the card of a bundle says, as fields of a model."""
    properties = found.card['properties']
    (output,) = properties['mlm:output']
    resolutions = properties.get(TRAINING, {}).get('gsd') or [properties.get('gsd')]
    return {
        'task': next(iter(properties['mlm:tasks']), 'unknown'),
        'classes': [each['description'] for each in output.get('classification:classes', [])],
        'bands': [band['name'] for band in bands_of(found.card)],
        'metres_per_pixel': resolutions[0],
        'license': properties.get('license'),
    }
