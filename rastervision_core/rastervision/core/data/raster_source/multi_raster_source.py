"""Several rasters of the same area, with their channels side by side."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chips import fill_overflow, resize
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.warp import Warp
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pystac import Item


class MultiRasterSource(RasterSource):
    """Stacks the channels of several rasters of the same area.

    Windows, the bbox and the grid of pixels are those of the primary source. The others are read at the same place of
    the map, and resampled bilinearly to as many pixels. Each may have its own transformers, bbox, resolution and CRS;
    a source whose rows are not rows of the primary one, as in another UTM zone, is warped, pixel by pixel.
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
        """
        if not 0 <= primary_source_idx < len(raster_sources):
            raise ConfigError(
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
    def crs_transformer(self) -> CRSTransformer:
        """That of the primary source."""
        return self.primary_source.crs_transformer

    def _count_channels(self) -> int:
        return sum(source.num_channels for source in self.raster_sources)

    @property
    def says_nodata(self) -> bool:
        """Whether all sources with selected channels do."""
        return all(source.says_nodata for source in self._used_sources())

    # ------------------------------------------------------------------ reading
    def _get_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        return np.concatenate(self._get_sub_chips(window, out_shape), axis=-1)

    @property
    def is_streamed(self) -> bool:
        """Whether any of the sources is."""
        return any(source.is_streamed for source in self.raster_sources)

    @contextmanager
    def reading_ahead(self, windows: Sequence[Box]) -> Iterator[None]:
        """See the base class. Sources that have to be warped are not read ahead."""
        with ExitStack() as stack:
            for source, warp in zip(self.raster_sources, self._warps, strict=True):
                if source.is_streamed and warp is None:
                    parts = [self._parts(window, [source])[0][1] for window in windows]
                    stack.enter_context(source.reading_ahead(parts))
            yield

    def get_nodata_mask(self, window: Box) -> np.ndarray | None:
        """Where all sources with selected channels have no data; see the base class."""
        combined: np.ndarray | None = None
        for source, part in self._parts(window, self._used_sources()):
            mask = source.get_nodata_mask(part)
            if mask is None:
                return None
            mask = resize(mask, window.size, nearest=True)
            combined = mask if combined is None else combined & mask
        return combined

    def _get_sub_chips(self, window: Box, out_shape: tuple[int, int] | None) -> list[np.ndarray]:
        """A chip of each source, all of the same height and width."""
        shape = window.size if out_shape is None else out_shape
        in_image = window.to_global_coords(self.bbox)
        chips = [
            source._read_resampled(part, shape, find_data=False).pixels if warp is None else warp.read(in_image, shape)
            for (source, part), warp in zip(self._parts(window, self.raster_sources), self._warps, strict=True)
        ]
        primary = self.primary_source_idx
        chips[primary] = fill_overflow(self.extent, window, chips[primary])
        return chips

    def _parts(self, window: Box, sources: Sequence[RasterSource]) -> list[tuple[RasterSource, Box]]:
        """Sources with the window in pixels relative to the bbox of each."""
        primary = self.primary_source
        in_image = window.to_global_coords(self.bbox)
        in_map = self.crs_transformer.pixel_to_map(in_image) if len(self.raster_sources) > 1 else None
        return [
            (source, in_image.to_local_coords(source.bbox))
            if source is primary or in_map is None
            else (source, source.crs_transformer.map_to_pixel(in_map, bbox=source.bbox).normalize())
            for source in sources
        ]

    @cached_property
    def _warps(self) -> list[Warp | None]:
        """For each source what warps it, if it needs that."""
        primary = self.primary_source
        warps = [Warp(self.crs_transformer, source) for source in self.raster_sources]
        return [
            warp if source is not primary and warp.is_needed(primary.bbox) else None
            for source, warp in zip(self.raster_sources, warps, strict=True)
        ]

    def _used_sources(self) -> list[RasterSource]:
        """The sources of the selected channels."""
        owners = np.repeat(np.arange(len(self.raster_sources)), [s.num_channels for s in self.raster_sources])
        return [self.raster_sources[i] for i in np.unique(owners[self.channel_order])]
