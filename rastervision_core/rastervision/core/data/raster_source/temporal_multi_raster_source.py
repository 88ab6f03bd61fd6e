"""Several rasters of the same area at different times."""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource, combine
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.core.data.slices import parse_array_slices_Nd, sampled_shape
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, UnsupportedSourceError

lazy.also_give(__name__, 'rastervision.core.data.plain_data: all_equal', 'rastervision.core.types: NonNegInt')


class TemporalMultiRasterSource(MultiRasterSource):
    """Stacks rasters of the same area along a new first axis, time.

    Chips are (time, height, width, channels). Channels are selected by the sources; see :class:`.MultiRasterSource`
    for how they are brought together.

    The number of channels of a chip is the last of `shape`; see `num_channels`.
    """

    def __init__(
        self,
        raster_sources: Sequence[RasterSource],
        primary_source_idx: int = 0,
        raster_transformers: Sequence[RasterTransformer] = (),
        bbox: Box | None = None,
    ) -> None:
        """Make a source.

        Args:
            raster_sources: The rasters, in the order of time, with equal numbers of channels.
            primary_source_idx: Which of them has the grid of pixels.
            raster_transformers: Applied to the stack of chips, after the transformers of the sources.
            bbox: The part to read from, in pixels of the primary image. None: the primary source's.

        Raises:
            ConfigError: If there are no sources, or their dtypes or numbers of channels differ.
        """
        super().__init__(raster_sources, primary_source_idx, raster_transformers=raster_transformers, bbox=bbox)

    @classmethod
    def from_stac(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Not for time series: use `XarraySource.from_stac` with an item collection and `temporal=True`."""
        raise UnsupportedSourceError(
            'The assets of a single STAC item are no time series. Use XarraySource.from_stac with an item collection '
            'and temporal=True.'
        )

    def validate_raster_sources(self) -> None:
        """Check that the sources fit together.

        Raises:
            ConfigError: If their dtypes or numbers of channels differ.
        """
        super().validate_raster_sources()
        counts = [source.num_channels for source in self.raster_sources]
        if len(set(counts)) > 1:
            raise ConfigError(
                f'raster_sources of a time series have different numbers of channels: {counts!r}. '
                'Set channel_order of each.'
            )

    @property
    def num_channels(self) -> int:
        """Number of channels of the primary image, before any are selected: what Raster Vision 0.31 says here."""
        return self.primary_source.num_channels_raw

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of times, height, width and number of channels of the whole raster."""
        return len(self.raster_sources), *super().shape

    def _count_channels(self) -> int:
        return self.primary_source.num_channels

    @property
    def _used(self) -> Sequence[int]:
        return self._all

    def _join(self, chips: Sequence[Chip]) -> Chip:
        return combine(chips, np.stack)

    def _select(self, chip: Chip, used: Sequence[int]) -> Chip:
        return chip

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read by a `Box`, or by slices `[times, ymin:ymax, xmin:xmax, channels]`; see the base class."""
        if isinstance(key, Box):
            return self.get_chip(key)
        window, (times, h, w, channels) = parse_array_slices_Nd(key, extent=self.extent, dims=4)
        chip: np.ndarray = self.get_chip(window, out_shape=sampled_shape(h, w))
        selected: np.ndarray = chip[times][..., channels]
        return selected
