"""Datasets of windows of scenes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import albumentations as A
import numpy as np

from rastervision.core.box import Box, join_aoi
from rastervision.core.data.chip import Chip
from rastervision.core.data.scene import Scene, naming_scene
from rastervision.core.defaults import MAX_SAMPLE_ATTEMPTS
from rastervision.core.padding import least_padding
from rastervision.core.utils.misc import ensure_tuple
from rastervision.pipeline import lazy
from rastervision.pipeline.overriding import is_overridden
from rastervision.pytorch_learner.dataset.errors import (
    GeoDatasetError,
    WindowSamplingError,
)
from rastervision.pytorch_learner.dataset.places import Places, classes_in
from rastervision.pytorch_learner.dataset.randomness import (
    current_generator,
    current_wish,
    drawing_from,
    stream_of,
)
from rastervision.pytorch_learner.dataset.samples import AlbumentationsDataset as AlbumentationsDataset
from rastervision.pytorch_learner.dataset.samples import ImageDataset as ImageDataset
from rastervision.pytorch_learner.dataset.transform import Transform, TransformType
from rastervision.pytorch_learner.dataset.wanted_windows import draw_wanted
from rastervision.pytorch_learner.dataset.window_sampler import DatasetWindowSampler, check_limits
from rastervision.pytorch_learner.own_class import own_class

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from rastervision.core.data.aoi_sampler import AoiSampler

lazy.also_give(
    __name__,
    'rastervision.core.data.aoi_sampler: AoiSampler',
    'rastervision.core.types: NonNegInt PosInt',
    'rastervision.pytorch_learner.dataset.transform: TF_TYPE_TO_TF_FUNC',
)

SizeOption = int | tuple[int, int]
PadDirection = Literal['both', 'start', 'end']

MAX_REDRAWS = 19  # of random windows without data
WINDOW_METHODS = ('sample_window_size', 'sample_window_loc')


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

    def __init__(
        self,
        scene: Scene,
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
        self.randomness.stream = stream_of(str(self._scene_id or ''))

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

    def __getitem__(self, key: Any) -> Any:
        """The sample of a window of the scene.

        Args:
            key: A `Box`, in pixels of the scene; or slices as those of the scene.
        """
        if isinstance(key, Box):
            return self._sample(key, self.randomness.generator_of(key))
        return super().__getitem__(key)

    @property
    def _scene_id(self) -> Any:
        return getattr(self.scene, 'id', None)

    def _sample(self, window: Box, rng: np.random.Generator, read: tuple[Chip, Any] | None = None) -> Any:
        """The sample of a window; one read of the scene, unless it was read before."""
        chip, label = self._read(window) if read is None else read
        sample = self._finish_chip((chip.pixels, self._mark_chip(label, chip, window)), rng, chip)
        return (sample, window) if self.return_window else sample

    def _read(self, window: Box) -> tuple[Chip, Any]:
        """Image and label of a window, as the scene has them."""
        if self._reads_by_keys:
            pixels, label = self.orig_dataset[window]
            return Chip.of(np.asarray(pixels)), label
        with naming_scene(self.scene.id):
            return self.scene.raster_source.read_chip(window), self._read_label(window)

    def _read_label(self, window: Box) -> Any:
        """The label of a window, as the label source has it; None without one."""
        return None if self.scene.label_source is None else self.scene.label_source[window]

    def classes_at(self, window: Box, class_ids: Sequence[int]) -> np.ndarray:
        """Which classes are in the label of a window, apart from what is outside the AOI.

        Unless the scene is read in another way than by its parts, the image is not read.

        Args:
            window: In pixels of the scene.
            class_ids: The classes, (n,).

        Returns:
            Bool array (n,).
        """
        with naming_scene(self.scene.id):
            label = self.orig_dataset[window][1] if self._reads_by_keys else self._read_label(window)
        return classes_in(self._mark_outside(label, window), class_ids, self.transform_type)

    def classes_seen(self, window: Box, class_ids: Sequence[int]) -> np.ndarray:
        """As `classes_at`, apart from what is no data in the image, which is read if the label has any."""
        found = self.classes_at(window, class_ids)
        if not found.any():
            return found
        chip, label = self._read(window)
        return classes_in(self._mark_chip(label, chip, window), class_ids, self.transform_type)

    @property
    def _reads_by_keys(self) -> bool:
        """Whether it is for what is in `orig_dataset` to say what a window has in it, and not for its parts."""
        return self.orig_dataset is not self.scene or is_overridden(self.scene, '__getitem__', base=Scene)

    def _mark_chip(self, label: Any, chip: Chip, window: Box) -> Any:
        """A label of which nothing counts that is not data, or outside the AOI."""
        if label is not None and chip.valid is not None:
            label = self._mark_label(label, chip.valid)
        return self._mark_outside(label, window)

    def _mark_outside(self, label: Any, window: Box) -> Any:
        """A label of pixels of which nothing counts outside the AOI."""
        if label is None or self.transform_type is not TransformType.semantic_segmentation:
            return label
        inside = self.scene.aoi_mask(window) if hasattr(self.scene, 'aoi_mask') else None
        return label if inside is None else self._mark_label(label, inside)

    def _name(self, window: Box) -> str:
        return f'scene {self._scene_id!r}, window {window!r}'


class ListedWindowGeoDataset(GeoDataset):
    """Windows of a scene of which there is a list, `windows`, in pixels of the scene."""

    windows: list[Box]

    def __getitem__(self, idx: Any) -> Any:
        """The sample of a window.

        Args:
            idx: Index of the window; or a window, see `GeoDataset`.

        Raises:
            SampleIndexError: If there is no such window.
        """
        if not hasattr(idx, '__index__'):
            return super().__getitem__(idx)
        index = self._index(idx)
        return self._sample(self.windows[index], self.randomness.generator(index))

    def sample_classes(self, index: int, class_ids: Sequence[int]) -> np.ndarray:
        """Which classes are in the label of a sample; see `classes_seen`."""
        return self.classes_seen(self.windows[index], class_ids)

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
        scene: Scene,
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
        self.padding = padding
        self.pad_direction = pad_direction
        self.init_windows()

    def init_windows(self) -> None:
        """Make the windows."""
        windows = self._grid()
        polygons = self.scene.aoi_polygons_bbox_coords
        self.windows = Box.filter_by_aoi(windows, polygons, within=self.within_aoi) if polygons else windows

    def _grid(self) -> list[Box]:
        """The windows, whatever the AOI."""
        return self.scene.extent.get_windows(self.size, self.stride, self._padding, self.pad_direction)

    @property
    def _padding(self) -> tuple[int, int] | None:
        return None if self.padding is None else _pair(self.padding)

    def get_rows_and_columns_left_out(self) -> tuple[int, int]:
        """How many rows and columns of the scene no window reaches, whatever the AOI; none if `padding` is None."""
        return self.scene.extent.get_rows_and_columns_left_out(
            self.size, self.stride, self._padding, self.pad_direction
        )


class RandomWindowGeoDataset(GeoDataset):
    """Windows of random size and place in a scene.

    Window `i` depends on the index, the epoch and the seed only; if methods that a subclass overrides draw windows by
    other means, on these.

    Args:
        scene: The scene.
        out_size: See `GeoDataset`. None: samples have different sizes.
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
        normalize: Scale unsigned integer pixels to 0-1. None: if there is an `out_size`.
        to_pytorch: Make tensors. None: if there is an `out_size`.
        return_window: Give each sample as `(sample, window)`.

    Raises:
        SamplingOptionsError: If the limits contradict each other, or no window fits into the scene.
    """

    def __init__(
        self,
        scene: Scene,
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
        normalize: bool | None = None,
        to_pytorch: bool | None = None,
        return_window: bool = False,
    ) -> None:
        check_limits(size_lims, h_lims, w_lims)
        normalize, to_pytorch = (out_size is not None if x is None else x for x in (normalize, to_pytorch))
        super().__init__(scene, out_size, within_aoi, transform, transform_type, normalize, to_pytorch, return_window)
        self.size_lims, self.h_lims, self.w_lims = size_lims, h_lims, w_lims
        self.padding = least_padding(scene.extent.size, self.min_size) if padding is None else _pair(padding)
        self.max_windows = max_windows
        self.has_aoi_polygons = bool(scene.aoi_polygons_bbox_coords)
        low, high = self.min_size, self.max_size
        with naming_scene(self._scene_id):
            self.sampler = DatasetWindowSampler(
                scene.extent,
                h_lims=(low[0], high[0]),
                w_lims=None if size_lims is not None else (low[1], high[1]),
                padding=self.padding,
                aoi_polygons=scene.aoi_polygons_bbox_coords or (),
                within_aoi=within_aoi,
                efficient=efficient_aoi_sampling,
                max_attempts=max_sample_attempts,
            )
        self.known_places: dict[tuple[int, ...], Places | None] = {}  # of classes, filled when they are wanted
        self.set_epoch(0)

    def set_epoch(self, epoch: int, seed: int = 0) -> None:
        """Change the windows to those of an epoch; see `AlbumentationsDataset.set_epoch`."""
        super().set_epoch(epoch, seed)
        self._rng = self.randomness.generator(0)

    @property
    def extent(self) -> Box:
        """The scene, in its own pixels."""
        return self.scene.extent

    @property
    def aoi(self) -> 'BaseGeometry':
        """The AOI, in pixels of the scene; of a scene that has one."""
        if not self.has_aoi_polygons:
            raise AttributeError(f'Scene {self._scene_id!r} has no AOI.')
        return join_aoi(self.scene.aoi_polygons_bbox_coords, smallest=0)

    @property
    def aoi_sampler(self) -> 'AoiSampler | None':
        """What corners of windows are drawn from; None: from anywhere."""
        return self.sampler.corner_sampler

    @property
    def max_sample_attempts(self) -> int:
        """How many windows are tried for one that suits the AOI."""
        return self.sampler.max_attempts

    @max_sample_attempts.setter
    def max_sample_attempts(self, attempts: int) -> None:
        """Set it."""
        self.sampler.max_attempts = attempts

    @property
    def min_size(self) -> tuple[int, int]:
        """Smallest height and width of a window."""
        return self._lims(0)

    @property
    def max_size(self) -> tuple[int, int]:
        """What height and width of a window stay below."""
        return self._lims(1)

    def sample_window_size(self) -> tuple[int, int]:
        """Height and width of a random window."""
        height, width = self.sampler.sample_sizes(self._generator)[0].tolist()
        return height, width

    def sample_window_loc(self, h: int, w: int) -> tuple[int, int]:
        """Upper left corner, as x and y, of a random window of a height and width."""
        y, x = self.sampler.sample_corners(np.array([[h, w]]), self._generator)[0].tolist()
        return x, y

    def _sample_window(self) -> Box:
        """A random window, whether it suits the AOI or not."""
        height, width = self.sample_window_size()
        x, y = self.sample_window_loc(height, width)
        return Box(y, x, y + height, x + width)

    def sample_window(self) -> Box:
        """A random window that suits the AOI.

        What it draws comes from a generator of this dataset, which goes on from call to call; but when it is called
        for a sample, from that of the sample.

        Raises:
            WindowSamplingError: If none was found.
        """
        if not self._is_sampled_by_methods:
            return self.sampler.sample(self._generator)
        for _ in range(self.max_sample_attempts):
            window = self._sample_window()
            if self.sampler.suits_aoi(window):
                return window
        raise self.sampler.failure()

    @property
    def _is_sampled_by_methods(self) -> bool:
        """Whether a window is to be drawn by the public methods one by one, since one of them is not ours."""
        return self._overrides('_sample_window', *WINDOW_METHODS)

    def _overrides(self, *names: str) -> bool:
        return is_overridden(self, *names, base=own_class(self))

    @property
    def _generator(self) -> np.random.Generator:
        return current_generator() or self._rng

    def __getitem__(self, idx: Any) -> Any:
        """The sample of a random window. One without any data is drawn again, a few times.

        Args:
            idx: Index of the sample; or a window, see `GeoDataset`.

        Raises:
            SampleIndexError: If `idx` is not below `max_windows`.
            GeoDatasetError: If no window was found that suits the AOI.
        """
        if not hasattr(idx, '__index__'):
            return super().__getitem__(idx)
        rng = self.randomness.generator(self._index(idx))
        window, *read = self._draw(rng)
        return self._sample(window, rng, (read[0], read[1]))

    def _draw(self, rng: np.random.Generator) -> tuple[Box, Chip, Any]:
        """A random window, and what is in it; one with the classes that are wanted or without them, if any are."""
        wish = current_wish()
        if wish is not None and wish.class_ids:
            return draw_wanted(self, rng, wish)
        redraws = 0 if self._overrides('sample_window', '_sample_window') else MAX_REDRAWS
        for left in range(redraws, -1, -1):
            window = self.draw_window(rng)
            chip, label = self._read(window)
            if not (left and chip.is_empty):
                break
        return window, chip, label

    def draw_window(self, rng: np.random.Generator) -> Box:
        """A random window that suits the AOI, whatever is in it.

        Args:
            rng: Where to draw from.

        Raises:
            GeoDatasetError: If none was found.
        """
        try:
            with drawing_from(rng):
                return self.sample_window()
        except WindowSamplingError as error:
            raise GeoDatasetError(f'scene {self._scene_id!r}: {error}') from error

    @property
    def draws_windows_around(self) -> bool:
        """Whether windows may be drawn around places; not, if a subclass says which windows there are."""
        return not self._overrides('sample_window', '_sample_window', *WINDOW_METHODS)

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


def _pair(x: SizeOption) -> tuple[int, int]:
    height, width = ensure_tuple(x)
    return height, width
