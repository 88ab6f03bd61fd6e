"""How a transform is applied to an image and its label, for each kind of label."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypeGuard

import albumentations as A
import numpy as np

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import RasterVisionError
from rastervision.pytorch_learner.dataset.errors import ImageAxesError, TransformError
from rastervision.pytorch_learner.dataset.labels import as_class_ids
from rastervision.pytorch_learner.dataset.nodata_patches import NodataPatches

lazy.also_give(
    __name__, 'rastervision.core.types: PosInt', 'rastervision.pytorch_learner.object_detection_utils: BoxList'
)

NEVER_CUT = ('Compose', 'ConfiguredTransform', 'Resize', '_Masked')
MOST = 0.5  # of the pixels that were above 1; some may be turned out of the image

Transform: TypeAlias = A.BasicTransform | A.BaseCompose
Sample = tuple[np.ndarray, Any]
TransformFunc = Callable[[Sample, Any], Sample]

DEFAULT_BBOX_PARAMS = A.BboxParams(format='albumentations', label_fields=['category_id'])

# OpenCV, which does the work, has no such images.
_IMAGE_DTYPES: dict[str, type[np.generic]] = dict.fromkeys(
    ('bool', 'int8', 'int32', 'uint32', 'int64', 'uint64', 'float16'), np.float32
)

_SCALING = frozenset({'Normalize', 'MinMaxNormalize'})  # ToFloat leaves floating point numbers as they are


class TransformType(Enum):
    """Kinds of labels, which tell how a transform is applied to them."""

    noop = 'noop'
    classification = 'classification'
    regression = 'regression'
    object_detection = 'object_detection'
    semantic_segmentation = 'semantic_segmentation'


def apply_transform(transform: Transform, **kwargs: Any) -> dict[str, Any]:
    """Apply a transform to a sample.

    Args:
        transform: The transform.
        kwargs: Its arguments: `image` (height, width, channels), or a time series (time, height, width, channels) of
            which all images are transformed alike; `mask`, `bboxes` and so on.

    Returns:
        The arguments, transformed.

    Raises:
        ImageAxesError: If the image has other axes.
    """
    image = kwargs.pop('image')
    if image.ndim not in (3, 4):
        raise ImageAxesError(
            f'An image of shape {image.shape} cannot be transformed. Give (height, width, channels), or (time, height, '
            'width, channels).'
        )
    image = image.astype(_IMAGE_DTYPES[image.dtype.name]) if image.dtype.name in _IMAGE_DTYPES else image
    if image.ndim != 4:
        return transform(image=image, **kwargs)  # type: ignore[no-any-return]
    out = transform(images=image, **kwargs)
    return {**out, 'image': out['images']}


def is_unscaled(before: np.dtype[Any], after: np.dtype[Any], transform: Transform | None) -> bool:
    """Whether an image of unsigned integers is still to be scaled to 0-1, after a transform.

    A transform that made floating point numbers of them has chosen their range.

    Args:
        before: Type of the image before the transform.
        after: Type of the image after it.
        transform: The transform, or None.
    """
    if before.name not in _IMAGE_DTYPES:
        return before.kind == 'u' and after.kind == 'u'
    # The transform was given floating point numbers; whether it scaled them, only its name tells.
    return before.kind == 'u' and (transform is None or not scales_pixels(transform))


def scales_pixels(transform: Transform) -> bool:
    """Whether a transform brings pixels to another range, in which what was 0 is another number."""
    return not _SCALING.isdisjoint(_class_names(transform))


def makes_gaps(transform: Transform | None) -> bool:
    """Whether a transform makes pixels NODATA."""
    return transform is not None and any(isinstance(part, NodataPatches) for part in _parts(transform))


def keeps_places(transform: Transform | None) -> bool:
    """Whether what a transform makes of an image shows the same place: it may resize, but turns and cuts nothing."""
    parts = [] if transform is None else [part for part in _parts(transform) if not hasattr(part, 'transforms')]
    return all(isinstance(part, A.Resize | A.ImageOnlyTransform | A.NoOp) for part in parts)


def _parts(transform: Transform) -> Iterator[Any]:
    yield transform
    for inner in getattr(transform, 'transforms', ()):
        yield from _parts(inner)


def _class_names(transform: Transform) -> Iterator[str]:
    return (type(part).__name__ for part in _parts(transform))


def noop_transformer(inp: Sample, transform: Transform | None) -> Sample:
    """Give a sample as it is."""
    return inp


def classification_transformer(inp: Sample, transform: Transform | None) -> Sample:
    """Transform an image; its class id stays.

    Args:
        inp: Image (height, width, channels) and class id or None.
        transform: The transform; None leaves the image as it is.

    Returns:
        Image and class id.
    """
    x, y = inp
    if transform is not None:
        x = apply_transform(transform, image=x)['image']
    return x, (None if y is None else np.array(y, dtype=np.int64))


def regression_transformer(inp: Sample, transform: Transform | None) -> Sample:
    """Transform an image; its targets stay.

    Args:
        inp: Image (height, width, channels) and targets or None.
        transform: The transform; None leaves the image as it is.

    Returns:
        Image and targets, float.
    """
    x, y = inp
    if transform is not None:
        x = apply_transform(transform, image=x)['image']
    return x, (None if y is None else np.array(y, dtype=float))


def semantic_segmentation_transformer(inp: Sample, transform: Transform | None) -> Sample:
    """Transform an image and its labels alike; labels are never interpolated.

    Args:
        inp: Image (height, width, channels) and class ids (height, width) or None.
        transform: The transform; None leaves both as they are.

    Returns:
        Image and class ids, int64.
    """
    x, y = inp
    if y is None:
        return (x if transform is None else apply_transform(transform, image=x)['image']), None
    y = as_class_ids(np.asarray(y))
    if transform is not None:
        out = apply_transform(transform, image=x, mask=y)
        x, y = out['image'], out['mask']
    return x, y.astype(np.int64)


def object_detection_transformer(inp: Sample, transform: Transform | None) -> Sample:
    """Transform an image and its boxes alike.

    Args:
        inp: Image (height, width, channels), and a tuple of boxes (n, 4), class ids (n,) and the format of the boxes,
            `'yxyx'` or `'xywh'`, in pixels; or None.
        transform: The transform, with bbox params; None leaves both as they are.

    Returns:
        Image, and a tuple of boxes (n, 4), float, class ids (n,) and `'yxyx'`. If there is a transform, boxes are cut
        at the edges of the image, and those of which nothing is left are dropped.
    """
    x, y = inp
    if y is None:
        return (x if transform is None else apply_transform(transform, image=x, **_NO_BOXES)['image']), None
    boxes, class_ids, box_format = y
    yxyx = _TO_YXYX[box_format](np.asarray(boxes, dtype=float).reshape(-1, 4))
    class_ids = np.asarray(class_ids, dtype=int)
    if transform is None:
        return x, (yxyx, class_ids, 'yxyx')
    albu = yxyx_to_albu(yxyx, x.shape[-3:-1])
    visible = (albu[:, 2] > albu[:, 0]) & (albu[:, 3] > albu[:, 1])
    out = apply_transform(transform, image=x, bboxes=albu[visible], category_id=class_ids[visible])
    albu = np.asarray(out['bboxes'], dtype=float).reshape(-1, 4)
    boxes = albu_to_yxyx(albu, out['image'].shape[-3:-1])
    return out['image'], (boxes, np.asarray(out['category_id'], dtype=int), 'yxyx')


def yxyx_to_albu(yxyx: np.ndarray, img_size: tuple[int, int]) -> np.ndarray:
    """Boxes in pixels -> as albumentations has them.

    Args:
        yxyx: Boxes (n, 4): ymin, xmin, ymax, xmax.
        img_size: Height and width of the image.

    Returns:
        Boxes (n, 4): xmin, ymin, xmax, ymax, as parts of width and height, cut to 0-1; float.
    """
    height, width = img_size
    parts = yxyx[:, [1, 0, 3, 2]] / np.array([width, height, width, height], dtype=float)
    return np.asarray(np.clip(parts, 0, 1))


def xywh_to_albu(xywh: np.ndarray, img_size: tuple[int, int]) -> np.ndarray:
    """Boxes (n, 4) of xmin, ymin, width, height in pixels -> as albumentations has them; see `yxyx_to_albu`."""
    return yxyx_to_albu(_xywh_to_yxyx(np.asarray(xywh, dtype=float)), img_size)


def albu_to_yxyx(xyxy: np.ndarray, img_size: tuple[int, int]) -> np.ndarray:
    """Boxes as albumentations has them -> in pixels; the inverse of `yxyx_to_albu`."""
    height, width = img_size
    return np.asarray(xyxy[:, [1, 0, 3, 2]] * np.array([height, width, height, width], dtype=float))


def _xywh_to_yxyx(xywh: np.ndarray) -> np.ndarray:
    x, y, w, h = xywh.T
    return np.stack([y, x, y + h, x + w], axis=-1)


_NO_BOXES: dict[str, Any] = {'bboxes': np.zeros((0, 4)), 'category_id': np.zeros(0, dtype=int)}
_TO_YXYX: dict[str, Callable[[np.ndarray], np.ndarray]] = {'yxyx': np.asarray, 'xywh': _xywh_to_yxyx}

TF_TYPE_TO_TF_FUNC: dict[TransformType, TransformFunc] = {
    TransformType.noop: noop_transformer,
    TransformType.classification: classification_transformer,
    TransformType.regression: regression_transformer,
    TransformType.object_detection: object_detection_transformer,
    TransformType.semantic_segmentation: semantic_segmentation_transformer,
}


def transformed(sample: Sample, transform: Transform | None, transform_type: TransformType) -> Sample:
    """Apply a transform to a sample.

    Args:
        sample: Image and label.
        transform: The transform; None leaves both as they are.
        transform_type: The kind of label.

    Raises:
        TransformError: If a transform cannot take such an image, or cuts its values to 0-1.
    """
    pixels = sample[0]
    try:
        x, y = TF_TYPE_TO_TF_FUNC[transform_type](sample, transform)
    except RasterVisionError:
        raise
    except Exception as error:  # of OpenCV, NumPy or albumentations, for which there are no others
        raise TransformError(
            f'{_failing(error) or transform!r} cannot be applied to an image of {pixels.shape[-1]} bands, '
            f'{pixels.dtype} ({error}). Leave it out, use one that can, or make the images uint8 or float32 from 0 to '
            '1 before, by base_transform or a transformer of the raster source.'
        ) from error
    if transform is not None and _is_cut(pixels, x):
        names = [name for name in _class_names(transform) if name not in NEVER_CUT]
        raise TransformError(
            f'A transform cuts floating point images to 0-1, and these go up to {pixels.max():.6g}: one of '
            f'{", ".join(names)}. Leave it out, or scale the images to 0-1 before, by base_transform or a transformer '
            'of the raster source.'
        )
    return x, y


@dataclass(frozen=True)
class SampleTransform:
    """A transform as a function of a sample, image and label, that gives both transformed; see `transformed`.

    Attributes:
        transform: The transform; None leaves samples as they are.
        transform_type: The kind of label.
    """

    transform: Transform | None
    transform_type: TransformType

    def __call__(self, sample: Sample) -> Sample:
        """The sample, transformed."""
        return transformed(sample, self.transform, self.transform_type)


def is_transform(x: object) -> TypeGuard[Transform]:
    """Whether something is a transform of albumentations."""
    return isinstance(x, A.BasicTransform | A.BaseCompose)


def _failing(error: BaseException) -> str | None:
    """The name of the transform that an error is from."""
    names, trace = [], error.__traceback__
    while trace is not None:
        owner = trace.tb_frame.f_locals.get('self')
        if isinstance(owner, A.BasicTransform):
            names.append(type(owner).__name__)
        trace = trace.tb_next
    return names[-1] if names else None


def _is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether most of what was above 1 has become 1."""
    if before.dtype.kind != 'f' or after.dtype.kind != 'f' or before.size == 0 or before.max() <= 1 or after.max() > 1:
        return False
    return float((after == 1).mean()) > MOST * float((before >= 1).mean())
