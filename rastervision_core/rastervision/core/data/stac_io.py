"""Reads and writes STAC files through Raster Vision's file systems."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pystac.stac_io import StacIO

from rastervision.pipeline.errors import DataError, NotReadableError, RasterVisionError
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.utils import file_to_str, str_to_file

if TYPE_CHECKING:
    from pystac import Asset, Item


@contextmanager
def stac_errors(what: str, hint: str = '') -> Iterator[None]:
    """Let what pystac and odc-stac raise meanwhile end as an error that names the file or item.

    They take the types of JSON for granted, so a number in place of a text, say, raises anything.

    Args:
        what: The file or item, as in "'a.json'" or "STAC item 'a'".
        hint: A sentence that says what else to try.

    Raises:
        DataError: Instead of theirs.
        NotReadableError: If the cause is a file that cannot be read.
    """
    try:
        yield
    except RasterVisionError as error:
        if what not in str(error):
            error.args = (f'{what}: {error}',)
        raise
    except Exception as error:
        cause = error.__cause__
        kind = NotReadableError if isinstance(cause, NotReadableError) or isinstance(error, OSError) else DataError
        text = f'{type(error).__name__}: {error!s:.300}'
        raise kind(f'{what} is no valid STAC: {text}. Check its fields and their types.{hint}') from error


def href_of(item: 'Item', asset: 'Asset') -> str:
    """Where an asset is: an absolute URI or path, if the item knows its own.

    Raises:
        DataError: If it does not say.
    """
    href = asset.get_absolute_href() if isinstance(asset.href, str) else None
    href = href or asset.href
    if not isinstance(href, str) or not href:
        raise DataError(f'STAC item {item.id!r} has an asset whose href is {asset.href!r:.100}. It should be a URI.')
    return href


class FileSystemStacIO(StacIO):
    """Lets pystac read and write wherever Raster Vision can, with its errors."""

    def read_text(self, source: str | os.PathLike[str], *args: Any, **kwargs: Any) -> str:
        """Read a text.

        Raises:
            NotReadableError: If it cannot be read.
        """
        return file_to_str(os.fspath(source), max_bytes=DOCUMENT.max_bytes)

    def write_text(self, dest: str | os.PathLike[str], txt: str, *args: Any, **kwargs: Any) -> None:
        """Write a text.

        Raises:
            NotWritableError: If it cannot be written.
        """
        str_to_file(txt, os.fspath(dest))
