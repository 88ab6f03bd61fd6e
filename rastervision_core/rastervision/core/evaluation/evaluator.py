"""What compares predictions with ground truth."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rastervision.core.data.label.labels import Labels
    from rastervision.core.data.scene import Scene


class Evaluator(ABC):
    """Compares predictions with ground truth."""

    @abstractmethod
    def process(self, scenes: Iterable['Scene']) -> None:
        """Evaluate scenes together and write the metrics."""

    @abstractmethod
    def evaluate_scene(self, scene: 'Scene') -> Any:
        """Evaluate the predictions in the label store of a scene against its ground truth."""

    @abstractmethod
    def evaluate_predictions(self, ground_truth: 'Labels', predictions: 'Labels') -> Any:
        """Evaluate predictions against ground truth."""
