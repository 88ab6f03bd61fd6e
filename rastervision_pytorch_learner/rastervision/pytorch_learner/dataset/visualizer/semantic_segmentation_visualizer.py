"""Plots of semantic segmentation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rastervision.core.data.colors import color_to_triple
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap


class SemanticSegmentationVisualizer(Visualizer):
    """Plots images with the classes of their pixels."""

    def plot_xyz(
        self, axs: Sequence[Any], x: torch.Tensor, y: Any = None, z: Any = None, plot_title: bool = True
    ) -> None:
        """Plot a sample; see `Visualizer.plot_xyz`.

        Args:
            axs: As many axes as `get_plot_ncols` says.
            x: Image (channels, height, width), or time series.
            y: Class ids (height, width).
            z: Predicted class ids (height, width), or scores (classes, height, width).
            plot_title: Whether to write titles.
        """
        from matplotlib.colors import ListedColormap

        self.plot_image(axs, x, plot_title)
        colors = [np.array(color_to_triple(color)) / 255 for color in self.class_colors]
        options: dict[str, Any] = {'num_classes': len(self.class_names), 'cmap': ListedColormap(colors)}
        rest = list(axs[len(axs) - (y is not None) - (z is not None) :])
        if y is not None:
            self.plot_gt(rest.pop(0), y, **options)
        if z is not None:
            self.plot_pred(rest[0], z, **options)
        if (y is not None or z is not None) and plot_title:
            self._title(axs, y, z)
        if y is not None or z is not None:
            self._add_legend(axs[-1], colors)

    def plot_gt(
        self, ax: 'Axes', y: torch.Tensor | np.ndarray, num_classes: int, cmap: 'Colormap', **kwargs: Any
    ) -> None:
        """Plot class ids (height, width).

        Args:
            ax: Where.
            y: The class ids.
            num_classes: Number of classes.
            cmap: A color for each class.
            kwargs: Further arguments of `imshow`.
        """
        options = {'vmin': -0.5, 'vmax': num_classes - 0.5, 'interpolation': 'nearest', **kwargs}
        ax.imshow(np.asarray(y), cmap=cmap, **options)
        ax.set_xticks([])
        ax.set_yticks([])

    def plot_pred(
        self, ax: 'Axes', z: torch.Tensor | np.ndarray, num_classes: int, cmap: 'Colormap', **kwargs: Any
    ) -> None:
        """Plot predicted class ids (height, width), or the best of scores (classes, height, width); see `plot_gt`."""
        scores = np.asarray(z)
        self.plot_gt(ax, scores.argmax(axis=0) if scores.ndim == 3 else scores, num_classes, cmap, **kwargs)

    def get_plot_ncols(self, **kwargs: Any) -> int:
        """Number of columns: those of the image, one for labels, one for predictions."""
        return super().get_plot_ncols(**kwargs) + (kwargs.get('y') is not None) + (kwargs.get('z') is not None)

    def _title(self, axs: Sequence[Any], y: Any, z: Any) -> None:
        titles = ['Ground truth'] * (y is not None) + ['Prediction'] * (z is not None)
        for ax, title in zip(axs[len(axs) - len(titles) :], titles, strict=True):
            ax.set_title(title)

    def _add_legend(self, ax: 'Axes', colors: list[np.ndarray]) -> None:
        from matplotlib.patches import Patch

        patches = [
            Patch(facecolor=tuple(color), edgecolor='gray', label=name)
            for color, name in zip(colors, self.class_names, strict=True)
        ]
        ax.legend(handles=patches, loc='center left', bbox_to_anchor=(1.0, 0.5))
