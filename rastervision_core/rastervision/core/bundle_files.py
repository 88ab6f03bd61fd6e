"""The files in a model bundle, of this and of earlier versions. No code of a bundle is run."""

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from rastervision.core.layout import BUNDLE_FILE, CONFIG_FILE, MODEL_CONFIG_FILE, STATS_FILE, Layout
from rastervision.core.stats_file import checked_stats
from rastervision.pipeline.errors import BundleError, NotReadableError
from rastervision.pipeline.file_system.archive_members import BUNDLE_LIMITS, check_zip, damage_as
from rastervision.pipeline.file_system.json_reader import check_size, parse_json
from rastervision.pipeline.file_system.utils import download_if_needed


def model_config_dict(read: Callable[[str], Any]) -> dict[str, Any] | None:
    """The config in the bundle that `train` writes, of any version, as plain data.

    Args:
        read: Gives the content of a JSON file in the bundle by its name, or None if there is no such file.

    Returns:
        The config, or None if there is none.
    """
    config = read(MODEL_CONFIG_FILE)
    if isinstance(config, dict):
        return config
    whole = read(CONFIG_FILE)  # up to 0.21 the model's config was a part of a pipeline's
    if not isinstance(whole, dict):
        return None
    return {'plugin_versions': whole.get('plugin_versions'), **(whole.get('learner') or whole)}


class BundleFiles:
    """The files of a bundle, read without unpacking it.

    Attributes:
        uri: Where the bundle is.
        names: Names of the files in it.
    """

    def __init__(self, uri: str, archive: zipfile.ZipFile) -> None:
        """Keep the arguments.

        Args:
            uri: Where the bundle is; for messages.
            archive: The open zip file.
        """
        self.uri = uri
        self.archive = archive
        self.names = archive.namelist()

    @classmethod
    @contextmanager
    def open(cls, uri: str) -> Iterator[Self]:
        """Open a bundle. Costs reading its table of contents, and downloading it if it is remote.

        Args:
            uri: The zip file.

        Raises:
            BundleError: If it is no zip file.
        """
        path = download_if_needed(uri)
        if not zipfile.is_zipfile(path):
            raise BundleError(f'{uri}: is not a model bundle, as it is no zip file. The bundle command makes one.')
        with damage_as(BundleError, uri), zipfile.ZipFile(path) as archive:
            check_zip(uri, archive, os.path.getsize(path), None, BUNDLE_LIMITS)
            yield cls(uri, archive)

    @contextmanager
    def open_model(self) -> Iterator['BundleFiles']:
        """The bundle of the model: the one inside this, if this is the bundle of a pipeline, else this itself.

        Raises:
            BundleError: If what is inside is no zip file.
        """
        if BUNDLE_FILE not in self.names:
            yield self
            return
        uri = f'{self.uri}/{BUNDLE_FILE}'
        with damage_as(BundleError, uri), self.archive.open(BUNDLE_FILE) as file:
            if not zipfile.is_zipfile(file):
                raise BundleError(f'{self.uri}: its {BUNDLE_FILE} is no zip file.')
            with zipfile.ZipFile(file) as archive:
                check_zip(uri, archive, self.archive.getinfo(BUNDLE_FILE).file_size, None, BUNDLE_LIMITS)
                yield BundleFiles(uri, archive)

    def read_json(self, name: str) -> Any:
        """The content of a JSON file, or None if there is no such file.

        Raises:
            BundleError: If it is no JSON, or more than a document may have.
        """
        if name not in self.names:
            return None
        where = f'{self.uri}/{name}'
        try:
            check_size(self.archive.getinfo(name).file_size, where)
            with damage_as(BundleError, where):
                content = self.archive.read(name)
            return parse_json(content, where)
        except NotReadableError as error:
            raise BundleError(str(error)) from error

    def read_stats(self, scene_group: str) -> dict[str, Any] | None:
        """The statistics of a scene group, or None if the bundle has none."""
        for name in (Layout.under('').stats(scene_group), STATS_FILE):
            content = self.read_json(name)
            if content is not None:
                return checked_stats(content, f'{self.uri}/{name}')
        return None
