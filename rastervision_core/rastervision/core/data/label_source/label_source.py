"""The interface of where ground truth comes from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.slices import parse_array_slices_2d


class LabelSource(ABC):
    """Gives the labels of a scene.

    Windows are in pixels relative to `bbox`, as those of a raster source are.
    """

    @abstractmethod
    def get_labels(self, window: Box | None = None) -> Labels:
        """Labels of a window.

        Args:
            window: In pixels relative to `bbox`. None: all labels.
        """

    @property
    @abstractmethod
    def bbox(self) -> Box:
        """The part of the scene that labels are given for, in pixels of the scene."""

    @property
    @abstractmethod
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the scene."""

    @abstractmethod
    def set_bbox(self, extent: Box) -> None:
        """Give labels for another part of the scene."""

    def labeled_windows(self, windows: Sequence[Box]) -> list[Box]:
        """Those of some windows that have a label, in their order. All, unless a subclass knows better.

        Args:
            windows: In pixels relative to `bbox`.
        """
        return list(windows)

    @property
    def extent(self) -> Box:
        """The box (0, 0, height, width), in which windows are."""
        return self.bbox.extent

    @abstractmethod
    def __getitem__(self, key: Any) -> Any:
        """The label of a window, in the form that a model is trained with.

        A subclass gives that of a `Box`, and leaves slices to this method, which calls it with the box.

        Args:
            key: A `Box`, or slices `[ymin:ymax, xmin:xmax]`. Labels come at full resolution, whatever the step.
        """
        window, _ = parse_array_slices_2d(key, extent=self.extent)
        return self[window]
