"""Plots of samples and predictions: what all tasks have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentError
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pytorch_learner.channel_display import (
    ChannelGroups,
    get_default_channel_display_groups,
    validate_channel_display_groups,
)
from rastervision.pytorch_learner.dataset.transform import apply_transform
from rastervision.pytorch_learner.dataset.transform_io import deserialize_albumentation_transform
from rastervision.pytorch_learner.dataset.visualizer.channel_groups import channel_groups_to_imgs, plot_channel_groups

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch.utils.data import Dataset

lazy.also_give(
    __name__,
    'rastervision.pipeline.file_system.local_file_system: make_dir',
    'rastervision.pytorch_learner.dataset.min_max_normalize: MinMaxNormalize',
    'rastervision.pytorch_learner.dataset.transform_io: validate_albumentation_transform',
)

PNG_METADATA = {'Software': None}  # so that the same plot gives the same file, whatever the version of matplotlib


class Visualizer(ABC):
    """Plots batches of samples, a row for each, with labels and predictions.

    Attributes:
        class_config: The classes, with their colors.
        transform: What is applied to images before they are plotted, or None.

    Args:
        class_names: Names of the classes.
        class_colors: Their colors, as names or (red, green, blue) of 0-255. None: chosen.
        transform: A serialised albumentations transform that is applied to images before they are plotted. None: none;
            images are taken to have values of 0-1.
        channel_display_groups: Groups of channels, each plotted as one image: name -> channels, or a list of lists.
            None: the first three channels.
    """

    scale: float = 3.0

    def __init__(
        self,
        class_names: Sequence[str],
        class_colors: Sequence[str | tuple[int, int, int]] | None = None,
        transform: dict[str, Any] | None = None,
        channel_display_groups: ChannelGroups | None = None,
    ) -> None:
        colors = None if not class_colors else list(class_colors)
        self.class_config = ClassConfig(names=list(class_names), colors=colors)
        self.transform = None if transform is None else deserialize_albumentation_transform(transform)
        self._channel_display_groups = validate_channel_display_groups(channel_display_groups)

    @property
    def class_names(self) -> list[str]:
        """Names of the classes."""
        return list(self.class_config.names)

    @property
    def class_colors(self) -> list[Any]:
        """Colors of the classes, as names or (red, green, blue) of 0-255."""
        return list(self.class_config.colors or [])

    @abstractmethod
    def plot_xyz(
        self, axs: Sequence[Any], x: torch.Tensor, y: Any = None, z: Any = None, plot_title: bool = True
    ) -> None:
        """Plot a sample.

        Args:
            axs: As many axes as `get_plot_ncols` says.
            x: Image (height, width, channels), or time series (time, height, width, channels).
            y: Label. None: there is none.
            z: Prediction. None: there is none.
            plot_title: Whether to write titles.
        """

    def plot_batch(
        self,
        x: torch.Tensor,
        y: Sequence[Any] | None = None,
        output_path: str | None = None,
        z: Sequence[Any] | None = None,
        batch_limit: int | None = None,
        show: bool = False,
    ) -> None:
        """Plot a batch, a row for each sample.

        Args:
            x: Images (n, channels, height, width), or time series (n, time, channels, height, width).
            y: Labels. None, or all NaN: there are none.
            output_path: Where to write a PNG. None: nowhere.
            z: Predictions. None: there are none.
            batch_limit: Plot at most so many.
            show: Show the plot, as in a notebook.

        Raises:
            ArgumentError: If `x` has other axes.
        """
        if x.ndim not in (4, 5):
            raise ArgumentError(
                f'x of shape {tuple(x.shape)} cannot be plotted. Give (n, channels, height, width), or (n, time, '
                'channels, height, width).'
            )
        y = None if _is_nan(y) else y
        params = self.get_plot_params(x=x, y=y, z=z, batch_limit=batch_limit)
        nrows, ncols = params['fig_args']['nrows'], params['fig_args']['ncols']
        if not nrows:
            return
        figure = self._make_figure(params['fig_args'], show)
        axs = figure.subplots(nrows, ncols, squeeze=False)
        images = self._transformed(x[:nrows])
        for row in range(nrows):
            label, prediction = (None if values is None else values[row] for values in (y, z))
            self.plot_xyz(axs[row], images[row], y=label, z=prediction, plot_title=row == 0)
        if output_path is not None:
            with publish_file(output_path) as path:
                figure.savefig(path, format='png', bbox_inches='tight', pad_inches=0.2, metadata=PNG_METADATA)
        if show:
            import matplotlib.pyplot as plt

            plt.show()
            plt.close(figure)

    def get_channel_display_groups(self, nb_img_channels: int) -> dict[str, Sequence[int]]:
        """The groups of channels to plot: name -> channels."""
        if self._channel_display_groups is None:
            return get_default_channel_display_groups(nb_img_channels)
        return self._channel_display_groups

    def get_collate_fn(self) -> Callable[[Any], Any] | None:
        """What makes a batch of samples. None: PyTorch's own way."""
        return None

    def get_batch(self, dataset: 'Dataset[Any]', batch_sz: int = 4, **kwargs: Any) -> tuple[torch.Tensor, Any]:
        """The first samples of a dataset, as a batch.

        Args:
            dataset: The dataset.
            batch_sz: How many.
            kwargs: Further arguments of the data loader, such as `shuffle`.

        Raises:
            ArgumentError: If the dataset has no samples.
        """
        from torch.utils.data import DataLoader

        options = {'collate_fn': self.get_collate_fn(), **kwargs}
        batch = next(iter(DataLoader(dataset, batch_sz, **options)), None)
        if batch is None:
            raise ArgumentError('There are no samples to plot: the dataset is empty.')
        x, y = batch
        return x, y

    def get_plot_nrows(self, **kwargs: Any) -> int:
        """Number of rows: one for each of the `x`, at most `batch_limit`."""
        batch_limit = kwargs.get('batch_limit')
        return len(kwargs['x']) if batch_limit is None else min(batch_limit, len(kwargs['x']))

    def get_plot_ncols(self, **kwargs: Any) -> int:
        """Number of columns: one for each group of channels, of each time if `x` is a series."""
        x = kwargs['x']
        times = x.shape[1] if x.ndim == 5 else 1
        return times * len(self.get_channel_display_groups(x.shape[-3]))

    def get_plot_params(self, **kwargs: Any) -> dict[str, Any]:
        """How the figure is made: `fig_args` with `nrows`, `ncols`, `figsize` (inches), `layout`."""
        nrows, ncols = self.get_plot_nrows(**kwargs), self.get_plot_ncols(**kwargs)
        size = (self.scale * ncols, self.scale * nrows)
        return {'fig_args': {'nrows': nrows, 'ncols': ncols, 'figsize': size, 'layout': 'constrained'}}

    def plot_image(self, axs: Sequence[Any], x: torch.Tensor, plot_title: bool = True) -> None:
        """Plot the groups of channels of an image (height, width, channels), or of a series of them."""
        groups = self.get_channel_display_groups(x.shape[-1])
        for time, image in enumerate(x if x.ndim == 4 else [x]):
            titles: Mapping[str, Sequence[int]] = {
                (f'{name} (t={time})' if x.ndim == 4 else name): channels for name, channels in groups.items()
            }
            columns = axs[time * len(groups) : (time + 1) * len(groups)]
            plot_channel_groups(columns, channel_groups_to_imgs(image, groups), titles, plot_title)

    def _transformed(self, x: torch.Tensor) -> torch.Tensor:
        """Images (..., channels, height, width) as they are to be plotted, (..., height, width, channels)."""
        images = x.movedim(-3, -1)
        if self.transform is None:
            return images
        done = [apply_transform(self.transform, image=image)['image'] for image in images.cpu().numpy()]
        return torch.from_numpy(np.stack(done))

    def _make_figure(self, fig_args: dict[str, Any], show: bool) -> 'Figure':
        options = {name: value for name, value in fig_args.items() if name not in ('nrows', 'ncols')}
        if show:
            import matplotlib.pyplot as plt

            return plt.figure(**options)
        from matplotlib.figure import Figure  # needs no display, and is freed when it goes out of use

        return Figure(**options)


def _is_nan(y: Any) -> bool:
    """Whether labels are what datasets without labels give."""
    if y is None:
        return True
    return isinstance(y, torch.Tensor) and y.ndim == 1 and y.is_floating_point() and bool(y.isnan().all())
