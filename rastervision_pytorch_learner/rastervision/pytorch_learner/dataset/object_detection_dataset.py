"""Datasets of object detection."""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import albumentations as A
import numpy as np
import torch
from torch.utils.data import Dataset

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.scene import naming_scene
from rastervision.core.data.scene_factory import make_od_scene
from rastervision.core.rv_pipeline.object_windows import check_sizes, reduced_shape
from rastervision.pipeline import lazy
from rastervision.pipeline.overriding import is_overridden
from rastervision.pytorch_learner.dataset.box_sampler import BoxWindowSampler
from rastervision.pytorch_learner.dataset.coco import read_coco
from rastervision.pytorch_learner.dataset.dataset import (
    AlbumentationsDataset,
    GeoDataset,
    ImageDataset,
    ListedWindowGeoDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.errors import SamplingOptionsError
from rastervision.pytorch_learner.dataset.image_files import load_image
from rastervision.pytorch_learner.dataset.transform import DEFAULT_BBOX_PARAMS, Transform, TransformType
from rastervision.pytorch_learner.object_detection_utils import BoxList

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
    from rastervision.core.data.scene import Scene

lazy.also_give(__name__, 'rastervision.core.data.label.object_detection_labels: ObjectDetectionLabels')

D = TypeVar('D', bound=GeoDataset)
Boxes = tuple[np.ndarray, np.ndarray, str]


class CocoDataset(Dataset[tuple[np.ndarray, Boxes]]):
    """Images with boxes in a COCO file.

    Args:
        img_dir: Folder of the images.
        annotation_uri: The file, local or remote.
        class_names: Names of the classes, by class id, which categories are looked up in. None: ids of categories are
            class ids.

    Raises:
        ImageDatasetError: If it is not such a file; see `read_coco`.
    """

    def __init__(self, img_dir: str, annotation_uri: str, class_names: Sequence[str] | None = None) -> None:
        self.img_dir = img_dir
        self.annotation_uri = annotation_uri
        self.images = read_coco(annotation_uri, class_names)

    def __getitem__(self, ind: int) -> tuple[np.ndarray, Boxes]:
        """The image, and a tuple of its boxes (n, 4), their class ids (n,), and the format of the boxes, `'xywh'`."""
        return load_image(self.image_path(ind)), self.label(ind)

    def label(self, index: int) -> Boxes:
        """The boxes of an image; see `__getitem__`."""
        image = self.images[index]
        boxes, class_ids = np.array(image.boxes, dtype=float).reshape(-1, 4), np.array(image.class_ids, dtype=int)
        return boxes, class_ids, 'xywh'

    def image_path(self, index: int) -> str:
        """The image file of a sample."""
        return os.path.join(self.img_dir, self.images[index].file_name)

    sample_name = image_path  # for messages

    def __len__(self) -> int:
        return len(self.images)


class _Detecting(AlbumentationsDataset):
    """What datasets of this task have in common: labels are `BoxList`s.

    Tensors of unsigned integer pixels are always scaled to 0-1, whatever `normalize` says, because the models take
    nothing else.
    """

    def _scales(self) -> bool:
        return self.normalize or self.to_pytorch

    def _mark_label(self, y: Boxes | None, valid: np.ndarray) -> Boxes | None:
        """The boxes that have a pixel that is data in them."""
        if y is None:
            return None
        boxes, class_ids, form = y
        return boxes[(kept := _with_data(boxes, form, valid))], class_ids[kept], form

    def _label_to_tensor(self, y: Boxes | None) -> Any:
        return torch.tensor(math.nan) if y is None else BoxList.from_arrays(*y)


def _with_data(boxes: np.ndarray, form: str, valid: np.ndarray) -> np.ndarray:
    """Which boxes (n, 4) have a pixel in them, or touch one, that is data; by a table of sums."""
    height, width = valid.shape
    yxyx = BoxList.from_arrays(boxes, np.zeros(len(boxes)), form).convert_boxes('yxyx').numpy()
    low = np.floor(yxyx[:, :2]).clip(0, [height, width]).astype(int)
    high = np.ceil(yxyx[:, 2:]).clip(0, [height, width]).astype(int)
    sums = np.pad(valid.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    (top, left), (bottom, right) = low.T, high.T
    outside = (bottom <= top) | (right <= left)
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray((inside > 0) | outside)


class ObjectDetectionImageDataset(_Detecting, ImageDataset):
    """Images from files, boxes from a COCO file.

    Args:
        img_dir: Folder of the images.
        annotation_uri: The COCO file.
        args: See `AlbumentationsDataset`.
        class_names: See `CocoDataset`.
        kwargs: See `AlbumentationsDataset`.
    """

    def __init__(
        self, img_dir: str, annotation_uri: str, *args: Any, class_names: Sequence[str] | None = None, **kwargs: Any
    ) -> None:
        reader = CocoDataset(img_dir, annotation_uri, class_names)
        super().__init__(reader, *args, **{'transform_type': TransformType.object_detection, **kwargs})


def make_od_geodataset(
    cls: type[D],
    image_uri: str | list[str],
    label_vector_uri: str | None = None,
    class_config: 'ClassConfig | None' = None,
    aoi_uri: str | list[str] = [],  # noqa: B006  (not changed)
    label_vector_default_class_id: int | None = None,
    image_raster_source_kw: dict[str, Any] | None = None,
    label_vector_source_kw: dict[str, Any] | None = None,
    label_source_kw: dict[str, Any] | None = None,
    **kwargs: Any,
) -> D:
    """Make a dataset from URIs of imagery and labels.

    Args:
        cls: Class of the dataset.
        image_uri: The image, or several of one scene.
        label_vector_uri: Labels as GeoJSON; the bounds of each polygon are a box.
        class_config: The classes; needed with labels.
        aoi_uri: GeoJSON of the area of interest, or several.
        label_vector_default_class_id: Class of the features that do not name one.
        image_raster_source_kw: Further arguments of the raster source of the image.
        label_vector_source_kw: Further arguments of the vector source of the labels.
        label_source_kw: Further arguments of the label source.
        kwargs: Further arguments of the dataset.
    """
    scene = make_od_scene(
        image_uri,
        label_vector_uri=label_vector_uri,
        class_config=class_config,
        aoi_uri=aoi_uri,
        label_vector_default_class_id=label_vector_default_class_id,
        image_raster_source_kw=image_raster_source_kw or {},
        label_vector_source_kw=label_vector_source_kw or {},
        label_source_kw=label_source_kw or {},
    )
    return cls(scene, **kwargs)


class _Boxed(_Detecting, GeoDataset):
    """Windows of a scene with the boxes of which a given part is in them.

    Attributes:
        ioa_thresh: The part. None: that of the label source, which is: any.
        clip: Whether boxes are cut at the edges of the window.
    """

    ioa_thresh: float | None
    clip: bool

    def _read_label(self, window: Box) -> Any:
        if (self.ioa_thresh is None and not self.clip) or self._has_own_labels:
            return super()._read_label(window)
        return self._boxes_in(window)

    @property
    def _has_own_labels(self) -> bool:
        """Whether it is for the label source to say which boxes a window has."""
        source = self.scene.label_source
        return source is not None and is_overridden(source, '__getitem__', base=ObjectDetectionLabelSource)

    def _boxes_in(self, window: Box) -> Boxes | None:
        """The boxes of a window, in its pixels; None without labels."""
        source = cast('ObjectDetectionLabelSource | None', self.scene.label_source)
        if source is None:
            return None
        ioa_thresh = source.ioa_thresh if self.ioa_thresh is None else self.ioa_thresh
        labels = source.get_labels(window, ioa_thresh=ioa_thresh, clip=self.clip)
        place = window.to_global_coords(self.scene.bbox)
        boxes = labels.get_npboxes() - np.array([place.ymin, place.xmin] * 2)
        return boxes, labels.get_class_ids(), 'yxyx'


class ObjectDetectionSlidingWindowGeoDataset(_Boxed, SlidingWindowGeoDataset):
    """Windows on a grid.

    Args:
        args: See `SlidingWindowGeoDataset`.
        ioa_thresh: A box belongs to a window if at least this part of it is inside. None: if it touches the window.
        clip: Cut boxes at the edges of the window.
        kwargs: See `SlidingWindowGeoDataset`.
    """

    from_uris = classmethod(make_od_geodataset)  # type: ignore[arg-type, var-annotated]

    def __init__(self, *args: Any, ioa_thresh: float | None = None, clip: bool = False, **kwargs: Any) -> None:
        self.ioa_thresh, self.clip = ioa_thresh, clip
        super().__init__(*args, **{'transform_type': TransformType.object_detection, **kwargs})

    def append_resize_transform(self, transform: Transform | None, out_size: tuple[int, int]) -> Transform:
        """A transform that resizes to `out_size` (height, width), boxes too, after another one."""
        return _append_resize(transform, out_size, DEFAULT_BBOX_PARAMS)


class ObjectDetectionRandomWindowGeoDataset(_Boxed, RandomWindowGeoDataset):
    """Random windows, of which a given share has an object in it.

    Args:
        scene: The scene.
        bbox_params: How albumentations is to treat boxes.
        ioa_thresh: A box counts as being in a window if at least this part of it is.
        clip: Cut boxes at the edges of the window.
        neg_ratio: How many windows without an object there are for each with one. None: windows are anywhere.
        neg_ioa_thresh: A window is without objects if less than this part of each box lies in it.
        kwargs: See `RandomWindowGeoDataset`.

    Raises:
        SamplingOptionsError: If `neg_ratio` is given and there are no boxes, or one does not fit into a window.
    """

    from_uris = classmethod(make_od_geodataset)  # type: ignore[arg-type, var-annotated]

    def __init__(
        self,
        scene: 'Scene',
        *,
        bbox_params: A.BboxParams | None = None,
        ioa_thresh: float = 0.9,
        clip: bool = False,
        neg_ratio: float | None = None,
        neg_ioa_thresh: float = 0.2,
        **kwargs: Any,
    ) -> None:
        self.bbox_params = bbox_params or DEFAULT_BBOX_PARAMS
        self.ioa_thresh = ioa_thresh
        self.clip = clip
        self.neg_ratio = neg_ratio
        self.neg_ioa_thresh = neg_ioa_thresh
        super().__init__(scene, **{'transform_type': TransformType.object_detection, **kwargs})
        self._around_boxes = None if neg_ratio is None else self._make_box_sampler(neg_ratio)
        self.neg_probability = None if self._around_boxes is None else self._around_boxes.neg_prob

    def append_resize_transform(self, transform: Transform | None, out_size: tuple[int, int]) -> Transform:
        """A transform that resizes to `out_size` (height, width), boxes too, after another one."""
        return _append_resize(transform, out_size, self.bbox_params)

    @property
    def labels(self) -> 'ObjectDetectionLabels':
        """All boxes of the scene, in pixels of the whole image.

        Raises:
            SamplingOptionsError: If the scene has no labels.
        """
        return self._labelled().get_labels()

    @property
    def bboxes(self) -> list[Box]:
        """All boxes of the scene, in its pixels."""
        return [Box(*box) for box in self._npboxes().tolist()]

    def _sample_window(self) -> Box:
        """A random window, with an object or without one, if `neg_ratio` is given."""
        if self._around_boxes is None or self.neg_probability is None:
            return super()._sample_window()
        is_negative = self._generator.random() < self.neg_probability
        return self._sample_neg_window() if is_negative else self._sample_pos_window()

    def _sample_pos_window(self) -> Box:
        """A random window with an object."""
        return self._boxed().with_box(self._generator, self.sample_window_size)

    def _sample_neg_window(self) -> Box:
        """A random window without an object; with one, if none is found."""
        sampler = self._boxed()
        if self._overrides('sample_window_size', 'sample_window_loc'):
            return sampler.without_box(super()._sample_window)
        return sampler.without_box(lambda: self.sampler.sample(self._generator))

    @property
    def _is_sampled_by_methods(self) -> bool:
        return self._around_boxes is not None or super()._is_sampled_by_methods

    def _boxed(self) -> BoxWindowSampler:
        if self._around_boxes is None:
            raise SamplingOptionsError(f'scene {self.scene.id!r}: windows with and without objects need a neg_ratio.')
        return self._around_boxes

    def _labelled(self) -> 'ObjectDetectionLabelSource':
        source = cast('ObjectDetectionLabelSource | None', self.scene.label_source)
        if source is None:
            raise SamplingOptionsError(
                f'scene {self.scene.id!r}: neg_ratio {self.neg_ratio!r} needs labels; it has none.'
            )
        return source

    def _npboxes(self) -> np.ndarray:
        origin = [self.scene.bbox.ymin, self.scene.bbox.xmin] * 2
        return np.asarray(self.labels.get_npboxes() - np.array(origin))

    def _make_box_sampler(self, neg_ratio: float) -> BoxWindowSampler:
        with naming_scene(self.scene.id):
            return BoxWindowSampler(self.sampler, self._npboxes(), neg_ratio, self.neg_ioa_thresh)


class ObjectDetectionListedWindowGeoDataset(_Boxed, ListedWindowGeoDataset):
    """Windows that are given, of any size.

    Large ones are reduced while they are read, to `REDUCED_PIXELS`, if the raster source can do that.

    Args:
        scene: The scene.
        windows: In pixels of the scene.
        bbox_params: How albumentations is to treat boxes.
        ioa_thresh: A box counts as being in a window if at least this part of it is.
        clip: Cut boxes at the edges of the window.
        kwargs: See `GeoDataset`.

    Raises:
        DataError: If a window is too large to be read.
    """

    def __init__(
        self,
        scene: 'Scene',
        windows: Sequence[Box],
        *,
        bbox_params: A.BboxParams | None = None,
        ioa_thresh: float = 0.9,
        clip: bool = False,
        **kwargs: Any,
    ) -> None:
        self.windows = list(windows)
        self.bbox_params = bbox_params or DEFAULT_BBOX_PARAMS
        self.ioa_thresh, self.clip = ioa_thresh, clip
        if not scene.raster_source.resamples_while_reading:
            check_sizes(scene, self.windows)
        super().__init__(scene, **{'transform_type': TransformType.object_detection, **kwargs})

    def append_resize_transform(self, transform: Transform | None, out_size: tuple[int, int]) -> Transform:
        """A transform that resizes to `out_size` (height, width), boxes too, after another one."""
        return _append_resize(transform, out_size, self.bbox_params)

    def _read(self, window: Box) -> tuple[Chip, Any]:
        shape = reduced_shape(window) if self.scene.raster_source.resamples_while_reading else None
        if shape is None or self._reads_by_keys or self._has_own_labels:
            return super()._read(window)
        with naming_scene(self.scene.id):
            chip, label = self.scene.raster_source.read_chip(window, out_shape=shape), self._boxes_in(window)
        if label is None:
            return chip, None
        boxes, class_ids, form = label
        return chip, (boxes * np.tile(np.divide(shape, window.size), 2), class_ids, form)


def _append_resize(transform: Transform | None, out_size: tuple[int, int], bbox_params: A.BboxParams) -> Transform:
    before = [] if transform is None else [transform]
    return A.Compose([*before, A.Resize(*out_size)], bbox_params=bbox_params)
