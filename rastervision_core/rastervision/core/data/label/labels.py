"""Labels of a scene."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from rastervision.core.box import Box


class Labels(ABC):
    """Labels of a scene: true ones or predictions, held in memory.

    Places are windows in pixels of the scene.
    """

    @abstractmethod
    def __add__(self, other: Self) -> Self:
        """The labels of both; neither is changed."""

    @abstractmethod
    def __eq__(self, other: object) -> bool:
        """Whether the labels are the same."""

    @abstractmethod
    def __setitem__(self, key: 'Box', value: Any) -> None:
        """Set the labels of a window."""

    @abstractmethod
    def filter_by_aoi(self, aoi_polygons: 'Iterable[Polygon]') -> Self:
        """Keep the labels inside an area of interest.

        Args:
            aoi_polygons: The area, in pixel coordinates.
        """

    @classmethod
    @abstractmethod
    def make_empty(cls) -> Self:
        """Labels of nothing."""

    @classmethod
    def from_predictions(cls, windows: 'Iterable[Box]', predictions: Iterable[Any]) -> Self:
        """Labels from a model's predictions.

        Args:
            windows: The windows that were predicted.
            predictions: A prediction for each window, as `labels[window] = prediction` takes it.
        """
        labels = cls.make_empty()
        for window, prediction in zip(windows, predictions, strict=True):
            labels[window] = prediction
        return labels

    @abstractmethod
    def save(self, uri: str) -> None:
        """Write the labels."""
