"""The interface of what pixels are read from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.chips import inside, resize
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.raster_transformer.chain import (
    get_transformed_dtype,
    get_transformed_num_channels,
    takes_chips,
    transform_chip,
)
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.core.data.slices import parse_array_slices_Nd, sampled_shape
from rastervision.pipeline.errors import ArgumentError
from rastervision.pipeline.errors import ChannelOrderError as ChannelOrderError
from rastervision.pipeline.overriding import is_overridden, is_overridden_later

OWN_WAYS = '_get_chip', 'get_nodata_mask'  # of subclasses; a class that has a shorter one asks for these


class RasterSource(ABC):
    """A raster of which windows are read.

    Windows are in pixels relative to `bbox`. They may reach over its edges; what is outside is filled with zeros.

    A chip goes through three steps: it is read with all channels, channels are selected, transformers are applied. A
    subclass implements the first one, `_get_chip`, and `crs_transformer`. If its pixels may be NODATA, it says where
    by `get_nodata_mask`; what is outside the extent, and what is not finite, is no data anyway.

    Attributes:
        channel_order: Indices of the channels that are selected, in that order.
        num_channels_raw: Number of channels before selection.
        raster_transformers: What is applied to each chip, in that order.
    """

    def __init__(
        self,
        channel_order: Sequence[int] | None,
        num_channels_raw: int,
        bbox: Box,
        raster_transformers: Sequence[RasterTransformer] = (),
        *,
        dtype_raw: np.dtype | None = None,
    ) -> None:
        """Make a source.

        Args:
            channel_order: See the class. None: all channels.
            num_channels_raw: See the class.
            bbox: The part of the image to read from, in pixels of the image.
            raster_transformers: See the class.
            dtype_raw: See the class. None: what the subclass gives as `dtype`, as it had to in 0.21.

        Raises:
            ChannelOrderError: If the image does not have one of the channels.
            ArgumentError: If nothing says what the dtype is.
        """
        if dtype_raw is None and not is_overridden(self, 'dtype', base=RasterSource):
            raise ArgumentError(
                f'{type(self).__name__}: dtype_raw is missing, the dtype of pixels before transformers.'
            )
        if channel_order is None:
            channel_order = range(num_channels_raw)
        if not all(0 <= channel < num_channels_raw for channel in channel_order):
            raise ChannelOrderError(list(channel_order), num_channels_raw)
        self.channel_order = [int(channel) for channel in channel_order]
        self.num_channels_raw = num_channels_raw
        self._dtype_raw = None if dtype_raw is None else np.dtype(dtype_raw)
        self.raster_transformers = list(raster_transformers)
        self._bbox = bbox
        if self._dtype_raw is not None:
            self._dtype = np.dtype(get_transformed_dtype(self.raster_transformers, self._dtype_raw))
        self._num_channels = get_transformed_num_channels(self.raster_transformers, len(self.channel_order))

    # --------------------------------------------------------------- properties
    @property
    def num_channels(self) -> int:
        """Number of channels of a chip."""
        return self._num_channels

    @property
    def dtype(self) -> np.dtype:
        """Dtype of a chip."""
        return self._dtype

    @property
    def dtype_raw(self) -> np.dtype:
        """Dtype of pixels before transformers."""
        return np.dtype(self.dtype) if self._dtype_raw is None else self._dtype_raw

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and number of channels of the whole raster."""
        return *self.bbox.size, self._num_channels

    @property
    def bbox(self) -> Box:
        """The part of the image that is read from, in pixels of the image."""
        return self._bbox

    @property
    def extent(self) -> Box:
        """The box (0, 0, height, width), in which windows are."""
        return self.bbox.extent

    @property
    def nodata_values(self) -> tuple[float, ...]:
        """The NODATA values that the selected channels declare; those that declare none are left out."""
        return ()

    @property
    def says_nodata(self) -> bool:
        """Whether the raster says what is NODATA, by a value or a mask, so that 0 is a value like others."""
        return is_overridden(self, 'get_nodata_mask', base=RasterSource)

    @property
    def is_streamed(self) -> bool:
        """Whether pixels come over a network while they are read, so that reading ahead is worth it."""
        return False

    @property
    def resamples_while_reading(self) -> bool:
        """Whether a window that is resampled is never held as it is, so that memory depends on `out_shape` only."""
        return False

    @property
    @abstractmethod
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the image (not of the bbox)."""

    def set_bbox(self, bbox: Box) -> None:
        """Read from another part of the image."""
        self._bbox = bbox

    # ------------------------------------------------------------------ reading
    @abstractmethod
    def _get_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        """Read all channels of a window; see `get_raw_chip`."""

    def get_raw_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        """Read all channels of a window, without transformers.

        Args:
            window: Window in pixels relative to `bbox`.
            out_shape: Height and width to resample to. None: those of the window.

        Returns:
            Array (height, width, channels) of `dtype_raw`; zeros where the window is outside the bbox, or where the
            image has no data.
        """
        return self._get_chip(window, out_shape=out_shape)

    def get_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        """Read a window: select channels, apply transformers.

        Args:
            window: Window in pixels relative to `bbox`.
            out_shape: Height and width to resample to, before transformers are applied. None: those of the window.

        Returns:
            Array (height, width, channels) of `dtype`. NaN and infinite values of the image stay.
        """
        return self._read_chip(window, out_shape, find_data=False).pixels

    def read_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> Chip:
        """Read a window and which of its pixels are data.

        Pixels are those of `get_chip`, but 0 where there are no data, whatever transformers make of them; and all are
        finite.

        Args:
            window: Window in pixels relative to `bbox`. It may reach over its edges.
            out_shape: Height and width to resample to; see `get_chip`. What is data is told from the nearest pixel.
        """
        if self._reads_by_itself:
            chip = self._read_chip(window, out_shape, find_data=True)
        else:  # a plugin's own way
            chip = self._mark_data(self.get_chip(window, out_shape=out_shape), window)
        return chip.filled()

    def read_raw_chip(self, window: Box) -> Chip:
        """Read the selected channels of a window, without transformers, and which of their values are data.

        Args:
            window: Window in pixels relative to `bbox`.
        """
        if not is_overridden(self, 'get_raw_chip', base=RasterSource):
            return self._read_selected(window, None, find_data=True)
        return self._mark_data(self.get_raw_chip(window)[..., self.channel_order], window)

    @property
    def _reads_by_itself(self) -> bool:
        """Whether `get_chip` gives what `_read_selected` reads, after the transformers: no subclass has its own."""
        return not is_overridden_later(self, 'get_chip', than=('_read_selected',))

    def _read_chip(self, window: Box, out_shape: tuple[int, int] | None, *, find_data: bool) -> Chip:
        """What `get_chip` reads.

        Args:
            window: See `get_chip`.
            out_shape: See `get_chip`.
            find_data: Whether it is asked for what is data; if not, all may be said to be, for what transformers care.
        """
        find_data = find_data or any(takes_chips(transformer) for transformer in self.raster_transformers)
        return transform_chip(self.raster_transformers, self._read_selected(window, out_shape, find_data=find_data))

    def _read_selected(self, window: Box, out_shape: tuple[int, int] | None, *, find_data: bool) -> Chip:
        """The selected channels, before transformers; see `_read_chip`."""
        pixels = self._get_chip(window, out_shape=out_shape)[..., self.channel_order]
        return self._mark_data(pixels, window) if find_data else Chip(pixels)

    def _read_stored(self, window: Box) -> Chip | None:
        """The selected channels of a window as the raster has them, and which of its values are data.

        That is so whatever a subclass puts in the place of `_get_chip` and `get_nodata_mask`, which may ask for it.

        Returns:
            None if nothing is known of what is data, but what `get_nodata_mask` says.
        """
        return None

    def _mark_data(self, pixels: np.ndarray, window: Box) -> Chip:
        """Pixels of a window, perhaps resampled, with what `get_nodata_mask` and the extent say."""
        shape = pixels.shape[-3:-1]
        declared = self.get_nodata_mask(window)
        data = inside(self.extent, window) if declared is None else ~declared & inside(self.extent, window)
        data = np.broadcast_to(resize(data, shape, nearest=True)[..., np.newaxis], pixels.shape)
        return Chip.of(pixels, data, zero_is_data=self._zero_is_data)

    @property
    def _zero_is_data(self) -> bool:
        """See :class:`.Chip`."""
        return self.says_nodata or self.dtype_raw.kind != 'u'

    def _read_resampled(self, window: Box, out_shape: tuple[int, int], *, find_data: bool) -> Chip:
        """A chip for a raster source that brings several to the same pixels: what is outside is resampled too."""
        if self._reads_by_itself:
            return self._read_chip(window, out_shape, find_data=find_data)
        pixels = self.get_chip(window, out_shape=out_shape)
        return self._mark_data(pixels, window) if find_data else Chip(pixels)

    def reading_ahead(self, windows: Sequence[Box]) -> AbstractContextManager[None]:
        """Announce what will be read next: while this is entered, a source that streams fetches it in threads.

        Args:
            windows: Windows in pixels relative to `bbox`, in the order that they will be read by this thread. Others
                may be read too; chips are the same.

        Returns:
            A context manager.
        """
        return nullcontext()

    def get_chip_by_map_window(self, window_map_coords: Box, *args: Any, **kwargs: Any) -> np.ndarray:
        """Read a window given in map coordinates: the nearest whole pixels.

        Args:
            window_map_coords: The window, by two of its corners in the image; its y axis may point up or down.
            args: Passed to `get_chip`.
            kwargs: Passed to `get_chip`.
        """
        ymin, xmin, ymax, xmax = window_map_coords
        x, y = self.crs_transformer.to_pixels((np.array([xmin, xmax]), np.array([ymin, ymax])), bbox=self.bbox)
        window = Box(y[0].item(), x[0].item(), y[1].item(), x[1].item()).normalize().to_window()
        return self.get_chip(window, *args, **kwargs)

    def get_nodata_mask(self, window: Box) -> np.ndarray | None:
        """Where the image has no data.

        Args:
            window: Window in pixels relative to `bbox`.

        Returns:
            Bool array (height, width) that is true where no selected channel is data, and outside the image. None if
            the source does not say what is NODATA, and nothing is missing.
        """
        stored = self._read_stored(window)
        if stored is None:
            return None
        if stored.valid is not None:
            return ~stored.valid
        return np.zeros(window.size, dtype=bool) if self.says_nodata else None

    def resize(self, chip: np.ndarray, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        """Resample a chip (height, width, channels) bilinearly, keeping its dtype.

        Args:
            chip: The chip.
            out_shape: Height and width. None: those of the chip, which is returned as it is.
        """
        return chip if out_shape is None else resize(chip, out_shape)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read by a `Box`, or by slices `[ymin:ymax, xmin:xmax, channels]`, which may have steps.

        With steps, the window is resampled bilinearly to `size // step`. Channels are those of `get_chip`.

        Raises:
            ArgumentTypeError: If rows and columns are not given as slices.
            UnsupportedSliceError: If they have negative numbers.
        """
        if isinstance(key, Box):
            return self.get_chip(key)
        window, (h, w, channels) = parse_array_slices_Nd(key, extent=self.extent)
        chip: np.ndarray = self.get_chip(window, out_shape=sampled_shape(h, w))[..., channels]
        return chip
