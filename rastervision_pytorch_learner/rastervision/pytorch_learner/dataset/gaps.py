"""Transforms of images some of whose pixels are no data: what is none is not mixed into what is."""

import copy
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.dataset.randomness import seed_transform
from rastervision.pytorch_learner.dataset.transform import (
    Sample,
    Transform,
    TransformType,
    makes_gaps,
    scales_pixels,
    transformed,
)


def transformed_around_gaps(
    sample: Sample,
    invalid: np.ndarray,
    transform: Transform,
    transform_type: TransformType,
    rng: np.random.Generator,
    *,
    mixed: bool = False,
) -> tuple[Sample, np.ndarray]:
    """Apply a transform to a sample with pixels that are no data.

    While it is transformed, these have the values of the nearest pixels that are data, so that no interpolation, blur
    or shift brings anything else to those. Afterwards they are 0 again; or, if the transform scales pixels (as
    Normalize), what it makes of 0.

    Args:
        sample: Image, 0 where it is no data, and label.
        invalid: Bool array (height, width): which pixels are no data.
        transform: The transform.
        transform_type: The kind of label. `noop`, for which nothing is transformed, gives the sample as it is.
        rng: What the transform draws from.
        mixed: Let them be 0 while they are transformed, so that they are mixed into others. If the transform makes
            pixels NODATA, all are 0 afterwards nevertheless.

    Returns:
        The sample, and which of its pixels (height, width) are no data.
    """
    if transform_type is TransformType.noop:
        return sample, invalid
    x, y = sample
    state = copy.deepcopy(rng)
    seed_transform(transform, rng)
    masked = _Masked(transform, invalid)
    image, label = transformed((x if mixed else _filled(x, invalid), y), masked, transform_type)
    if not mixed or makes_gaps(transform):
        fill: Any = image.dtype.type(0)
        if scales_pixels(transform):
            seed_transform(transform, state)
            fill = transformed((np.zeros_like(x), y), _Masked(transform, invalid), transform_type)[0]
        image = np.where(masked.mask[..., np.newaxis], fill, image)
    if label is not None and transform_type is TransformType.semantic_segmentation:
        label = np.where(masked.mask, NO_CLASS, label)
    return (image, label), masked.mask


def _filled(x: np.ndarray, invalid: np.ndarray) -> np.ndarray:
    """An image (..., height, width, channels) whose invalid pixels are like the nearest that are not."""
    if invalid.all() or not invalid.any():
        return x
    rows, columns = distance_transform_edt(invalid, return_distances=False, return_indices=True)
    return np.asarray(x[..., rows, columns, :])


class _Masked:
    """A transform that is applied to a mask, too, in which nothing is interpolated."""

    def __init__(self, transform: Transform, mask: np.ndarray) -> None:
        self.transforms = (transform,)
        self.mask = mask

    def __call__(self, **kwargs: Any) -> dict[str, Any]:
        out: dict[str, Any] = self.transforms[0](masks=[self.mask.astype(np.uint8)], **kwargs)
        self.mask = np.asarray(out['masks'][0]) != 0
        return out

    def __repr__(self) -> str:
        return repr(self.transforms[0])
