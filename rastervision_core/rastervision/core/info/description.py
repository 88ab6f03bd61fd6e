"""What a file is, as tables and remarks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

Rows = Iterator[tuple[str, str]]


class Description(ABC):
    """What a file is.

    Attributes:
        uri: Where it is.
    """

    uri: str

    @abstractmethod
    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""

    @abstractmethod
    def tables(self) -> Iterator[tuple[str, Rows]]:
        """Tables for people, each a title and rows of a name and what there is to say."""

    def remarks(self) -> Iterator[str]:
        """What to look out for, in sentences."""
        yield from ()

    def snippet(self) -> str | None:
        """Python for a config, or None."""
        return None
