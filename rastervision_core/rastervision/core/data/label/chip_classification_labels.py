"""Labels of cells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.cell_pairs import pair_cells
from rastervision.core.data.label.labels import Labels
from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

STORE = 'rastervision.core.data.label_store.chip_classification_geojson_store:ChipClassificationGeoJSONStore'


@dataclass(eq=False)
class ClassificationLabel:
    """The class of a cell.

    Attributes:
        class_id: The class.
        scores: A score for each class, or None. The model's raw outputs, not probabilities.
    """

    class_id: int
    scores: Sequence[float] | None = None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.class_id, self.scores))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassificationLabel):
            return NotImplemented
        if self.class_id != other.class_id or (self.scores is None) != (other.scores is None):
            return False
        return self.scores is None or bool(np.array_equal(np.asarray(self.scores), np.asarray(other.scores)))

    __hash__ = None  # type: ignore[assignment]


class ChipClassificationLabels(Labels):
    """Cells of a scene with a class each.

    Args:
        cell_to_label: Cell -> (class id, scores or None).
    """

    def __init__(self, cell_to_label: dict[Box, tuple[int, Sequence[float] | None]] | None = None) -> None:
        self.cell_to_label: dict[Box, ClassificationLabel] = {
            cell: ClassificationLabel(*label) for cell, label in (cell_to_label or {}).items()
        }

    def __len__(self) -> int:
        return len(self.cell_to_label)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChipClassificationLabels):
            return NotImplemented
        return self.cell_to_label == other.cell_to_label

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Self) -> Self:
        result = self.make_empty()
        result.extend(self)
        result.extend(other)
        return result

    def __contains__(self, cell: Box) -> bool:
        return cell in self.cell_to_label

    def __getitem__(self, cell: Box) -> ClassificationLabel:
        return self.cell_to_label[cell]

    def __setitem__(self, window: Box, value: tuple[int, Sequence[float] | None]) -> None:
        self.cell_to_label[window] = ClassificationLabel(*value)

    @classmethod
    def from_predictions(cls, windows: Iterable[Box], predictions: Iterable[Any]) -> Self:
        """Labels from a model's predictions.

        Args:
            windows: The cells.
            predictions: For each cell the scores of all classes, (classes,). The highest wins, the first of equals. A
                cell with NaN has no label.
        """
        labels = cls.make_empty()
        for window, scores in zip(windows, predictions, strict=True):
            if not np.isnan(scores).any():
                labels.set_cell(window, int(np.argmax(scores)), scores)
        return labels

    @classmethod
    def make_empty(cls) -> Self:
        """Labels of no cell."""
        return cls()

    def filter_by_aoi(self, aoi_polygons: 'Iterable[Polygon]') -> Self:
        """New labels of the cells that lie within a polygon of the area of interest."""
        cells = Box.filter_by_aoi(self.get_cells(), list(aoi_polygons))
        result = self.make_empty()
        result.cell_to_label = {cell: self[cell] for cell in cells}
        return result

    def snap_to(self, others: 'ChipClassificationLabels') -> Self:
        """New labels, in which cells that are those of others but for rounding have their corners.

        Args:
            others: Labels of the cells to snap to; see `pair_cells` for which belong together, and for the cost.
        """
        cells, targets = self.get_cells(), others.get_cells()
        own, other = pair_cells(Box.to_npboxes(cells), Box.to_npboxes(targets))
        snapped = {cells[i]: targets[j] for i, j in zip(own.tolist(), other.tolist(), strict=True)}
        result = self.make_empty()
        result.cell_to_label = {snapped.get(cell, cell): label for cell, label in self.cell_to_label.items()}
        return result

    def set_cell(self, cell: Box, class_id: int, scores: 'np.ndarray | Sequence[float] | None' = None) -> None:
        """Set the class of a cell.

        Args:
            cell: The cell.
            class_id: Its class.
            scores: A score for each class.
        """
        self[cell] = (class_id, None if scores is None else np.asarray(scores).tolist())

    def get_cell_class_id(self, cell: Box) -> int | None:
        """The class of a cell; None if there is no such cell."""
        return self[cell].class_id if cell in self else None

    def get_cell_scores(self, cell: Box) -> Sequence[float] | None:
        """The scores of a cell; None if it has none, or there is no such cell."""
        return self[cell].scores if cell in self else None

    def get_singleton_labels(self, cell: Box) -> Self:
        """Labels of one of the cells."""
        result = self.make_empty()
        result.cell_to_label = {cell: self[cell]}
        return result

    def get_cells(self) -> list[Box]:
        """The cells, in the order in which they were first set."""
        return list(self.cell_to_label)

    def get_class_ids(self) -> list[int]:
        """The class of each cell."""
        return [label.class_id for label in self.cell_to_label.values()]

    def get_scores(self) -> list[Sequence[float] | None]:
        """The scores of each cell."""
        return [label.scores for label in self.cell_to_label.values()]

    def get_values(self) -> list[ClassificationLabel]:
        """The label of each cell."""
        return list(self.cell_to_label.values())

    def extend(self, labels: Self) -> None:
        """Add other labels to these; where both have a cell, the other's class counts."""
        self.cell_to_label.update(labels.cell_to_label)

    def save(  # type: ignore[override]
        self,
        uri: str,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: Box | None = None,
    ) -> None:
        """Write the labels as GeoJSON; see :class:`.ChipClassificationGeoJSONStore`."""
        lazy.load(STORE)(uri, class_config, crs_transformer, bbox=bbox).save(self)
