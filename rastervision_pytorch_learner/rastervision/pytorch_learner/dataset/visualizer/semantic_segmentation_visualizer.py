"""Plots of semantic segmentation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rastervision.core.data.colors import color_to_triple
from rastervision.core.data.label.utils import best_classes
from rastervision.pipeline import lazy
from rastervision.pipeline.plain_text import plot_label
from rastervision.pytorch_learner.dataset.visualizer.side_by_side import SideBySideVisualizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

lazy.also_give(
    __name__,
    'rastervision.pytorch_learner.dataset.visualizer.channel_groups: channel_groups_to_imgs plot_channel_groups',
    'rastervision.pytorch_learner.dataset.visualizer.visualizer: Visualizer',
)


LEGEND_INCHES, LETTER_INCHES = 0.7, 0.1


class SemanticSegmentationVisualizer(SideBySideVisualizer):
    """Plots images with the classes of their pixels."""

    def plot_xyz(
        self, axs: Sequence[Any], x: torch.Tensor, y: Any = None, z: Any = None, plot_title: bool = True
    ) -> None:
        """Plot a sample; see `Visualizer.plot_xyz`.

        Args:
            axs: As many axes as `get_plot_ncols` says.
            x: Image (height, width, channels), or time series.
            y: Class ids (height, width).
            z: Predicted class ids (height, width), or scores (classes, height, width).
            plot_title: Whether to write titles.
        """
        super().plot_xyz(axs, x, y, z, plot_title)
        if y is not None or z is not None:
            self._add_legend(axs[-1])

    def get_plot_params(self, **kwargs: Any) -> dict[str, Any]:
        """As of the base, with room for the legend: without it, images shrink and leave gaps between rows."""
        params = super().get_plot_params(**kwargs)
        if kwargs.get('y') is not None or kwargs.get('z') is not None:
            width, height = params['fig_args']['figsize']
            legend = LEGEND_INCHES + LETTER_INCHES * max(map(len, self.class_names), default=0)
            params['fig_args']['figsize'] = (width + legend, height)
        return params

    def plot_label(self, ax: 'Axes', y: torch.Tensor | np.ndarray) -> None:
        """Plot class ids (height, width) in the colors of the classes; see `plot_gt`."""
        self.plot_gt(ax, y, len(self.class_names), self._colormap())

    def plot_prediction(self, ax: 'Axes', z: torch.Tensor | np.ndarray, y: Any) -> None:
        """Plot predicted class ids, or scores, in the colors of the classes; see `plot_pred`."""
        self.plot_pred(ax, z, len(self.class_names), self._colormap())

    def plot_gt(
        self, ax: 'Axes', y: torch.Tensor | np.ndarray, num_classes: int, cmap: 'Colormap', **kwargs: Any
    ) -> None:
        """Plot class ids (height, width).

        Args:
            ax: Where.
            y: The class ids; pixels with negative ones, which do not count, are left blank.
            num_classes: Number of classes.
            cmap: A color for each class.
            kwargs: Further arguments of `imshow`.
        """
        options = {'vmin': -0.5, 'vmax': num_classes - 0.5, 'interpolation': 'nearest', **kwargs}
        ax.imshow(np.ma.masked_less(np.asarray(y), 0), cmap=cmap, **options)
        ax.set_xticks([])
        ax.set_yticks([])

    def plot_pred(
        self, ax: 'Axes', z: torch.Tensor | np.ndarray, num_classes: int, cmap: 'Colormap', **kwargs: Any
    ) -> None:
        """Plot predicted class ids (height, width), or the best of scores (classes, height, width); see `plot_gt`."""
        scores = np.asarray(z)
        self.plot_gt(ax, best_classes(scores) if scores.ndim == 3 else scores, num_classes, cmap, **kwargs)

    def _colors(self) -> list[tuple[float, float, float]]:
        triples = (color_to_triple(color) for color in self.class_colors)
        return [(red / 255, green / 255, blue / 255) for red, green, blue in triples]

    def _colormap(self) -> 'Colormap':
        from matplotlib.colors import ListedColormap

        colormap: Colormap = ListedColormap(self._colors())
        return colormap

    def _add_legend(self, ax: 'Axes') -> None:
        from matplotlib.patches import Patch

        patches = [
            Patch(facecolor=color, edgecolor='gray', label=plot_label(name))
            for color, name in zip(self._colors(), self.class_names, strict=True)
        ]
        ax.legend(handles=patches, loc='center left', bbox_to_anchor=(1.0, 0.5))
