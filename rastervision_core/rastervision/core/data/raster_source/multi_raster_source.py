"""Several rasters of the same area, with their channels side by side."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.chips import fill_overflow, inside, resize
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.raster_source.overlap import check_overlap
from rastervision.core.data.raster_source.pixel_map import full_extent
from rastervision.core.data.raster_source.raster_source import OWN_WAYS, RasterSource
from rastervision.core.data.raster_source.warp import Warp
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, DataError, SourceIndexError
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from pystac import Item

lazy.also_give(
    __name__,
    'rastervision.core.data.plain_data: all_equal',
    'rastervision.core.data.raster_source.rasterio_source: RasterioSource',
    'rastervision.core.data.raster_source.stac_config: subset_assets',
    'rastervision.core.types: NonNegInt',
)


class MultiRasterSource(RasterSource):
    """Stacks the channels of several rasters of the same area.

    Windows, the bbox and the grid of pixels are those of the primary source. The others are looked up at the places of
    its pixels on the map, see :class:`.Warp`: each may have its own transformers, bbox, resolution, orientation, CRS.
    Sources that are not georeferenced are laid pixel on pixel, if they are as large.
    Outside the bbox, the primary source's channels are zero; others are zero outside their own bbox.

    Attributes:
        raster_sources: The rasters.
        primary_source_idx: Which of them is the primary one.
    """

    def __init__(
        self,
        raster_sources: Sequence[RasterSource],
        primary_source_idx: int = 0,
        channel_order: Sequence[int] | None = None,
        raster_transformers: Sequence[RasterTransformer] = (),
        bbox: Box | None = None,
    ) -> None:
        """Make a source.

        Args:
            raster_sources: See the class.
            primary_source_idx: See the class.
            channel_order: Indices, from 0, of the channels to select from all of them, in the order of the sources.
                None: all.
            raster_transformers: Applied to each chip after the transformers of the sources.
            bbox: The part to read from, in pixels of the primary image. None: the primary source's.

        Raises:
            ConfigError: If there are no sources, not so many, or of different dtypes.
            ChannelOrderError: If there is no such channel.
            DataError: If one of them, of which channels are used, lies nowhere in the bbox, or nothing says where.
        """
        if not 0 <= primary_source_idx < len(raster_sources):
            raise SourceIndexError(
                f'primary_source_idx {primary_source_idx!r} is not the index of one of {len(raster_sources)} '
                'raster_sources.'
            )
        self.raster_sources = list(raster_sources)
        self.primary_source_idx = primary_source_idx
        self.validate_raster_sources()
        super().__init__(
            channel_order=channel_order,
            num_channels_raw=self._count_channels(),
            dtype_raw=self.primary_source.dtype,
            bbox=self.primary_source.bbox if bbox is None else bbox,
            raster_transformers=raster_transformers,
        )
        for index in self._used:
            source, warp = self.raster_sources[index], self._warps[index]
            if warp is not None:
                check_overlap(warp, source, self.crs_transformer, self.bbox, f'raster_sources[{index}] is')

    @classmethod
    def from_stac(
        cls,
        item: 'Item',
        assets: list[str] | None,
        primary_source_idx: int = 0,
        raster_transformers: Sequence[RasterTransformer] = (),
        channel_order: Sequence[int] | None = None,
        bbox: Box | tuple[int, int, int, int] | None = None,
        bbox_map_coords: Box | tuple[float, float, float, float] | None = None,
        allow_streaming: bool = False,
    ) -> Self:
        """Make a source of the assets of a STAC item, each read by a :class:`.RasterioSource`.

        Args:
            item: The item.
            assets: Names of the assets, in the order that their channels shall have. None: all.
            primary_source_idx: Which of them is the primary one.
            raster_transformers: Applied to each chip.
            channel_order: Indices of the channels to select. None: all.
            bbox: The part to read from, in pixels (ymin, xmin, ymax, xmax) of the primary image.
            bbox_map_coords: The same in EPSG:4326, instead of `bbox`.
            allow_streaming: Read remote assets in parts instead of downloading them.

        Raises:
            ConfigError: If both bboxes are given, or there is no such asset.
        """
        from rastervision.core.data.raster_source.rasterio_source import RasterioSource
        from rastervision.core.data.raster_source.stac_config import subset_assets
        from rastervision.core.data.raster_source.xarray_source import choose_bbox
        from rastervision.core.data.stac_io import href_of, stac_errors

        if assets is not None:
            item = subset_assets(item, assets)
        with stac_errors(f'STAC item {item.id!r}'):
            hrefs = [href_of(item, asset) for asset in item.assets.values()]
        sources = [RasterioSource(href, allow_streaming=allow_streaming) for href in hrefs]
        crs_transformer = sources[primary_source_idx].crs_transformer
        return cls(
            sources,
            primary_source_idx,
            channel_order=channel_order,
            raster_transformers=raster_transformers,
            bbox=choose_bbox(bbox, bbox_map_coords, crs_transformer),
        )

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}({self.raster_sources!r}, primary_source_idx={self.primary_source_idx}, '
            f'channel_order={self.channel_order!r}, bbox={self.bbox!r})'
        )

    def validate_raster_sources(self) -> None:
        """Check that the sources fit together.

        Raises:
            ConfigError: If their dtypes differ.
        """
        dtypes = [str(source.dtype) for source in self.raster_sources]
        if len(set(dtypes)) > 1:
            raise ConfigError(
                f'raster_sources have different dtypes: {dtypes!r}. Give each the same with a CastTransformer.'
            )

    # --------------------------------------------------------------- properties
    @property
    def primary_source(self) -> RasterSource:
        """The source whose pixels the others are brought to."""
        return self.raster_sources[self.primary_source_idx]

    @property
    def non_primary_sources(self) -> list[RasterSource]:
        """The other sources, in their order."""
        return [source for index, source in enumerate(self.raster_sources) if index != self.primary_source_idx]

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and number of channels of the whole raster; before them, the times of the primary source."""
        return *self.primary_source.shape[:-3], *super().shape

    @property
    def image_extent(self) -> Box:
        """All of the primary image, in its pixels."""
        return full_extent(self.primary_source)

    @property
    def crs_transformer(self) -> CRSTransformer:
        """That of the primary source."""
        return self.primary_source.crs_transformer

    def _count_channels(self) -> int:
        return sum(source.num_channels for source in self.raster_sources)

    @property
    def says_nodata(self) -> bool:
        """Whether all sources with selected channels do."""
        return all(self.raster_sources[index].says_nodata for index in self._used)

    # ------------------------------------------------------------------ reading
    def _get_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        return self._join(self._get_sub_chips(window, out_shape, self._all)).pixels

    def _read_selected(self, window: Box, out_shape: tuple[int, int] | None, *, find_data: bool) -> Chip:
        if is_overridden(self, *OWN_WAYS, base=MultiRasterSource):
            return super()._read_selected(window, out_shape, find_data=find_data)
        return self._read_sources(window, out_shape, find_data=find_data)

    def _read_stored(self, window: Box) -> Chip:
        return self._read_sources(window, None, find_data=True)

    def _read_sources(self, window: Box, out_shape: tuple[int, int] | None, *, find_data: bool) -> Chip:
        used = self._used
        chip = self._join(self._get_sub_chips(window, out_shape, used, find_data=find_data))
        return self._select(chip, used)

    @property
    def is_streamed(self) -> bool:
        """Whether any of the sources is."""
        return any(source.is_streamed for source in self.raster_sources)

    @contextmanager
    def reading_ahead(self, windows: Sequence[Box]) -> Iterator[None]:
        """See the base class."""
        in_image = [window.to_global_coords(self.bbox) for window in windows]
        with ExitStack() as stack:
            for source, warp in zip(self.raster_sources, self._warps, strict=True):
                if source.is_streamed:
                    parts = [self._part(source, warp, window) for window in in_image]
                    stack.enter_context(source.reading_ahead(parts))
            yield

    def _get_sub_chips(
        self, window: Box, out_shape: tuple[int, int] | None, indices: Sequence[int], *, find_data: bool = False
    ) -> list[Chip]:
        """Chips of some of the sources, all of the same height and width."""
        shape = window.size if out_shape is None else out_shape
        in_image = window.to_global_coords(self.bbox)
        chips = []
        for index in indices:
            source, warp = self.raster_sources[index], self._warps[index]
            if warp is None:
                part = in_image.to_local_coords(source.bbox)
                chip = source._read_resampled(part, shape, find_data=find_data)
                if index == self.primary_source_idx:
                    chip = replace(chip, pixels=fill_overflow(self.extent, window, chip.pixels))
            else:
                chip = warp.read(in_image, shape, find_data=find_data)
            chips.append(chip)
        return [self._limited(chip, window) for chip in chips] if find_data else chips

    def _limited(self, chip: Chip, window: Box) -> Chip:
        """A chip of which what is outside the bbox is no data."""
        if window in self.extent:
            return chip
        here = resize(inside(self.extent, window), chip.pixels.shape[-3:-1], nearest=True)[..., np.newaxis]
        data = np.broadcast_to(here, chip.pixels.shape) if chip.data is None else chip.data & here
        return Chip.of(chip.pixels, data, zero_is_data=chip.zero_is_data)

    def _join(self, chips: Sequence[Chip]) -> Chip:
        """The channels of chips side by side."""
        return combine(chips, partial(np.concatenate, axis=-1))

    def _select(self, chip: Chip, used: Sequence[int]) -> Chip:
        """The selected channels of a chip that has those of some sources."""
        owners = self._owners
        if chip.pixels.shape[-1] != np.isin(owners, used).sum():
            counts = [source.num_channels for source in self.raster_sources]
            raise DataError(
                f'raster_sources say that they have {counts!r} channels, and sources {list(used)!r} give '
                f'{chip.pixels.shape[-1]} in all. Have their transformers say it by get_out_channels.'
            )
        places = np.cumsum(np.isin(owners, used)) - 1
        channels = places[self.channel_order]
        data = None if chip.data is None else chip.data[..., channels]
        return Chip.of(chip.pixels[..., channels], data, zero_is_data=chip.zero_is_data)

    def _part(self, source: RasterSource, warp: Warp | None, in_image: Box) -> Box:
        """Where a window is in a source, in pixels relative to its bbox."""
        return in_image.to_local_coords(source.bbox) if warp is None else warp.source_window(in_image)

    @cached_property
    def _warps(self) -> list[Warp | None]:
        """For each source what brings it to the pixels of the primary one; None for that one."""
        primary = self.primary_source
        size = full_extent(primary)
        return [
            None if source is primary else Warp(self.crs_transformer, size, source) for source in self.raster_sources
        ]

    @property
    def _all(self) -> range:
        return range(len(self.raster_sources))

    @property
    def _owners(self) -> np.ndarray:
        """Index of the source of each channel."""
        return np.repeat(np.arange(len(self.raster_sources)), [s.num_channels for s in self.raster_sources])

    @property
    def _used(self) -> Sequence[int]:
        """Indices of the sources of the selected channels, ascending."""
        used: list[int] = np.unique(self._owners[self.channel_order]).tolist()
        return used


def combine(chips: Sequence[Chip], join: Callable[[list[np.ndarray]], np.ndarray]) -> Chip:
    """One chip of several, by a function of arrays."""
    pixels = join([chip.pixels for chip in chips])
    data = None
    if any(chip.data is not None for chip in chips):
        all_data = [np.ones(c.pixels.shape, dtype=bool) if c.data is None else c.data for c in chips]
        data = join(all_data)
    return Chip.of(pixels, data, zero_is_data=all(chip.zero_is_data for chip in chips))
