"""The files that a config names."""

import os

from rastervision.core.data.raster_names import files_of
from rastervision.core.data.uris import split_layer
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem, to_path

URI_FIELDS = ('uris', 'uri', 'aoi_uris')


def uris_in(config: Config, skip: tuple[str, ...]) -> list[str]:
    """URIs of files in a config and the configs inside it, without those of some fields."""
    uris: list[str] = []
    for name in URI_FIELDS:
        value = getattr(config, name, None)
        uris += [value] if isinstance(value, str) else list(value or [])
    for path, child in config.children():
        if path[0] not in skip:
            uris += uris_in(child, skip)
    return files_of([split_layer(uri)[0] for uri in uris if isinstance(uri, str)])


def is_same_file(a: str, b: str) -> bool:
    """Whether two URIs name the same file, also by way of links."""
    return _place(a) == _place(b)


def _place(uri: str) -> str:
    is_local = LocalFileSystem.matches_uri(uri, 'r')
    return os.path.realpath(to_path(uri)) if is_local else uri.rstrip('/')
