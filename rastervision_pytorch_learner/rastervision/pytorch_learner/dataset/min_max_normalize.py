"""An albumentations transform that stretches the values of an image."""

from typing import Any

import albumentations as A
import cv2
import numpy as np


class MinMaxNormalize(A.ImageOnlyTransform):  # type: ignore[misc]
    """Stretch the values of each channel linearly to a range.

    Args:
        min_val: What the smallest value becomes.
        max_val: What the largest value becomes.
        dtype: OpenCV's number of the type of the result: 5 is float32, 0 is uint8.
        always_apply: Older spelling of `p=1.0`.
        p: Probability of being applied.
    """

    def __init__(
        self,
        min_val: float = 0.0,
        max_val: float = 1.0,
        dtype: int = cv2.CV_32F,
        always_apply: bool = False,
        p: float = 1.0,
    ) -> None:
        super().__init__(p=1.0 if always_apply else p)
        self.min_val = min_val
        self.max_val = max_val
        self.dtype = dtype

    @classmethod
    def get_class_fullname(cls) -> str:
        """The name that configs have for this class."""
        return 'rastervision.pytorch_learner.utils.utils.MinMaxNormalize'

    def apply(self, image: np.ndarray, *args: Any, **params: Any) -> np.ndarray:
        """Stretch an image (height, width, channels); a channel with one value becomes `min_val`."""
        pixels = image.astype(np.float64)
        low, high = np.nanmin(pixels, axis=(0, 1)), np.nanmax(pixels, axis=(0, 1))
        spread = np.where(high > low, high - low, 1.0)
        stretched = (pixels - low) / spread * (self.max_val - self.min_val) + self.min_val
        return np.asarray(stretched, dtype=_NUMPY_TYPES[self.dtype])

    def get_transform_init_args_names(self) -> tuple[str, ...]:
        """Names of the arguments that are serialised."""
        return ('min_val', 'max_val', 'dtype')


_NUMPY_TYPES: dict[int, type[np.generic]] = {
    cv2.CV_8U: np.uint8,
    cv2.CV_8S: np.int8,
    cv2.CV_16U: np.uint16,
    cv2.CV_16S: np.int16,
    cv2.CV_32S: np.int32,
    cv2.CV_32F: np.float32,
    cv2.CV_64F: np.float64,
}
