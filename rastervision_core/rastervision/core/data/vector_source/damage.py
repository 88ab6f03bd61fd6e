"""What libraries raise on damaged vector files, as errors that name the file."""

import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager

from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from rastervision.pipeline.errors import WRONG_DATA, DataError, about

DAMAGED = (*WRONG_DATA, RuntimeError, OSError, EOFError, zlib.error, sqlite3.Error, ShapelyError, ProjError)


def reading(uris: Sequence[str]) -> AbstractContextManager[None]:
    """A context in which vector files are read: all errors name them, and are ours."""
    return about(', '.join(uris), DataError, DAMAGED, others=uris)
