"""An albumentations transform that takes parts of an image away, as if there were no data."""

from typing import Any

import albumentations as A
import numpy as np

from rastervision.pipeline.errors import ArgumentError

MOST_PATCHES = 100


class NodataPatches(A.DualTransform):  # type: ignore[misc]
    """Make random rectangles of an image NODATA, so that a model learns to do without them.

    In datasets of this package, the pixels of the patches become like those that an image declares as NODATA: 0 for
    the model, marked as no data, and not mixed into others by transforms before or after. Labels of pixels there do not
    count; boxes of which no pixel is left are dropped; other labels stay. Images may have any number of bands, any
    type, and a time axis, along which patches are the same. What is drawn follows from the random state of the sample.

    Called by itself, it sets the pixels to 0 in all bands and leaves a `mask` and boxes alone; if there are `masks`,
    it sets those to 1 instead, and leaves the image alone.

    Args:
        num_patches: Fewest and most patches of an image, both inclusive; at most 100.
        patch_size: Smallest and largest height and width of a patch, each as a part (0 to 1) of that of the image.
        max_share: Largest part (0 to 1) of the image that patches may cover together. A patch that would take more
            away is left out.
        p: Probability of being applied.

    Raises:
        ArgumentError: If these are no such numbers.
    """

    def __init__(
        self,
        num_patches: tuple[int, int] = (1, 4),
        patch_size: tuple[float, float] = (0.05, 0.3),
        max_share: float = 0.5,
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        if not (0 <= num_patches[0] <= num_patches[1] <= MOST_PATCHES):
            raise ArgumentError(f'num_patches {num_patches!r}: give two numbers in order, from 0 to {MOST_PATCHES}.')
        if not (0 < patch_size[0] <= patch_size[1] <= 1):
            raise ArgumentError(f'patch_size {patch_size!r}: give two parts of a side in order, above 0 and up to 1.')
        if not 0 < max_share <= 1:
            raise ArgumentError(f'max_share {max_share!r}: give a part of the image, above 0 and up to 1.')
        self.num_patches, self.patch_size, self.max_share = tuple(num_patches), tuple(patch_size), max_share

    @property
    def targets(self) -> dict[str, Any]:
        """What is transformed, and how."""
        return {
            'image': self.apply,
            'images': self.apply,
            'mask': self.leave,
            'masks': self.apply_to_masks,
            'bboxes': self.leave,
            'keypoints': self.leave,
        }

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Draw the patches: bool array (height, width)."""
        height, width = params['shape'][:2]
        patches = np.zeros((height, width), dtype=bool)
        for _ in range(self.py_random.randint(*self.num_patches)):
            shares = self.random_generator.uniform(*self.patch_size, size=2)
            h, w = (int(side) for side in np.maximum(np.round(shares * (height, width)), 1))
            y, x = self.random_generator.integers((0, 0), (height - h, width - w), endpoint=True).tolist()
            more = patches.copy()
            more[y : y + h, x : x + w] = True
            patches = more if more.mean() <= self.max_share else patches
        return {'patches': patches, 'only_marks': data.get('masks') is not None}

    def apply(self, image: np.ndarray, patches: np.ndarray, only_marks: bool, **params: Any) -> np.ndarray:
        """An image (..., height, width, channels), 0 in the patches, unless they are only marked."""
        return image if only_marks else np.where(patches[..., np.newaxis], image.dtype.type(0), image)

    def apply_to_masks(self, masks: list[np.ndarray], patches: np.ndarray, **params: Any) -> list[np.ndarray]:
        """Masks (height, width), 1 in the patches."""
        return [np.where(patches, mask.dtype.type(1), mask) for mask in masks]

    def leave(self, target: Any, **params: Any) -> Any:
        """What stays as it is."""
        return target

    def get_transform_init_args_names(self) -> tuple[str, ...]:
        """Names of the arguments that are serialised."""
        return ('num_patches', 'patch_size', 'max_share')
