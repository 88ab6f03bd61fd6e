"""Boxes with further values each, as earlier versions hand them around."""

from typing import Any

import numpy as np

from rastervision.pipeline.errors import DataError


class NpBoxList:
    """Boxes and fields of them.

    Args:
        data: Boxes, (n, 4), rows of (ymin, xmin, ymax, xmax).
    """

    def __init__(self, data: np.ndarray) -> None:
        self.data: dict[str, Any] = {'boxes': np.asarray(data, dtype=float).reshape(-1, 4)}

    def num_boxes(self) -> int:
        """Number of boxes."""
        return len(self.get())

    def get(self) -> np.ndarray:
        """The boxes, (n, 4)."""
        boxes: np.ndarray = self.data['boxes']
        return boxes

    def has_field(self, field: str) -> bool:
        """Whether there is such a field."""
        return field in self.data

    def get_extra_fields(self) -> list[str]:
        """Names of the fields."""
        return [name for name in self.data if name != 'boxes']

    def add_field(self, name: str, data: np.ndarray) -> None:
        """Add a field.

        Args:
            name: Its name.
            data: A value for each box, (n, ...).
        """
        if name in self.data or len(data) != self.num_boxes():
            raise DataError(f'Field {name!r} is there already, or its {len(data)} values are not one a box.')
        self.data[name] = data

    def get_field(self, name: str) -> np.ndarray:
        """A field, (n, ...)."""
        field: np.ndarray = self.data[name]
        return field

    def get_coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Columns ymin, xmin, ymax, xmax."""
        ymin, xmin, ymax, xmax = self.get().T
        return ymin, xmin, ymax, xmax
