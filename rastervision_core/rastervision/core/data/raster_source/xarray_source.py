"""Reads pixels from xarray's arrays, so from STAC items."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.chips import read_padded, resize
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.nodata import equals, value_in_dtype
from rastervision.core.data.raster_source.raster_source import OWN_WAYS, RasterSource
from rastervision.core.data.raster_transformer.chain import takes_chips, transform_chip
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.core.data.rasterio_io import raster_errors
from rastervision.core.data.slices import parse_array_slices_Nd, sampled_shape
from rastervision.pipeline.errors import ConfigError, DataError
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from pystac import Item, ItemCollection
    from xarray import DataArray

DIMS = ('y', 'x', 'band')
TEMPORAL_DIMS = ('time', *DIMS)
Times = int | Sequence[int] | slice
ALL = slice(None)
NODATA_NAMES = ('nodata', '_FillValue', 'missing_value')


class XarraySource(RasterSource):
    """Reads pixels from an array with named axes, which may be in memory or be read in parts (dask).

    Chips are (height, width, channels), or (time, height, width, channels) of a time series. Values equal to the
    array's attribute `nodata`, `_FillValue` or `missing_value` are no data and become 0.

    Attributes:
        data_array: The array.
        temporal: Whether it is a time series.
    """

    def __init__(
        self,
        data_array: 'DataArray',
        crs_transformer: CRSTransformer,
        raster_transformers: Sequence[RasterTransformer] = (),
        channel_order: Sequence[int] | None = None,
        bbox: Box | None = None,
        temporal: bool = False,
    ) -> None:
        """Make a source.

        Args:
            data_array: Array with the dims y, x, band, and time if it is a time series, in any order.
            crs_transformer: Where its pixels are on the map.
            raster_transformers: Applied to each chip.
            channel_order: Indices, from 0, of the bands to select. None: all.
            bbox: The part to read from, in pixels; what is outside the array is left out. None: all.
            temporal: See the class.

        Raises:
            DataError: If the array has other dims.
            ChannelOrderError: If there is no such band.
        """
        dims = TEMPORAL_DIMS if temporal else DIMS
        if set(data_array.dims) != set(dims):
            raise DataError(
                f'The array has the dims {tuple(data_array.dims)!r}; with temporal={temporal!r} they should be '
                f'{dims!r}. Rename them, or select a time by isel(time=0).'
            )
        self.temporal = temporal
        self.data_array = data_array.transpose(*dims)
        self._crs_transformer = crs_transformer
        self.image_extent = Box(0, 0, data_array.sizes['y'], data_array.sizes['x'])
        super().__init__(
            channel_order=channel_order,
            num_channels_raw=data_array.sizes['band'],
            dtype_raw=data_array.dtype,
            bbox=self.image_extent if bbox is None else bbox.intersection(self.image_extent),
            raster_transformers=raster_transformers,
        )

    @classmethod
    def from_stac(
        cls,
        item_or_item_collection: 'Item | ItemCollection',
        raster_transformers: Sequence[RasterTransformer] = (),
        channel_order: Sequence[int] | None = None,
        bbox: Box | tuple[int, int, int, int] | None = None,
        bbox_map_coords: Box | tuple[float, float, float, float] | None = None,
        temporal: bool = False,
        allow_streaming: bool = False,
        stackstac_args: Mapping[str, Any] = {'rescale': False},
    ) -> Self:
        """Make a source of STAC items, put on one grid by odc-stac.

        Args:
            item_or_item_collection: An item, or several. Without `temporal`, several are merged to one image; where
                they overlap, the first one with data is taken.
            raster_transformers: Applied to each chip.
            channel_order: Indices, from 0, of the assets to select. None: all.
            bbox: The part to read from, in pixels: (ymin, xmin, ymax, xmax).
            bbox_map_coords: The same in EPSG:4326, instead of `bbox`.
            temporal: Whether several items are a time series.
            allow_streaming: Read pixels in parts when they are asked for. If not, all are loaded into memory now.
            stackstac_args: How to put items on the grid, in the words of `odc.stac.load` or `stackstac.stack`.

        Raises:
            ConfigError: If both bboxes are given, or an option is unknown.
            NotReadableError: If the items cannot be read.
        """
        from pystac import Item

        from rastervision.core.data.stac_grid import load_items

        items = [item_or_item_collection] if isinstance(item_or_item_collection, Item) else [*item_or_item_collection]
        array, geobox = load_items(items, temporal=temporal, stream=allow_streaming, options=stackstac_args)
        crs_transformer = RasterioCRSTransformer(geobox.transform, str(geobox.crs))
        return cls(
            array,
            crs_transformer,
            raster_transformers=raster_transformers,
            channel_order=channel_order,
            bbox=choose_bbox(bbox, bbox_map_coords, crs_transformer),
            temporal=temporal,
        )

    # --------------------------------------------------------------- properties
    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and number of channels of the whole raster; before them, number of times of a time series."""
        return (self.data_array.sizes['time'], *super().shape) if self.temporal else super().shape

    @property
    def ndim(self) -> int:
        """Number of axes of the array: 3, or 4 of a time series."""
        return self.data_array.ndim

    @property
    def full_extent(self) -> Box:
        """All of the array, whatever the bbox."""
        return self.image_extent

    @property
    def crs_transformer(self) -> CRSTransformer:
        """Transforms between map coordinates and pixels of the image (not of the bbox)."""
        return self._crs_transformer

    @property
    def says_nodata(self) -> bool:
        """See the base class."""
        return self._nodata is not None

    # ------------------------------------------------------------------ reading
    def _get_chip(  # type: ignore[override]
        self,
        window: Box,
        bands: Sequence[int] | None = None,
        time: Times = ALL,
        out_shape: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Read bands of a window, before transformers; what a subclass puts in its place is always used.

        Args:
            window: Window in pixels relative to `bbox`.
            bands: Indices, from 0, of the bands to read, in that order. None: all of the array.
            time: Which times of a time series to read; the axis stays.
            out_shape: Height and width to resample to. None: those of the window.
        """
        channels = range(self.num_channels_raw) if bands is None else bands
        times = [time] if isinstance(time, int) else time
        return self._read(window, channels, times, out_shape, find_data=False).pixels

    def get_chip(  # type: ignore[override]
        self,
        window: Box,
        bands: int | Sequence[int] | slice | None = None,
        time: Times = ALL,
        out_shape: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Read a window.

        Args:
            window: Window in pixels relative to `bbox`.
            bands: Which of the selected channels to read. None: all. Transformers are applied to what is read.
            time: Which times of a time series to read.
            out_shape: Height and width to resample to, before transformers are applied. None: those of the window.

        Returns:
            Array (height, width, channels), or (time, height, width, channels), of `dtype`. An axis that is indexed by
            a number is left out.
        """
        channels = np.array(self.channel_order)[ALL if bands is None else bands]
        times = [time] if isinstance(time, int) else time
        find_data = any(takes_chips(transformer) for transformer in self.raster_transformers)
        read = self._read_bands(window, np.atleast_1d(channels).tolist(), times, out_shape, find_data=find_data)
        chip = transform_chip(self.raster_transformers, read).pixels
        if isinstance(time, int) and self.temporal:
            chip = chip[0]
        return chip[..., 0] if isinstance(bands, int) else chip

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read by a `Box`, or by slices, of a time series `[times, ymin:ymax, xmin:xmax, channels]`."""
        if isinstance(key, Box) or not self.temporal:
            return super().__getitem__(key)
        window, (times, h, w, channels) = parse_array_slices_Nd(key, extent=self.extent, dims=4)
        chip: np.ndarray = self.get_chip(window, time=times, out_shape=sampled_shape(h, w))[..., channels]
        return chip

    def _read_selected(self, window: Box, out_shape: tuple[int, int] | None, *, find_data: bool) -> Chip:
        return self._read_bands(window, self.channel_order, ALL, out_shape, find_data=find_data)

    def _read_stored(self, window: Box) -> Chip:
        return self._read(window, self.channel_order, ALL, None, find_data=True)

    def _read_bands(
        self,
        window: Box,
        channels: Sequence[int],
        times: Sequence[int] | slice,
        out_shape: tuple[int, int] | None,
        *,
        find_data: bool,
    ) -> Chip:
        """`_read`, or what a subclass has in the place of `_get_chip`."""
        if not is_overridden(self, *OWN_WAYS, base=XarraySource):
            return self._read(window, channels, times, out_shape, find_data=find_data)
        pixels = self._get_chip(window, bands=channels, time=times, out_shape=out_shape)
        return self._mark_data(pixels, window) if find_data else Chip(pixels)

    def _read(
        self,
        window: Box,
        channels: Sequence[int],
        times: Sequence[int] | slice,
        out_shape: tuple[int, int] | None,
        *,
        find_data: bool,
    ) -> Chip:
        """Pixels (..., height, width, channels), and which are data if that is asked for."""
        found: list[np.ndarray] = []

        def read(part: Box, shape: tuple[int, int] | None) -> np.ndarray:
            pixels = self._load(part, channels, times)
            data = np.broadcast_to(np.True_, pixels.shape)
            if self._nodata is not None:
                data = ~equals(pixels, self._nodata)
                pixels = np.where(data, pixels, pixels.dtype.type(0))
            if shape is not None:
                pixels, data = _resample(pixels, data, shape)
            found.append(data)
            return pixels

        window = window.to_global_coords(self.bbox)
        lead = (len(np.arange(self.data_array.sizes['time'])[times]),) if self.temporal else ()
        options: dict[str, Any] = {'out_shape': out_shape, 'lead': (*lead, len(channels))}
        pixels = read_padded(read, window, self._limits, dtype=self.dtype_raw, **options)
        pixels = np.moveaxis(pixels, -3, -1)
        if not find_data:
            return Chip(pixels)
        data = read_padded(lambda part, shape: found[0], window, self._limits, dtype=np.dtype(bool), **options)
        return Chip.of(pixels, np.moveaxis(data, -3, -1), zero_is_data=self._zero_is_data)

    def _load(self, part: Box, channels: Sequence[int], times: Sequence[int] | slice) -> np.ndarray:
        """Stored pixels (..., channels, height, width) of a part of the array."""
        rows, columns = part.to_slices()
        where = {'y': rows, 'x': columns, 'band': list(channels)} | ({'time': times} if self.temporal else {})
        with raster_errors(str(self.data_array.name or 'an array')):
            return np.moveaxis(self.data_array.isel(where).to_numpy(), -1, -3)

    @property
    def _limits(self) -> Box:
        return self.bbox.intersection(self.image_extent)

    @property
    def _nodata(self) -> Any:
        """The NODATA value in the dtype of pixels; None if there is none."""
        for where, name in product((self.data_array.attrs, self.data_array.encoding), NODATA_NAMES):
            value = where.get(name)
            if value is not None:
                return value_in_dtype(np.asarray(value).ravel()[0].item(), self.dtype_raw)
        return None


def _resample(pixels: np.ndarray, data: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (..., height, width), and which are data, in another shape; what is no data, or not finite, stays so."""

    def flat(array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, *array.shape[-2:]).transpose(1, 2, 0)

    def back(array: np.ndarray) -> np.ndarray:
        return array.transpose(2, 0, 1).reshape(*pixels.shape[:-2], *shape)

    finite = data & np.isfinite(pixels) if pixels.dtype.kind in 'fc' else data
    smooth = resize(flat(pixels), shape, data=flat(finite))
    near, near_finite, near_data = (resize(flat(array), shape, nearest=True) for array in (pixels, finite, data))
    return back(np.where(near_finite, smooth, near)), back(near_data)


def choose_bbox(
    bbox: Box | tuple[int, int, int, int] | None,
    bbox_map_coords: Box | tuple[float, float, float, float] | None,
    crs_transformer: CRSTransformer,
) -> Box | None:
    """The bbox in pixels from the one in pixels, or the one in map coordinates.

    Raises:
        ConfigError: If both are given.
    """
    if bbox is not None and bbox_map_coords is not None:
        raise ConfigError(f'Both bbox {bbox!r} and bbox_map_coords {bbox_map_coords!r} are given. Give only one.')
    if bbox_map_coords is not None:
        return crs_transformer.to_pixels(Box(*bbox_map_coords)).to_window()
    return None if bbox is None else Box(*bbox)
