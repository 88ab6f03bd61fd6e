"""Plots of regression on chips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from rastervision.pytorch_learner.dataset.visualizer.text import write
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class RegressionVisualizer(Visualizer):
    """Plots images with their targets."""

    def plot_xyz(
        self, axs: Sequence[Any], x: torch.Tensor, y: Any = None, z: Any = None, plot_title: bool = True
    ) -> None:
        """Plot a sample; see `Visualizer.plot_xyz`.

        Args:
            axs: As many axes as `get_plot_ncols` says.
            x: Image (channels, height, width), or time series.
            y: Targets (n,).
            z: Predicted targets (n,).
            plot_title: Whether to write titles.
        """
        self.plot_image(axs, x, plot_title)
        rest = list(axs[len(axs) - (y is not None) - (z is not None) :])
        if y is not None:
            self.plot_gt(rest[0], self.class_names, y)
        if z is not None:
            self.plot_pred(rest[-1], self.class_names, z, y)
        titles = ['Ground truth'] * (y is not None) + ['Prediction'] * (z is not None)
        for ax, title in zip(rest, titles if plot_title else [], strict=False):
            ax.set_title(title)

    def plot_gt(self, ax: 'Axes', class_names: Sequence[str], y: torch.Tensor) -> None:
        """Write targets with their names.

        Args:
            ax: Where.
            class_names: Names of the targets.
            y: The targets (n,).
        """
        values = torch.as_tensor(y).reshape(-1).tolist()
        write(ax, '\n'.join(f'{name}: {value:.3g}' for name, value in zip(class_names, values, strict=True)))

    def plot_pred(self, ax: 'Axes', class_names: Sequence[str], z: torch.Tensor, y: torch.Tensor | None = None) -> None:
        """Write predicted targets with their names, and how far off they are if the right ones are given.

        Args:
            ax: Where.
            class_names: Names of the targets.
            z: The predicted targets (n,).
            y: The right ones. None: not known.
        """
        values = torch.as_tensor(z).detach().reshape(-1)
        lines = [f'{name}: {value:.3g}' for name, value in zip(class_names, values.tolist(), strict=True)]
        if y is not None:
            errors = (values.cpu() - torch.as_tensor(y).reshape(-1).cpu()).tolist()
            lines = [f'{line} ({error:+.3g})' for line, error in zip(lines, errors, strict=True)]
        write(ax, '\n'.join(lines))

    def get_plot_ncols(self, **kwargs: Any) -> int:
        """Number of columns: those of the image, one for labels, one for predictions."""
        return super().get_plot_ncols(**kwargs) + (kwargs.get('y') is not None) + (kwargs.get('z') is not None)
