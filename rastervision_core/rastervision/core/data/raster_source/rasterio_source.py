"""Reads pixels from image files."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import ColorInterp

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.chips import resize
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.dataset_pool import PooledDataset
from rastervision.core.data.mosaic import locate_images, mosaic_xml, write_vrt
from rastervision.core.data.raster_drivers import is_trusted
from rastervision.core.data.raster_source.raster_source import OWN_WAYS, RasterSource
from rastervision.core.data.raster_transformer.chain import takes_chips, transform_chip
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.core.data.raster_values import read_nodata_mask, read_pixels, read_values
from rastervision.core.data.rasterio_io import (
    Nodata,
    common_dtype,
    get_aws_session,
    get_channel_order_from_dataset,
    is_masked,
    is_remote,
    open_raster,
    raster_errors,
    read_colors,
    transparent_colors,
)
from rastervision.core.data.read_ahead import ReadAhead
from rastervision.core.data.slices import parse_array_slices_Nd, sampled_shape
from rastervision.core.defaults import MAP_CRS
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.session import Session

lazy.also_give(
    __name__,
    'rastervision.core.data.chips: fill_overflow',
    'rastervision.core.data.mosaic: download_and_build_vrt',
    'rastervision.core.data.raster_values: read_window',
    'rastervision.core.data.uris: listify_uris',
    'rastervision.pipeline.file_system.utils: download_if_needed get_tmp_dir',
)

log = logging.getLogger(__name__)

COLORS = 3  # red, green, blue


class RasterioSource(RasterSource):
    """Reads pixels from one image, or from several that together make one, by rasterio.

    Several images must have the same CRS, resolution, bands and dtype; their extents may differ. Where they overlap,
    the later one is on top.

    Pixels that the image marks as NODATA (by a value, a mask or an alpha band) are 0 in a chip, and so is what lies
    outside the image or the bbox.

    Can be pickled and used in any process or thread: files are opened where they are read.

    An image with a colour table gives the indices that it stores, as labels need them; see `expand_palette`, which the
    config of a scene and `make_ss_scene` set for imagery. A scale
    and an offset that an image declares are not applied. An image without georeference, such as a JPEG, has pixels as
    map coordinates; one with ground control points or rational polynomials is georeferenced by these.

    Attributes:
        uris: The images.
        has_palette: Whether what the image stores are indices of a colour table.
    """

    def __init__(
        self,
        uris: str | list[str],
        raster_transformers: Sequence[RasterTransformer] = (),
        allow_streaming: bool = False,
        channel_order: Sequence[int] | None = None,
        bbox: Box | None = None,
        tmp_dir: str | None = None,
        *,
        expand_palette: bool = False,
        map_crs: str | None = MAP_CRS,
        trust_references: bool = False,
    ) -> None:
        """Make a source; of the images, only the headers are read.

        Args:
            uris: One image or several.
            raster_transformers: Applied to each chip.
            allow_streaming: Read remote images in parts, as they are needed, instead of downloading them.
            channel_order: Indices, from 0, of the bands to select. None: all but alpha. A band that is named is data,
                also if it is labelled alpha, as near infrared often is.
            bbox: The part of the image to read from. None: all.
            tmp_dir: Where remote images are downloaded to. None: the usual folder for downloads.
            expand_palette: Read the colours (red, green, blue; uint8) that the colour table of an image gives, not the
                indices that it stores. Of no effect on an image without colour table.
            map_crs: The CRS of map coordinates. None: that of the image.
            trust_references: Let an image that describes others, such as a VRT, read files outside of its folder and
                from the network.

        Raises:
            NotReadableError: If an image is missing or cannot be opened.
            DataError: If several images do not fit together.
            ChannelOrderError: If the image does not have one of the channels.
        """
        self.uris = [uris] if isinstance(uris, str) else list(uris)
        if not self.uris:
            raise ConfigError('RasterioSource: uris is empty. Give at least one image.')
        self.allow_streaming = allow_streaming
        self.tmp_dir = tmp_dir
        self._trusted = is_trusted(trust_references)
        self._named = tuple(channel_order or ())
        self.imagery_path = self.download_data(stream=allow_streaming)
        self._image = PooledDataset(self.imagery_path, trust_references=self._trusted)
        self._ahead: ReadAhead | None = None
        with (
            raster_errors(self.uris[0]),
            open_raster(self.imagery_path, trust_references=self._trusted) as dataset,
        ):
            self._nodata = Nodata.of(dataset, channel_order or ())
            self._is_mixed = len(set(dataset.dtypes)) > 1
            self._crs_transformer = RasterioCRSTransformer.from_dataset(dataset, map_crs)
            self.image_extent = Box(0, 0, dataset.height, dataset.width)
            self.has_palette = dataset.colorinterp[0] == ColorInterp.palette
            self._colors = read_colors(dataset) if expand_palette and self.has_palette else None
            self._transparent = [] if self._colors is None else transparent_colors(dataset)
            order = get_channel_order_from_dataset(dataset) if self._colors is None else range(COLORS)
            super().__init__(
                channel_order=order if channel_order is None else channel_order,
                num_channels_raw=dataset.count if self._colors is None else COLORS,
                dtype_raw=np.dtype(np.uint8) if self._colors is not None else _dtype(dataset, channel_order or order),
                bbox=self.image_extent if bbox is None else bbox,
                raster_transformers=raster_transformers,
            )

        self._warn_of_false_alpha()

    def _warn_of_false_alpha(self) -> None:
        band = self._nodata.false_alpha
        if band is not None and band - 1 not in self.channel_order:
            log.warning(
                '%r: band %d is labelled alpha, but what it holds looks like data, such as near infrared: it is '
                'neither a mask nor a channel here. Name it in channel_order to use it, as in %r.',
                self.uris[0],
                band,
                [*self.channel_order, band - 1],
            )

    def __repr__(self) -> str:
        return f'RasterioSource({self.uris!r}, channel_order={self.channel_order!r}, bbox={self.bbox!r})'

    @property
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the image (not of the bbox)."""
        return self._crs_transformer

    @property
    def nodata_values(self) -> tuple[float, ...]:
        """See the base class."""
        channels = self.channel_order if self._colors is None else []
        values = [self._nodata.values[channel] for channel in channels]
        return tuple(value for value in values if value is not None)

    @property
    def says_nodata(self) -> bool:
        """See the base class."""
        return self._nodata.is_declared(self._bands) or bool(self._transparent)

    def download_data(self, vrt_dir: str | None = None, stream: bool = False) -> str:
        """Bring the images where they can be read from.

        Args:
            vrt_dir: If given, several images are described by a file `index.vrt` there.
            stream: Leave remote images where they are.

        Returns:
            What GDAL opens: a path, or for several images without `vrt_dir` the XML of a VRT.
        """
        paths = locate_images(self.uris, self.tmp_dir, stream=stream, trust_references=self._trusted)
        if len(paths) == 1:
            return paths[0]
        with raster_errors(self.uris[0]):
            return mosaic_xml(paths, self._trusted, self._named) if vrt_dir is None else write_vrt(paths, vrt_dir)

    @property
    def image_dataset(self) -> 'DatasetReader':
        """The image, open for this thread; it closes by itself."""
        return self._image.get()

    @property
    def session(self) -> 'Session':
        """With what rights images on S3 are read; see `get_aws_session`."""
        return get_aws_session()

    @property
    def is_masked(self) -> bool:
        """Whether the image says what is NODATA, by a value, a mask or an alpha band."""
        return is_masked(self.image_dataset)

    @property
    def bands_to_read(self) -> np.ndarray:
        """Numbers, from 1, of the selected bands, (n,)."""
        return np.add(self.channel_order, 1)

    @property
    def is_streamed(self) -> bool:
        """See the base class."""
        return is_remote(self.imagery_path)

    @property
    def resamples_while_reading(self) -> bool:
        """See the base class; colours of a palette are resampled after they are read."""
        own_way = is_overridden(self, *OWN_WAYS, base=RasterioSource)
        return self._colors is None and self._reads_by_itself and not own_way

    # ------------------------------------------------------------------ reading
    @contextmanager
    def reading_ahead(self, windows: Sequence[Box]) -> Iterator[None]:
        """See the base class and :class:`.ReadAhead`; of no effect on an image on this machine."""
        if not self.is_streamed or self._ahead is not None or self._is_mixed:
            yield
            return
        inside = self.bbox.intersection(self.image_extent)
        parts = [window.to_global_coords(self.bbox).intersection(inside) for window in windows]
        with ReadAhead(self._image, parts, self._bands) as self._ahead:
            try:
                yield
            finally:
                self._ahead = None

    def _dataset(self) -> 'DatasetReader':
        if self._ahead is not None and self._ahead.is_mine:
            return self._ahead
        return self._image.get()

    @property
    def _transformers_take_chips(self) -> bool:
        return any(takes_chips(transformer) for transformer in self.raster_transformers)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_ahead': None}

    def _get_chip(  # type: ignore[override]
        self, window: Box, bands: Sequence[int] | np.ndarray | None = None, out_shape: tuple[int, int] | None = None
    ) -> np.ndarray:
        """Read bands of a window, before transformers; what a subclass puts in its place is always used.

        Args:
            window: Window in pixels relative to `bbox`.
            bands: Numbers, from 1, of the bands to read, in that order. None: all of the image.
            out_shape: Height and width to resample to. None: those of the window.
        """
        channels = range(self.num_channels_raw) if bands is None else [int(band) - 1 for band in bands]
        return self._read(window, channels, out_shape, find_data=False)[0]

    def get_chip(  # type: ignore[override]
        self,
        window: Box,
        bands: Sequence[int] | slice | None = None,
        out_shape: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Read a window; only the selected bands are read from the file.

        Args:
            window: Window in pixels relative to `bbox`.
            bands: Which of the selected channels to read. None: all. Transformers are applied to what is read.
            out_shape: Height and width to resample to, before transformers are applied. None: those of the window.
                As many rows and columns of the resampled chip are zero as the window has above and left of the bbox.

        Returns:
            Array (height, width, channels) of `dtype`.

        Raises:
            NotReadableError: If the file is damaged.
        """
        channels = self.channel_order if bands is None else np.array(self.channel_order)[bands].tolist()
        chip = self._read_selected(window, out_shape, channels, find_data=self._transformers_take_chips)
        if out_shape is not None:
            _clear_margins(chip.pixels, window)
        return transform_chip(self.raster_transformers, chip).pixels

    def _read_selected(
        self,
        window: Box,
        out_shape: tuple[int, int] | None,
        channels: Sequence[int] | None = None,
        *,
        find_data: bool,
    ) -> Chip:
        channels = self.channel_order if channels is None else channels
        if is_overridden(self, *OWN_WAYS, base=RasterioSource):
            pixels = self._get_chip(window, bands=np.add(channels, 1), out_shape=out_shape)
            return self._mark_data(pixels, window) if find_data else Chip(pixels)
        return self._read_chip_of_image(window, out_shape, channels, find_data=find_data)

    def _read_stored(self, window: Box) -> Chip:
        return self._read_chip_of_image(window, None, self.channel_order, find_data=True)

    def _read_chip_of_image(
        self, window: Box, out_shape: tuple[int, int] | None, channels: Sequence[int], *, find_data: bool
    ) -> Chip:
        pixels, data = self._read(window, channels, out_shape, find_data=find_data)
        if not find_data:
            return Chip(pixels)
        return Chip.of(pixels, data, zero_is_data=self._zero_is_data)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read by a `Box` or by slices; see the base class. Without transformers, only the bands asked for are read."""
        if isinstance(key, Box) or self.raster_transformers:
            return super().__getitem__(key)
        window, (h, w, bands) = parse_array_slices_Nd(key, extent=self.extent)
        single = isinstance(bands, int)
        chip = self.get_chip(window, [bands] if single else bands, sampled_shape(h, w))
        return chip[..., 0] if single else chip

    @property
    def _bands(self) -> list[int]:
        """The bands, from 1, that are read."""
        return [1] if self._colors is not None else [channel + 1 for channel in self.channel_order]

    def _read(
        self, window: Box, channels: Sequence[int], out_shape: tuple[int, int] | None, *, find_data: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Pixels (height, width, channels), and which are data; see `read_values`."""
        if self._colors is not None:
            colors, data = self._read_colors(window, out_shape)
            return colors[..., list(channels)], None if data is None else data[..., list(channels)]
        options: dict[str, Any] = {'nodata': self._nodata, 'inside': self.bbox, 'out_shape': out_shape}
        window, bands = window.to_global_coords(self.bbox), [channel + 1 for channel in channels]
        pixels, data = read_values(self._dataset(), window, bands, find_data=find_data, **options)
        is_selected = set(channels) <= set(self.channel_order)
        return pixels.astype(self.dtype_raw, copy=False) if is_selected else pixels, data

    def _read_colors(self, window: Box, out_shape: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray | None]:
        """The colours of a window, (height, width, 3), uint8, and which are data; what has no data is 0."""
        assert self._colors is not None
        window, dataset = window.to_global_coords(self.bbox), self._dataset()
        raw = Nodata((None,) * dataset.count, masked=False)
        indices = read_pixels(dataset, window, [1], nodata=raw)[..., 0]
        colors: np.ndarray = self._colors[indices]
        missing = read_nodata_mask(dataset, window, [1], nodata=self._nodata, inside=self.bbox)
        missing |= np.isin(indices, self._transparent)
        data = None
        if missing.any():
            colors[missing] = 0
            data = np.broadcast_to(~missing[..., np.newaxis], colors.shape)
        if out_shape is None:
            return colors, data
        resampled = resize(colors, out_shape, data=data)
        if data is None:
            return resampled, None
        data = resize(data, out_shape, nearest=True)
        return np.where(data, resampled, 0), data


def _dtype(dataset: 'DatasetReader', channels: Sequence[int]) -> np.dtype:
    """The dtype of channels, counted from 0; those that the image does not have are left to others to complain of."""
    return common_dtype(dataset, [channel + 1 for channel in channels if 0 <= channel < dataset.count])


def _clear_margins(chip: np.ndarray, window: Box) -> None:
    """Set the first rows and columns to 0: as many as a window relative to the bbox has above and left of it.

    Raster Vision 0.31 counts them in pixels of the window though the chip is resampled, and its chips are what we keep
    to. A chip of twice the resolution thus has half of its margin cleared, which is zero anyway; one of half the
    resolution twice its margin.
    """
    chip[: max(-window.ymin, 0)] = 0
    chip[:, : max(-window.xmin, 0)] = 0
