"""Datasets: samples that are read, transformed, scaled and made into tensors."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import albumentations as A
import numpy as np
import torch
from torch.utils.data import Dataset

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.scene import naming_scene
from rastervision.core.defaults import MAX_SAMPLE_ATTEMPTS
from rastervision.core.padding import least_padding
from rastervision.core.utils.misc import ensure_tuple
from rastervision.pytorch_learner.dataset.combination import sample_name
from rastervision.pytorch_learner.dataset.errors import (
    GeoDatasetError,
    SampleIndexError,
    SamplingOptionsError,
    WindowSamplingError,
)
from rastervision.pytorch_learner.dataset.gaps import transformed_around_gaps
from rastervision.pytorch_learner.dataset.labels import NO_CLASS, ignore_pixels
from rastervision.pytorch_learner.dataset.randomness import SampleRandomness, seed_transform, stream_of
from rastervision.pytorch_learner.dataset.transform import Transform, TransformType, is_unscaled, transformed
from rastervision.pytorch_learner.dataset.window_sampler import RandomWindowSampler

if TYPE_CHECKING:
    from rastervision.core.data.scene import Scene

SizeOption = int | tuple[int, int]
PadDirection = Literal['both', 'start', 'end']

MAX_REDRAWS = 20  # of random windows without data


class AlbumentationsDataset(Dataset[Any]):
    """Samples of another dataset, transformed and made into tensors.

    Sample `i` is the same each time it is asked for, in any process, until `set_epoch` is called.

    Args:
        orig_dataset: Gives images (height, width, channels) and labels by index.
        transform: Applied to each sample.
        transform_type: What kind of labels there are.
        normalize: Scale pixels that are unsigned integers, after the transform, to 0-1 by the largest value of their
            type.
        to_pytorch: Make tensors: images float32 (channels, height, width), labels as the task has them, NaN where
            there is none. Else arrays are given as they are, and None where there is no label.
    """

    def __init__(
        self,
        orig_dataset: Any,
        transform: Transform | None = None,
        transform_type: TransformType = TransformType.noop,
        normalize: bool = True,
        to_pytorch: bool = True,
    ) -> None:
        self.orig_dataset = orig_dataset
        self.transform = transform
        self.transform_type = transform_type
        self.normalize = normalize
        self.to_pytorch = to_pytorch
        self.randomness = SampleRandomness()

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the samples to those of an epoch.

        Call it in the main process, before the workers of a data loader are started.

        Args:
            epoch: The epoch.
            seed: Seed of the run.
        """
        self.randomness.epoch, self.randomness.seed = epoch, seed

    def __getitem__(self, key: Any) -> Any:
        """Image and label of a sample.

        Raises:
            SampleIndexError: If there is no such sample.
        """
        index = self._index(key)
        return self._finish(self.orig_dataset[index], self.randomness.generator(index))

    def __len__(self) -> int:
        return len(self.orig_dataset)

    def _index(self, key: int) -> int:
        """The index, counted from the front.

        Raises:
            SampleIndexError: If it is out of range.
        """
        size = len(self)
        if not -size <= key < size:
            raise SampleIndexError(f'Sample {key!r}: the dataset has {size} samples.')
        return int(key) % size

    def _finish(
        self, sample: tuple[np.ndarray, Any], rng: np.random.Generator, valid: np.ndarray | None = None
    ) -> tuple[Any, Any]:
        """What is made of a sample that has been read; see `_finish_chip`."""
        return self._finish_chip(sample, rng, valid)[0]

    def _finish_chip(
        self, sample: tuple[np.ndarray, Any], rng: np.random.Generator, valid: np.ndarray | None
    ) -> tuple[tuple[Any, Any], np.ndarray | None]:
        """What is made of a sample that has been read, and which of its pixels are data.

        Args:
            sample: Image and label.
            rng: What transforms draw from.
            valid: Which pixels (height, width) are data. None: all that are finite.
        """
        x, y, invalid = self._without_gaps(*sample, valid)
        dtype = x.dtype
        if self.transform is not None and invalid is not None:
            (x, y), invalid = transformed_around_gaps((x, y), invalid, self.transform, self.transform_type, rng)
        else:
            if self.transform is not None:
                seed_transform(self.transform, rng)
            x, y = transformed((x, y), self.transform, self.transform_type)
        valid = None if invalid is None else ~invalid
        scale = np.iinfo(dtype).max if self._scales() and is_unscaled(dtype, x.dtype, self.transform) else None
        if not self.to_pytorch:
            return ((x if scale is None else x / scale), y), valid
        return (image_to_tensor(x, scale), self._label_to_tensor(y)), valid

    def _without_gaps(
        self, x: np.ndarray, y: Any, valid: np.ndarray | None
    ) -> tuple[np.ndarray, Any, np.ndarray | None]:
        """A sample with zeros instead of pixels that are not finite, which do not count, and what is no data in it."""
        invalid = None if valid is None or valid.all() else ~valid
        if x.dtype.kind != 'f':
            return x, y, invalid
        gaps = ~np.isfinite(x).all(axis=-1)
        if not gaps.any():
            return x, y, invalid
        x = np.where(gaps[..., np.newaxis], x.dtype.type(0), x)
        gaps = gaps.reshape(-1, *gaps.shape[-2:]).any(axis=0)
        return x, self._mark(y, gaps), gaps if invalid is None else gaps | invalid

    def _mark(self, y: Any, invalid: np.ndarray) -> Any:
        """A label in which some pixels (height, width) do not count."""
        if y is None or self.transform_type is not TransformType.semantic_segmentation:
            return y
        return ignore_pixels(np.asarray(y), invalid)

    def _scales(self) -> bool:
        return self.normalize

    def _label_to_tensor(self, y: Any) -> Any:
        return label_to_tensor(y, self.transform_type)


class ImageDataset(AlbumentationsDataset):
    """Samples from image files."""

    def sample_name(self, index: int) -> str:
        """The file of a sample, for messages."""
        return sample_name(self.orig_dataset, index)


class GeoDataset(AlbumentationsDataset):
    """Windows of a scene.

    Args:
        scene: The scene.
        out_size: Size that samples are resized to, a side or (height, width). None: they are not resized.
        within_aoi: If the scene has an AOI: windows must lie within it; else it is enough that they intersect it.
        transform: Applied to each sample, before it is resized.
        transform_type: What kind of labels there are. None: those of the task, or none.
        normalize: See `AlbumentationsDataset`.
        to_pytorch: See `AlbumentationsDataset`.
        return_window: Give each sample as `(sample, window)`.
    """

    gives_chips = False  # whether images of samples are given as :class:`.Chip`

    def __init__(
        self,
        scene: 'Scene',
        out_size: SizeOption | None = None,
        within_aoi: bool = True,
        transform: Transform | None = None,
        transform_type: TransformType | None = None,
        normalize: bool = True,
        to_pytorch: bool = True,
        return_window: bool = False,
    ) -> None:
        self.scene = scene
        self.within_aoi = within_aoi
        self.return_window = return_window
        self.out_size = None if out_size is None else _pair(out_size)
        if self.out_size is not None:
            transform = self.append_resize_transform(transform, self.out_size)
        super().__init__(scene, transform, transform_type or TransformType.noop, normalize, to_pytorch)
        self.randomness.stream = stream_of(scene.id or '')

    @classmethod
    def from_uris(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a dataset from URIs of imagery and labels; the datasets of the tasks can."""
        raise GeoDatasetError(
            f'{cls.__name__} has no task, and so no labels. Use a dataset of a task, such as '
            'SemanticSegmentationSlidingWindowGeoDataset.'
        )

    def append_resize_transform(self, transform: Transform | None, out_size: tuple[int, int]) -> Transform:
        """A transform that resizes to `out_size` (height, width) after another one."""
        resize = A.Resize(*out_size)
        return resize if transform is None else A.Compose([transform, resize])

    def __len__(self) -> int:
        raise GeoDatasetError(f'{type(self).__name__} has no windows of its own. Use a sliding or a random one.')

    def _sample(self, window: Box, rng: np.random.Generator, read: tuple[Chip, Any] | None = None) -> Any:
        """The sample of a window; one read of the scene, unless it was read before."""
        chip, label = self._read(window) if read is None else read
        sample, valid = self._finish_chip((chip.pixels, self._mark_chip(label, chip, window)), rng, chip.valid)
        if self.gives_chips:
            sample = Chip(sample[0], valid, zero_is_data=chip.zero_is_data), sample[1]
        return (sample, window) if self.return_window else sample

    def _read(self, window: Box) -> tuple[Chip, Any]:
        """Image and label of a window, as the scene has them."""
        with naming_scene(self.scene.id):
            source = self.scene.label_source
            return self.scene.raster_source.read_chip(window), None if source is None else source[window]

    def _mark_chip(self, label: Any, chip: Chip, window: Box) -> Any:
        """A label of which nothing counts that is not data, or outside the AOI."""
        if label is not None and chip.is_empty and self.transform_type is TransformType.classification:
            return NO_CLASS
        if label is None or self.transform_type is not TransformType.semantic_segmentation:
            return label
        inside = self.scene.aoi_mask(window)
        for mask in (chip.valid, inside):
            label = label if mask is None else self._mark(label, ~mask)
        return label

    def _name(self, window: Box) -> str:
        return f'scene {self.scene.id!r}, window {window!r}'


class ListedWindowGeoDataset(GeoDataset):
    """Windows of a scene of which there is a list, `windows`, in pixels of the scene."""

    windows: list[Box]

    def __getitem__(self, idx: int) -> Any:
        """The sample of a window; see the base class."""
        index = self._index(idx)
        return self._sample(self.windows[index], self.randomness.generator(index))

    def sample_name(self, index: int) -> str:
        """Scene and window of a sample, for messages."""
        return self._name(self.windows[index])

    def __len__(self) -> int:
        return len(self.windows)


class SlidingWindowGeoDataset(ListedWindowGeoDataset):
    """Windows on a regular grid over a scene.

    Windows are held as boxes: about 100 bytes each, 15 MB for a scene of 10^10 pixels and windows of 256.

    Args:
        scene: The scene.
        size: Size of the windows in pixels, a side or (height, width).
        stride: Pixels from one window to the next, or (down, across).
        out_size: See `GeoDataset`.
        padding: Pixels by which windows may reach beyond the scene, or (down, across). None: as needed to cover it.
        pad_direction: At which end of each axis the padding is added.
        within_aoi: See `GeoDataset`; so are the others.
        transform: Applied to each sample.
        transform_type: What kind of labels there are.
        normalize: Scale unsigned integer pixels to 0-1.
        to_pytorch: Make tensors.
        return_window: Give each sample as `(sample, window)`.
    """

    def __init__(
        self,
        scene: 'Scene',
        size: SizeOption,
        stride: SizeOption,
        out_size: SizeOption | None = None,
        padding: SizeOption | None = None,
        pad_direction: PadDirection = 'end',
        within_aoi: bool = True,
        transform: Transform | None = None,
        transform_type: TransformType | None = None,
        normalize: bool = True,
        to_pytorch: bool = True,
        return_window: bool = False,
    ) -> None:
        super().__init__(scene, out_size, within_aoi, transform, transform_type, normalize, to_pytorch, return_window)
        self.size = _pair(size)
        self.stride = _pair(stride)
        self.padding = None if padding is None else _pair(padding)
        self.pad_direction = pad_direction
        self.init_windows()

    def init_windows(self) -> None:
        """Make the windows."""
        windows = self._grid()
        polygons = self.scene.aoi_polygons_bbox_coords
        self.windows = Box.filter_by_aoi(windows, polygons, within=self.within_aoi) if polygons else windows

    def _grid(self) -> list[Box]:
        """The windows, whatever the AOI."""
        return self.scene.extent.get_windows(self.size, self.stride, self.padding, self.pad_direction)


class RandomWindowGeoDataset(GeoDataset):
    """Windows of random size and place in a scene.

    Window `i` depends on the index, the epoch and the seed only.

    Args:
        scene: The scene.
        out_size: See `GeoDataset`.
        size_lims: Smallest size of square windows, and the one after the largest, in pixels.
        h_lims: Limits of the height, instead of `size_lims`; needs `w_lims`.
        w_lims: Limits of the width.
        padding: Pixels by which windows may reach beyond the scene at each side, or (down, across). None: windows lie
            inside the scene; if it is smaller than the smallest of them, they reach over its edges as little as can be.
        max_windows: Length of the dataset.
        max_sample_attempts: How many windows to try for one that suits the AOI.
        efficient_aoi_sampling: Draw windows from the AOI, instead of anywhere until one suits it.
        within_aoi: See `GeoDataset`; so are the others.
        transform: Applied to each sample.
        transform_type: What kind of labels there are.
        normalize: Scale unsigned integer pixels to 0-1.
        to_pytorch: Make tensors.
        return_window: Give each sample as `(sample, window)`.

    Raises:
        SamplingOptionsError: If the limits contradict each other, or no window fits into the scene.
    """

    def __init__(
        self,
        scene: 'Scene',
        *,
        out_size: SizeOption | None,
        size_lims: tuple[int, int] | None = None,
        h_lims: tuple[int, int] | None = None,
        w_lims: tuple[int, int] | None = None,
        padding: SizeOption | None = None,
        max_windows: int,
        max_sample_attempts: int = MAX_SAMPLE_ATTEMPTS,
        efficient_aoi_sampling: bool = True,
        within_aoi: bool = True,
        transform: Transform | None = None,
        transform_type: TransformType | None = None,
        normalize: bool = True,
        to_pytorch: bool = True,
        return_window: bool = False,
    ) -> None:
        _check_limits(size_lims, h_lims, w_lims)
        super().__init__(scene, out_size, within_aoi, transform, transform_type, normalize, to_pytorch, return_window)
        self.size_lims, self.h_lims, self.w_lims = size_lims, h_lims, w_lims
        self.padding = least_padding(scene.extent.size, self.min_size) if padding is None else _pair(padding)
        self.max_windows = max_windows
        with naming_scene(scene.id):
            self.sampler = RandomWindowSampler(
                scene.extent,
                h_lims=size_lims or h_lims,  # type: ignore[arg-type]
                w_lims=w_lims,
                padding=self.padding,
                aoi_polygons=scene.aoi_polygons_bbox_coords or (),
                within_aoi=within_aoi,
                efficient=efficient_aoi_sampling,
                max_attempts=max_sample_attempts,
            )
        self.set_epoch(0)

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the windows to those of an epoch; see `AlbumentationsDataset.set_epoch`."""
        super().set_epoch(epoch, seed)
        self._rng = self.randomness.generator(0)

    @property
    def min_size(self) -> tuple[int, int]:
        """Smallest height and width of a window."""
        return self._lims(0)

    @property
    def max_size(self) -> tuple[int, int]:
        """What height and width of a window stay below."""
        return self._lims(1)

    def sample_window_size(self, rng: np.random.Generator | None = None) -> tuple[int, int]:
        """Height and width of a random window.

        Args:
            rng: Where to draw from. None: a generator of this dataset, which goes on from call to call.
        """
        height, width = self.sampler.sample_sizes(rng or self._rng)[0].tolist()
        return height, width

    def sample_window_loc(self, h: int, w: int, rng: np.random.Generator | None = None) -> tuple[int, int]:
        """Upper left corner, as x and y, of a random window of a height and width."""
        y, x = self.sampler.sample_corners(np.array([[h, w]]), rng or self._rng)[0].tolist()
        return x, y

    def sample_window(self, rng: np.random.Generator | None = None) -> Box:
        """A random window.

        Raises:
            WindowSamplingError: If none was found that suits the AOI.
        """
        return self.sampler.sample(rng or self._rng)

    def __getitem__(self, idx: int) -> Any:
        """The sample of a random window. One without any data is drawn again, a few times.

        Raises:
            SampleIndexError: If `idx` is not below `max_windows`.
            GeoDatasetError: If no window was found that suits the AOI.
        """
        rng = self.randomness.generator(self._index(idx))
        window, *read = self._draw(rng)
        return self._sample(window, rng, (read[0], read[1]))

    def _draw(self, rng: np.random.Generator) -> tuple[Box, Chip, Any]:
        """A random window, and what is in it."""
        for _ in range(MAX_REDRAWS):
            try:
                window = self.sample_window(rng)
            except WindowSamplingError as error:
                raise GeoDatasetError(f'scene {self.scene.id!r}: {error}') from error
            chip, label = self._read(window)
            if not chip.is_empty:
                break
        return window, chip, label

    def sample_name(self, index: int) -> str:
        """Scene and window of a sample, for messages."""
        return self._name(self._draw(self.randomness.generator(index))[0])

    def __len__(self) -> int:
        return self.max_windows

    def _lims(self, end: int) -> tuple[int, int]:
        if self.size_lims is not None:
            return self.size_lims[end], self.size_lims[end]
        assert self.h_lims is not None and self.w_lims is not None
        return self.h_lims[end], self.w_lims[end]


def image_to_tensor(x: np.ndarray, scale: float | None = None) -> torch.Tensor:
    """An image, or a time series of them, as a tensor.

    Args:
        x: (..., height, width, channels).
        scale: What to divide by; None: nothing.

    Returns:
        Float32, (..., channels, height, width). Pixels are moved in their own type, then cast once.
    """
    moved = np.ascontiguousarray(np.moveaxis(x, -1, -3))
    tensor = torch.from_numpy(moved).to(torch.float32, copy=True)
    return tensor if scale is None else tensor.div_(scale)


def label_to_tensor(y: Any, transform_type: TransformType) -> torch.Tensor:
    """A label as a tensor: int64 for classes, float for numbers, NaN if there is none."""
    if y is None:
        return torch.tensor(math.nan)
    if transform_type is TransformType.regression:
        return torch.as_tensor(np.asarray(y), dtype=torch.float32)
    array = np.ascontiguousarray(y)
    if transform_type is TransformType.noop and array.dtype.kind == 'f':
        return torch.from_numpy(array)
    return torch.from_numpy(array.astype(np.int64)).reshape(np.shape(y))


def _pair(x: SizeOption) -> tuple[int, int]:
    height, width = ensure_tuple(x)
    return height, width


def _check_limits(size_lims: Sequence[int] | None, h_lims: Sequence[int] | None, w_lims: Sequence[int] | None) -> None:
    both = h_lims is not None and w_lims is not None
    either = h_lims is not None or w_lims is not None
    if (size_lims is None and not both) or (size_lims is not None and either):
        raise SamplingOptionsError(
            f'Give either size_lims, or h_lims and w_lims together; got size_lims={size_lims!r}, h_lims={h_lims!r}, '
            f'w_lims={w_lims!r}.'
        )
