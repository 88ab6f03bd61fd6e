"""Groups of channels as images that can be plotted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

RGB = 3


def channel_groups_to_imgs(
    x: torch.Tensor | np.ndarray, channel_groups: Mapping[str, Sequence[int]]
) -> list[torch.Tensor]:
    """Cut an image into the images of groups of its channels.

    Args:
        x: (height, width, channels), tensor or array.
        channel_groups: Name -> one to three channels.

    Returns:
        For each group an image (height, width, 3). Of a single channel it is gray; of two channels, the third one
        (blue) is zero.
    """
    imgs = []
    for channels in channel_groups.values():
        img = torch.as_tensor(x)[..., list(channels)]
        if len(channels) == 2:
            img = torch.nn.functional.pad(img, (0, 1))
        imgs.append(img.expand(-1, -1, RGB) if len(channels) == 1 else img)
    return imgs


def plot_channel_groups(
    axs: Iterable[Any],
    imgs: Iterable[np.ndarray | torch.Tensor],
    channel_groups: Mapping[str, Sequence[int]],
    plot_title: bool = True,
) -> None:
    """Plot the images of groups of channels.

    Args:
        axs: An axes for each.
        imgs: The images (height, width, 1 or 3), as `channel_groups_to_imgs` gives them.
        channel_groups: Name -> channels; names are the titles.
        plot_title: Whether to write titles.
    """
    for ax, img, title in zip(axs, imgs, channel_groups, strict=False):
        pixels = np.asarray(img)
        if pixels.dtype.kind == 'f':
            pixels = np.clip(np.nan_to_num(pixels), 0, 1)
        if pixels.shape[-1] == 1:
            ax.imshow(pixels[..., 0], cmap='gray')
        else:
            ax.imshow(pixels)
        if plot_title:
            ax.set_title(title)
        ax.set_xticks([])
        ax.set_yticks([])
