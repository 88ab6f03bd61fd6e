"""A set of metrics that can be merged."""

from abc import ABC, abstractmethod
from typing import Any


class EvaluationItem(ABC):
    """A set of metrics that can be merged with another one of its kind."""

    @abstractmethod
    def merge(self, other: Any) -> None:
        """Add the counts of another item to those of this one."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The metrics as plain data."""
