"""What is known to be wrong with a pipeline before it runs."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """What is wrong, or looks so.

    Attributes:
        message: What, where, and what to do.
        is_error: Whether the pipeline would fail, or its result be worthless. If not, it is a warning.
    """

    message: str
    is_error: bool = True

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f'{"PROBLEM" if self.is_error else "WARNING"}: {self.message}'
