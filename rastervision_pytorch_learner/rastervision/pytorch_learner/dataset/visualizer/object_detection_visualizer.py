"""Plots of object detection."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from rastervision.pytorch_learner.dataset.visualizer.channel_groups import channel_groups_to_imgs, plot_channel_groups
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
from rastervision.pytorch_learner.object_detection_utils import BoxList, collate_fn, draw_boxes


class ObjectDetectionVisualizer(Visualizer):
    """Plots images with boxes drawn on them: first those of the labels, then the predicted ones."""

    def get_collate_fn(self) -> Callable[[Any], Any]:
        """Makes a batch of images and a list of boxes."""
        return collate_fn

    def plot_xyz(
        self,
        axs: Sequence[Any],
        x: torch.Tensor,
        y: BoxList | None = None,
        z: BoxList | None = None,
        plot_title: bool = True,
    ) -> None:
        """Plot a sample; see `Visualizer.plot_xyz`.

        Args:
            axs: As many axes as `get_plot_ncols` says.
            x: Image (height, width, channels), or time series, with the same boxes at each time.
            y: Boxes.
            z: Predicted boxes.
            plot_title: Whether to write titles.
        """
        versions = {'ground truth': y, 'prediction': z}
        versions = {kind: boxes for kind, boxes in versions.items() if boxes is not None} or {'': None}
        groups = self.get_channel_display_groups(x.shape[-1])
        is_series = x.ndim == 4
        parts = [
            (*version, time, img) for version in versions.items() for time, img in enumerate(x if is_series else [x])
        ]
        for index, (kind, boxes, time, image) in enumerate(parts):
            imgs = [self._draw(img, boxes) for img in channel_groups_to_imgs(image, groups)]
            suffix = f' {kind}' * bool(kind) + f' (t={time})' * is_series
            titles = {f'{name}{suffix}': channels for name, channels in groups.items()}
            plot_channel_groups(axs[index * len(groups) : (index + 1) * len(groups)], imgs, titles, plot_title)

    def get_plot_ncols(self, **kwargs: Any) -> int:
        """Number of columns: one for each group of channels, with labels and with predictions."""
        versions = sum(kwargs.get(name) is not None for name in 'yz')
        return super().get_plot_ncols(**kwargs) * max(1, versions)

    def _draw(self, img: torch.Tensor, boxes: BoxList | None) -> torch.Tensor:
        """An image (height, width, 3) with boxes on it."""
        if boxes is None:
            return img
        color = img.permute(2, 0, 1).clamp(0, 1)
        return draw_boxes(color, boxes, self.class_names, self.class_colors).permute(1, 2, 0)
