"""Plots of chip classification."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rastervision.pytorch_learner.dataset.visualizer.text import write
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ClassificationVisualizer(Visualizer):
    """Plots images with their class."""

    def plot_xyz(
        self, axs: Sequence[Any], x: torch.Tensor, y: Any = None, z: Any = None, plot_title: bool = True
    ) -> None:
        """Plot a sample; see `Visualizer.plot_xyz`.

        Args:
            axs: As many axes as `get_plot_ncols` says.
            x: Image (channels, height, width), or time series.
            y: Class id.
            z: Predicted class id, or scores (classes,).
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
        """Write the name of a class.

        Args:
            ax: Where.
            class_names: Names of the classes.
            y: The class id.
        """
        write(ax, class_names[int(y)])

    def plot_pred(self, ax: 'Axes', class_names: Sequence[str], z: torch.Tensor, y: torch.Tensor | None = None) -> None:
        """Write the name of a predicted class, or draw the scores of all; green if right, red if wrong.

        Args:
            ax: Where.
            class_names: Names of the classes.
            z: Predicted class id, or scores (classes,), which are made into probabilities.
            y: The right class id. None: not known.
        """
        scores = torch.as_tensor(z).detach().cpu()
        best = int(scores.argmax()) if scores.ndim else int(scores)
        color = 'black' if y is None else ('green' if best == int(y) else 'red')
        if not scores.ndim:
            write(ax, class_names[best], color=color)
            return
        colors = [color if class_id == best else 'lightgray' for class_id in range(len(class_names))]
        ax.barh(np.arange(len(class_names)), scores.float().softmax(dim=0).numpy(), color=colors)
        ax.set_yticks(np.arange(len(class_names)), class_names)
        ax.set_xlim(0, 1)

    def get_plot_ncols(self, **kwargs: Any) -> int:
        """Number of columns: those of the image, one for labels, one for predictions."""
        return super().get_plot_ncols(**kwargs) + (kwargs.get('y') is not None) + (kwargs.get('z') is not None)
