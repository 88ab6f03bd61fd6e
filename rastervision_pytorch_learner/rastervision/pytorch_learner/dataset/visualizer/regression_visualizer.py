"""Plots of regression on chips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from rastervision.pytorch_learner.dataset.visualizer.side_by_side import NamedValuesVisualizer
from rastervision.pytorch_learner.dataset.visualizer.text import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class RegressionVisualizer(NamedValuesVisualizer):
    """Plots images with their targets."""

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
