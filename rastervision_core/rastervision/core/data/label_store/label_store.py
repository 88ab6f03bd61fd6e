"""Keeping labels."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rastervision.core.data.label.labels import Labels
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

MakeLabels = Callable[[Iterable['Box'], Iterable[Any]], Labels]


class LabelWriter(Protocol):
    """Takes the predictions of a scene, a window at a time."""

    def write(self, window: 'Box', prediction: Any) -> None:
        """Take the prediction of a window.

        Args:
            window: The window, in pixels of the scene's extent. Windows come row by row: by ymin, then by xmin.
            prediction: As `labels[window] = prediction` takes it.
        """


class LabelStore(ABC):
    """Keeps the labels of a scene, as a rule predicted ones.

    Attributes:
        labels_class: The kind of labels that `writer` collects. A store whose labels need more to be made than
            windows and predictions leaves it out.
        replaces: Whether `save` takes nothing over from older predictions. The pipelines set it, since those are of
            an earlier run, perhaps with another model.
    """

    labels_class: ClassVar[type[Labels] | None] = None
    replaces: bool = False

    @abstractmethod
    def save(self, labels: Labels) -> None:
        """Write labels; all of them, or nothing."""

    @abstractmethod
    def get_labels(self) -> Labels:
        """Read the labels.

        Raises:
            MissingFileError: If there are none.
        """

    @property
    @abstractmethod
    def bbox(self) -> 'Box | None':
        """The part of the image that the labels cover, in its pixels."""

    @property
    @abstractmethod
    def crs_transformer(self) -> 'CRSTransformer':
        """Between pixels of the image and the map."""

    @abstractmethod
    def set_bbox(self, extent: 'Box') -> None:
        """Set the part of the image that the labels cover."""

    def writer(self, *, make_labels: MakeLabels | None = None) -> AbstractContextManager[LabelWriter]:
        """Write the predictions of a scene as they come.

        What is written appears when the block ends, in place of older predictions; on an error nothing is written.
        This version collects all predictions in memory and calls `save`.

        Args:
            make_labels: Makes labels of windows and predictions. None: `labels_class.from_predictions`.

        Returns:
            A context manager that gives the writer.
        """
        if make_labels is None:
            if self.labels_class is None:
                raise ConfigError(
                    f'{type(self).__name__}.writer does not know what labels to make. Set the class attribute '
                    'labels_class, or pass make_labels.'
                )
            make_labels = self.labels_class.from_predictions
        return self._collecting_writer(make_labels)

    @contextmanager
    def _collecting_writer(self, make_labels: MakeLabels) -> Iterator[LabelWriter]:
        collector = _Collector()
        yield collector
        self.save(make_labels(collector.windows, collector.predictions))


class _Collector:
    def __init__(self) -> None:
        self.windows: list[Box] = []
        self.predictions: list[Any] = []

    def write(self, window: 'Box', prediction: Any) -> None:
        self.windows.append(window)
        self.predictions.append(prediction)
