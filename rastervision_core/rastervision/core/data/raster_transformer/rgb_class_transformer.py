"""Class ids from colours, and back."""

from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.data.chip import Chip
from rastervision.core.data.colors import color_to_triple, rgb_to_int_array
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig

lazy.also_give(
    __name__,
    'rastervision.core.data.colors: color_to_integer',
    'rastervision.core.data.raster_transformer.reclass_transformer: ReclassTransformer',
    'rastervision.core.types: PosInt',
)


class RGBClassTransformer(RasterTransformer):
    """Turns colours into class ids, and class ids into colours.

    Attributes:
        class_config: The classes and their colours.
    """

    def __init__(self, class_config: 'ClassConfig') -> None:
        self.class_config = class_config
        self._palette = np.array([color_to_triple(color) for color in class_config.colors or ()], dtype=np.uint8)
        colors = rgb_to_int_array(self._palette.reshape(-1, 3))
        self._ids = np.argsort(colors, kind='stable').astype(self._dtype)
        self._colors = colors[self._ids]

    def transform(self, chip: np.ndarray) -> np.ndarray:
        """See `rgb_to_class`."""
        return self.rgb_to_class(chip)

    def transform_chip(self, chip: Chip) -> Chip:
        """See `rgb_to_class`; what is no data is of the null class, or, if there is none, 0."""
        is_data = None if chip.data is None else np.asarray(chip.data.any(axis=-1))
        return chip.with_pixels(self._classify(chip.pixels, is_data)[..., np.newaxis])

    def rgb_to_class(self, array_rgb: np.ndarray) -> np.ndarray:
        """Turn colours into class ids.

        Args:
            array_rgb: Pixels, (..., height, width, 3), 0-255. Further channels are left out of account.

        Returns:
            Class ids, (..., height, width), uint8. Colours of no class get the id of the null class.

        Raises:
            DataError: If there are less than 3 channels, or a colour is of no class and there is no null class.
        """
        return self._classify(array_rgb, None)

    def _classify(self, array_rgb: np.ndarray, is_data: np.ndarray | None) -> np.ndarray:
        if array_rgb.shape[-1] < 3:
            raise DataError(f'Colours of classes need 3 channels; the labels have {array_rgb.shape[-1]}.')
        colors = rgb_to_int_array(array_rgb[..., :3])
        index = np.minimum(np.searchsorted(self._colors, colors), len(self._colors) - 1)
        ids: np.ndarray = self._ids[index]
        unknown = self._colors[index] != colors
        if is_data is not None:
            ids[~is_data] = 0 if self.class_config.null_class is None else self.class_config.null_class_id
            unknown &= is_data
        if unknown.any():
            if self.class_config.null_class is None:
                raise DataError(
                    f'{tuple(array_rgb[unknown][0][:3].tolist())!r} is the colour of none of the classes '
                    f'{self.class_config.names!r}. Add a class of this colour, or a null class.'
                )
            ids[unknown] = self.class_config.null_class_id
        return ids

    def class_to_rgb(self, class_labels: np.ndarray) -> np.ndarray:
        """Turn class ids into colours.

        Args:
            class_labels: Class ids of any shape.

        Returns:
            Array of that shape and a last axis of 3, uint8.

        Raises:
            DataError: If there is no class of an id.
        """
        if class_labels.size and not 0 <= class_labels.min() <= class_labels.max() < len(self._palette):
            wrong = sorted(set(np.unique(class_labels).tolist()) - set(range(len(self._palette))))
            raise DataError(f'There are no classes of the ids {wrong!r}; the classes are {self.class_config.names!r}.')
        rgb: np.ndarray = self._palette[class_labels]
        return rgb

    def get_out_channels(self, in_channels: int) -> int:
        """Always 1.

        Raises:
            ArgumentError: If there are not 3 channels.
        """
        if in_channels != 3:
            raise ArgumentError(
                f'Colours of classes have 3 channels, red, green and blue; the labels have {in_channels}. Choose these '
                'by channel_order.'
            )
        return 1

    def get_out_dtype(self, in_dtype: np.dtype) -> np.dtype:
        """Always uint8, as long as there are at most 256 classes."""
        return self._dtype

    @property
    def _dtype(self) -> np.dtype:
        return np.min_scalar_type(max(len(self._palette) - 1, 0))
