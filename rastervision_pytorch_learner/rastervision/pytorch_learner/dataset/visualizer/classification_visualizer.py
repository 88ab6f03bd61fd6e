"""Plots of chip classification."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from rastervision.pipeline import lazy
from rastervision.pipeline.plain_text import plot_label
from rastervision.pytorch_learner.dataset.visualizer.side_by_side import NamedValuesVisualizer
from rastervision.pytorch_learner.dataset.visualizer.text import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

lazy.also_give(
    __name__,
    'rastervision.pytorch_learner.dataset.visualizer.channel_groups: channel_groups_to_imgs plot_channel_groups',
    'rastervision.pytorch_learner.dataset.visualizer.visualizer: Visualizer',
)


NO_DATA = 'no data'


class ClassificationVisualizer(NamedValuesVisualizer):
    """Plots images with their class."""

    def plot_gt(self, ax: 'Axes', class_names: Sequence[str], y: torch.Tensor) -> None:
        """Write the name of a class.

        Args:
            ax: Where.
            class_names: Names of the classes.
            y: The class id, or one of no class.
        """
        write(ax, _name(class_names, int(y)))

    def plot_pred(self, ax: 'Axes', class_names: Sequence[str], z: torch.Tensor, y: torch.Tensor | None = None) -> None:
        """Write the name of a predicted class, or draw the scores of all; green if right, red if wrong, if it counts.

        Args:
            ax: Where.
            class_names: Names of the classes.
            z: Predicted class id, or scores (classes,), which are made into probabilities.
            y: The right class id. None: not known.
        """
        scores = torch.as_tensor(z).detach().cpu()
        best = int(scores.argmax()) if scores.ndim else int(scores)
        counts = y is not None and 0 <= int(y) < len(class_names)
        color = ('green' if best == int(y) else 'red') if y is not None and counts else 'black'
        if not scores.ndim or scores.isnan().any():
            write(ax, NO_DATA if scores.ndim else _name(class_names, best), color=color)
            return
        colors = [color if class_id == best else 'lightgray' for class_id in range(len(class_names))]
        ax.barh(np.arange(len(class_names)), scores.float().softmax(dim=0).numpy(), color=colors)
        ax.set_yticks(np.arange(len(class_names)), list(map(plot_label, class_names)))
        ax.set_xlim(0, 1)


def _name(class_names: Sequence[str], class_id: int) -> str:
    return class_names[class_id] if 0 <= class_id < len(class_names) else NO_DATA
