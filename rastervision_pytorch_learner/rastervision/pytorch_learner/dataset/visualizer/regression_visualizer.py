"""Plots of regression on chips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rastervision.pipeline import lazy
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.plain_text import plot_label
from rastervision.pytorch_learner.dataset.visualizer.side_by_side import NamedValuesVisualizer
from rastervision.pytorch_learner.dataset.visualizer.text import write
from rastervision.pytorch_learner.dataset.visualizer.visualizer import PNG_METADATA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

lazy.also_give(
    __name__,
    'rastervision.pytorch_learner.dataset.visualizer.channel_groups: channel_groups_to_imgs plot_channel_groups',
    'rastervision.pytorch_learner.dataset.visualizer.visualizer: Visualizer',
)


class RegressionVisualizer(NamedValuesVisualizer):
    """Plots images with their targets, and predictions of many samples over their targets.

    Args:
        args: See `Visualizer`.
        max_scatter_points: How many samples scatter plots show at most.
        hist_bins: Number of bins of histograms.
        kwargs: See `Visualizer`.
    """

    def __init__(self, *args: Any, max_scatter_points: int = 5000, hist_bins: int = 30, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_scatter_points, self.hist_bins = max_scatter_points, hist_bins

    def plot_errors(self, y: torch.Tensor, z: torch.Tensor, output_path: str) -> None:
        """Plot, for each target, predictions over right values, and a histogram of how far off they are.

        Args:
            y: The right targets (samples, n).
            z: The predicted ones (samples, n). If there are too many, samples for scatter plots are taken evenly.
            output_path: Where to write a PNG.
        """
        right, predicted = (torch.as_tensor(values).detach().cpu().double().numpy() for values in (y, z))
        count = min(len(right), self.max_scatter_points)
        shown = np.linspace(0, len(right) - 1, count).round().astype(int)
        size = (2 * self.scale, self.scale * len(self.class_names))
        figure = self._make_figure({'figsize': size, 'layout': 'constrained'}, show=False)
        rows = figure.subplots(len(self.class_names), 2, squeeze=False)
        for index, (name, (points, bars)) in enumerate(zip(self.class_names, rows, strict=True)):
            points.scatter(right[shown, index], predicted[shown, index], s=4)
            points.axline((right[:, index].mean(), right[:, index].mean()), slope=1, color='gray', linewidth=0.5)
            points.set(title=plot_label(name), xlabel='Ground truth', ylabel='Prediction')
            bars.hist(predicted[:, index] - right[:, index], bins=self.hist_bins)
            bars.set(xlabel='Prediction - ground truth', ylabel='samples')
        with publish_file(output_path) as path:
            figure.savefig(path, format='png', metadata=PNG_METADATA)

    def plot_gt(self, ax: 'Axes', class_names: Sequence[str], y: torch.Tensor) -> None:
        """Write targets with their names.

        Args:
            ax: Where.
            class_names: Names of the targets.
            y: The targets (n,); or another number of them, or one number, which are written without names.
        """
        write(ax, '\n'.join(_named(class_names, torch.as_tensor(y))))

    def plot_pred(self, ax: 'Axes', class_names: Sequence[str], z: torch.Tensor, y: torch.Tensor | None = None) -> None:
        """Write predicted targets with their names, and how far off they are if the right ones are given.

        Args:
            ax: Where.
            class_names: Names of the targets.
            z: The predicted targets (n,).
            y: The right ones. None: not known.
        """
        values = torch.as_tensor(z).detach().reshape(-1)
        lines = _named(class_names, values)
        if y is not None:
            errors = (values.cpu() - torch.as_tensor(y).reshape(-1).cpu()).tolist()
            lines = [f'{line} ({error:+.3g})' for line, error in zip(lines, errors, strict=True)]
        write(ax, '\n'.join(lines))


def _named(names: Sequence[str], values: torch.Tensor) -> list[str]:
    """Targets as text, with their names if there is one for each."""
    texts = [f'{value:.3g}' for value in values.reshape(-1).tolist()]
    return [f'{name}: {text}' for name, text in zip(names, texts, strict=True)] if len(names) == len(texts) else texts
