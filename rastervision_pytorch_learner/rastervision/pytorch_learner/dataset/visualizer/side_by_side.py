"""Plots with a column for the label and one for the prediction, beside the image."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SideBySideVisualizer(Visualizer):
    """Plots images, then what is known of them, then what was predicted."""

    def plot_xyz(
        self, axs: Sequence[Any], x: torch.Tensor, y: Any = None, z: Any = None, plot_title: bool = True
    ) -> None:
        """Plot a sample; see `Visualizer.plot_xyz`."""
        self.plot_image(axs, x, plot_title)
        rest = list(axs[len(axs) - (y is not None) - (z is not None) :])
        titles = ['Ground truth'] * (y is not None) + ['Prediction'] * (z is not None)
        if y is not None:
            self.plot_label(rest[0], y)
        if z is not None:
            self.plot_prediction(rest[-1], z, y)
        for ax, title in zip(rest, titles if plot_title else (), strict=False):
            ax.set_title(title)

    @abstractmethod
    def plot_label(self, ax: 'Axes', y: Any) -> None:
        """Plot the label of a sample."""

    @abstractmethod
    def plot_prediction(self, ax: 'Axes', z: Any, y: Any) -> None:
        """Plot the prediction for a sample, whose label, if known, is `y`."""

    def get_plot_ncols(self, **kwargs: Any) -> int:
        """Number of columns: those of the image, one for labels, one for predictions."""
        return super().get_plot_ncols(**kwargs) + (kwargs.get('y') is not None) + (kwargs.get('z') is not None)


class NamedValuesVisualizer(SideBySideVisualizer):
    """Plots images with few values each, which have names."""

    def plot_label(self, ax: 'Axes', y: torch.Tensor) -> None:
        """Plot the values of a sample with the names of this visualizer; see `plot_gt`."""
        self.plot_gt(ax, self.class_names, y)

    def plot_prediction(self, ax: 'Axes', z: torch.Tensor, y: torch.Tensor | None) -> None:
        """Plot predicted values with the names of this visualizer; see `plot_pred`."""
        self.plot_pred(ax, self.class_names, z, y)

    @abstractmethod
    def plot_gt(self, ax: 'Axes', class_names: Sequence[str], y: torch.Tensor) -> None:
        """Plot the values of a sample."""

    @abstractmethod
    def plot_pred(self, ax: 'Axes', class_names: Sequence[str], z: torch.Tensor, y: torch.Tensor | None = None) -> None:
        """Plot the values predicted for a sample."""
