"""Reads pixels from xarray's arrays, so from STAC items."""

from collections.abc import Mapping, Sequence
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
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, DataError
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from pystac import Item, ItemCollection
    from xarray import DataArray

lazy.also_give(__name__, 'rastervision.core.data.chips: fill_overflow')

DIMS = ('y', 'x', 'band')
TEMPORAL_DIMS = ('time', *DIMS)
Times = int | Sequence[int] | slice
ALL = slice(None)
NODATA_NAMES = ('nodata', '_FillValue', 'missing_value')
NODATA_OF_BANDS = 'nodatavals'  # as rasterio has them
SCALING = ('scale_factor', 'add_offset')


class XarraySource(RasterSource):
    """Reads pixels from an array with named axes, which may be in memory or be read in parts (dask).

    Chips are (height, width, channels), or (time, height, width, channels) of a time series. Values equal to the
    array's attribute `nodata`, `_FillValue` or `missing_value` (one value, or several), or to that of its band in
    `nodatavals`, are no data and become 0; so are values that `valid` says to be none.

    Attributes:
        data_array: The array.
        temporal: Whether it is a time series.
        valid: Which values are data, or None: an array of the same dims and sizes, not 0 where they are.
    """

    def __init__(
        self,
        data_array: 'DataArray',
        crs_transformer: CRSTransformer,
        raster_transformers: Sequence[RasterTransformer] = (),
        channel_order: Sequence[int] | None = None,
        bbox: Box | None = None,
        temporal: bool = False,
        *,
        valid: 'DataArray | None' = None,
        is_nodata_known: bool = True,
    ) -> None:
        """Make a source.

        Args:
            data_array: Array with the dims y, x, band, and time if it is a time series, in any order.
            crs_transformer: Where its pixels are on the map.
            raster_transformers: Applied to each chip.
            channel_order: Indices, from 0, of the bands to select. None: all.
            bbox: The part to read from, in pixels; what is outside the array is left out. None: all.
            temporal: See the class.
            valid: See the class.
            is_nodata_known: Whether `valid` says all, so that 0 is a value like others where it does not say otherwise.

        Raises:
            DataError: If the array has other dims, or a NODATA value that is no number.
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
        self.valid = None if valid is None else valid.transpose(*dims)
        self._is_nodata_known = is_nodata_known
        self._crs_transformer = crs_transformer
        self.image_extent = Box(0, 0, data_array.sizes['y'], data_array.sizes['x'])
        super().__init__(
            channel_order=channel_order,
            num_channels_raw=data_array.sizes['band'],
            dtype_raw=data_array.dtype,
            bbox=self.image_extent if bbox is None else bbox.intersection(self.image_extent),
            raster_transformers=raster_transformers,
        )
        self._nodata = self._find_nodata()

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
            channel_order: Indices, from 0, of the bands of all assets to select. None: all but alpha. A band that is
                named is data, also if it is labelled alpha.
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
        loaded = load_items(
            items, temporal=temporal, stream=allow_streaming, options=stackstac_args, channels=channel_order
        )
        crs_transformer = RasterioCRSTransformer(loaded.geobox.transform, str(loaded.geobox.crs))
        return cls(
            loaded.array,
            crs_transformer,
            raster_transformers=raster_transformers,
            channel_order=loaded.channels if channel_order is None else channel_order,
            bbox=choose_bbox(bbox, bbox_map_coords, crs_transformer),
            temporal=temporal,
            valid=loaded.valid,
            is_nodata_known=loaded.is_nodata_known,
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
        return any(self._nodata) or (self.valid is not None and self._is_nodata_known)

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
            pixels = self._load(self.data_array, part, channels, times)
            data = self._data_of(pixels, part, channels, times)
            if data is not None:
                pixels = np.where(data, pixels, pixels.dtype.type(0))
            data = np.broadcast_to(np.True_, pixels.shape) if data is None else data
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

    def _load(self, array: 'DataArray', part: Box, channels: Sequence[int], times: Sequence[int] | slice) -> np.ndarray:
        """Stored values (..., channels, height, width) of a part of an array."""
        rows, columns = part.to_slices()
        where = {'y': rows, 'x': columns, 'band': list(channels)} | ({'time': times} if self.temporal else {})
        with raster_errors(str(self.data_array.name or 'an array')):
            return np.moveaxis(array.isel(where).to_numpy(), -1, -3)

    def _data_of(
        self, pixels: np.ndarray, part: Box, channels: Sequence[int], times: Sequence[int] | slice
    ) -> np.ndarray | None:
        """Which of these pixels are data, apart from those that are not finite; None: all."""
        data = None if self.valid is None else self._load(self.valid, part, channels, times) != 0
        if not any(self._nodata):
            return data
        data = np.ones(pixels.shape, dtype=bool) if data is None else data
        for index, channel in enumerate(channels):
            for value in self._nodata[channel]:
                data[..., index, :, :] &= ~equals(pixels[..., index, :, :], value)
        return data

    @property
    def _limits(self) -> Box:
        return self.bbox.intersection(self.image_extent)

    def _find_nodata(self) -> list[list[Any]]:
        """The NODATA values of each band, in the dtype of pixels.

        Raises:
            DataError: If one is no number.
        """
        attrs, encoding = self.data_array.attrs, self.data_array.encoding
        # xarray has made NaN of those values that were in the file, and other values may have become like them.
        is_decoded = any(name in encoding for name in SCALING) or (
            self.dtype_raw.kind == 'f' and np.dtype(encoding.get('dtype', self.dtype_raw)).kind != 'f'
        )
        declared = [attrs[name] for name in NODATA_NAMES if attrs.get(name) is not None]
        if not is_decoded:
            declared += [encoding[name] for name in NODATA_NAMES if encoding.get(name) is not None]
        common = [value for each in declared for value in self._in_dtype(each)]
        own = self._in_dtype(attrs.get(NODATA_OF_BANDS, ()))
        count = self.data_array.sizes['band']
        return [[*common, *([own[band]] if len(own) == count else own[:1])] for band in range(count)]

    def _in_dtype(self, declared: Any) -> list[Any]:
        """Numbers that an attribute has, in the dtype of pixels; those that no pixel can have are left out."""
        values = []
        for value in np.atleast_1d(np.asarray(declared)).ravel().tolist():
            try:
                number = value if isinstance(value, int | float) else _number(value)
            except (TypeError, ValueError) as error:
                raise DataError(
                    f'The array {str(self.data_array.name or "")!r:.100} says that {value!r:.100} is NODATA, which is '
                    'no number. Correct its attributes or its encoding.'
                ) from error
            values.append(value_in_dtype(number, self.dtype_raw))
        return [value for value in values if value is not None]


def _number(text: Any) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


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
