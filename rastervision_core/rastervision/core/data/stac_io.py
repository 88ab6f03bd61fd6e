"""Reads and writes STAC files through Raster Vision's file systems."""

import os
from typing import Any

from pystac.stac_io import StacIO

from rastervision.pipeline.file_system.utils import file_to_str, str_to_file


class FileSystemStacIO(StacIO):
    """Lets pystac read and write wherever Raster Vision can, with its errors."""

    def read_text(self, source: str | os.PathLike[str], *args: Any, **kwargs: Any) -> str:
        """Read a text.

        Raises:
            NotReadableError: If it cannot be read.
        """
        return file_to_str(os.fspath(source))

    def write_text(self, dest: str | os.PathLike[str], txt: str, *args: Any, **kwargs: Any) -> None:
        """Write a text.

        Raises:
            NotWritableError: If it cannot be written.
        """
        str_to_file(txt, os.fspath(dest))
