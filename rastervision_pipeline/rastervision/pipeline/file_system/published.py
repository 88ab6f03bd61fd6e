"""Which files of a folder were published into it, so that publishing again replaces these and no others.

A list of names and sizes lies beside each folder that was published, hidden: `.<name>.published.json`. What is not in
it belongs to somebody else. Where the list is missing, everything does.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from rastervision.pipeline.errors import NotReadableError, NotWritableError
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.json_reader import DOCUMENT, parse_json
from rastervision.pipeline.file_system.local_file_system import stays_inside

NAMES_SHOWN = 5
Sizes = dict[str, int]


class Published:
    """The list of what was published into a folder.

    Attributes:
        uri: The folder.
    """

    def __init__(self, uri: str) -> None:
        """Of this folder; nothing is read yet."""
        self.uri = uri.rstrip('/') or uri
        folder, name = os.path.split(self.uri)
        has_name = bool(name) and not folder.endswith(':/')  # s3://bucket has nothing beside it
        self._list_uri = (
            os.path.join(folder, f'.{name}.published.json') if has_name else os.path.join(self.uri, '.published.json')
        )
        self._file_system: Any = FileSystem.get_file_system(uri, 'w')
        self._stored: Sizes | None = None  # what the list is known to hold

    def read(self) -> Sizes:
        """Names, relative to the folder, with `/`, and sizes in bytes; empty if there is no list that can be read."""
        try:
            if not self._file_system.file_exists(self._list_uri, include_dir=False):
                return {}
            data = parse_json(self._file_system.read_up_to(self._list_uri, DOCUMENT.max_bytes), self._list_uri)
        except NotReadableError:
            return {}
        if not isinstance(data, dict):
            return {}
        sizes = {name: size for name, size in data.items() if isinstance(size, int) and stays_inside(name)}
        self._stored = sizes if sizes == data else None
        return sizes

    def write(self, sizes: Mapping[str, int]) -> None:
        """Replace the list, unless it is known to hold the same."""
        if sizes == self._stored:
            return
        self._file_system.write_str(self._list_uri, json.dumps(dict(sorted(sizes.items()))))
        self._stored = dict(sizes)

    def check_free(self, taken: Iterable[str]) -> None:
        """See that nothing of somebody else has to make room.

        Args:
            taken: Names of files or folders that are in the way and that were not published.

        Raises:
            NotWritableError: If there are any, with their names.
        """
        names = sorted(taken)
        if not names:
            return
        more = f' and {len(names) - NAMES_SHOWN} more' if len(names) > NAMES_SHOWN else ''
        raise NotWritableError(
            f'{self.uri!r} cannot be written: it holds {", ".join(map(repr, names[:NAMES_SHOWN]))}{more}, which no '
            'earlier run has put there. Move that away, or choose another folder.'
        )
