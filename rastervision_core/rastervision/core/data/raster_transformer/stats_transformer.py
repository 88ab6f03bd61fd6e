"""Maps each channel to 0-255 by its mean and standard deviation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rastervision.core.data.chip import Chip
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.core.defaults import CHIP_SZ, STATS_SAMPLE_PROB
from rastervision.core.raster_stats import RasterStats
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource

lazy.also_give(__name__, 'rastervision.pipeline.utils: repr_with_args')

MAX_STDS = 3.0


class StatsTransformer(RasterTransformer):
    """Maps each channel to 0-255, so that its mean is in the middle and `max_stds` standard deviations are the ends.

    Attributes:
        means: The mean of each channel, float64.
        stds: The standard deviation of each channel, float64.
        max_stds: How many standard deviations from the mean are 0 and 255.
    """

    def __init__(self, means: Sequence[float], stds: Sequence[float], max_stds: float = MAX_STDS) -> None:
        """Make a transformer; see the class.

        Raises:
            ArgumentError: If there are not as many means as standard deviations.
        """
        self.means = np.array(means, dtype=np.float64)
        self.stds = np.array(stds, dtype=np.float64)
        self.max_stds = max_stds
        if self.means.shape != self.stds.shape or self.means.ndim != 1:
            raise ArgumentError(
                f'{self.means.size} means and {self.stds.size} standard deviations: give one of each for every channel.'
            )

    @classmethod
    def from_raster_sources(
        cls,
        raster_sources: list['RasterSource'],
        sample_prob: float | None = STATS_SAMPLE_PROB,
        max_stds: float = MAX_STDS,
        chip_sz: int = CHIP_SZ,
    ) -> Self:
        """Make a transformer from the pixels of rasters; see :meth:`.RasterStats.compute`."""
        stats = RasterStats()
        stats.compute(raster_sources, sample_prob=sample_prob, chip_sz=chip_sz)
        return cls.from_raster_stats(stats, max_stds=max_stds)

    @classmethod
    def from_stats_json(cls, uri: str, channel_order: list[int] | None = None, **kwargs: Any) -> Self:
        """Make a transformer from the file that :class:`.StatsAnalyzer` writes; see `from_raster_stats`."""
        return cls.from_raster_stats(RasterStats.load(uri), channel_order, **kwargs)

    @classmethod
    def from_raster_stats(cls, stats: RasterStats, channel_order: list[int] | None = None, **kwargs: Any) -> Self:
        """Make a transformer from statistics.

        Args:
            stats: The statistics.
            channel_order: Which of their channels to use, in that order. None: all.
            kwargs: Passed to the class.

        Raises:
            DataError: If there are no statistics, or not of those channels.
        """
        if stats.means is None or stats.stds is None:
            raise DataError('The statistics are empty. Run RasterStats.compute, or load a stats.json.')
        means, stds = np.asarray(stats.means), np.asarray(stats.stds)
        if channel_order is not None:
            if max(channel_order) >= len(means):
                raise DataError(f'channel_order {channel_order!r} needs statistics of more than {len(means)} channels.')
            means, stds = means[channel_order], stds[channel_order]
        return cls(means.tolist(), stds.tolist(), **kwargs)

    @property
    def stats(self) -> RasterStats:
        """The means and standard deviations."""
        return RasterStats(self.means.tolist(), self.stds.tolist())

    def __repr__(self) -> str:
        return (
            f'StatsTransformer(means={self.means.tolist()!r}, stds={self.stds.tolist()!r}, max_stds={self.max_stds!r})'
        )

    def transform(self, chip: np.ndarray) -> np.ndarray:
        """Map each channel to 0-255: `trunc(255 * (z + max_stds) / (2 * max_stds))` of the clipped z-score.

        Args:
            chip: Pixels, (..., height, width, channels). 0 and NaN are taken for NODATA and become 0; see
                `transform_chip`.

        Returns:
            New array of the same shape, uint8. A uint8 chip is returned as it is.

        Raises:
            DataError: If the number of channels is not that of the statistics. Those of one channel are for all.
        """
        return chip if chip.dtype == np.uint8 else self._map(chip, (chip == 0) | np.isnan(chip))

    def transform_chip(self, chip: Chip) -> Chip:
        """As `transform`; what is no data becomes 0, and 0 is a value like others where the raster means it so."""
        pixels = chip.pixels
        if pixels.dtype == np.uint8:
            return chip
        missing = np.isnan(pixels) if chip.data is None else ~chip.data
        if not chip.zero_is_data:
            missing = missing | (pixels == 0)
        return chip.with_pixels(self._map(pixels, missing))

    def _map(self, chip: np.ndarray, missing: np.ndarray) -> np.ndarray:
        if len(self.means) not in (1, chip.shape[-1]):
            raise DataError(
                f'A chip has {chip.shape[-1]} channels, but the statistics are of {len(self.means)}. Compute them '
                'again for the same channel_order.'
            )
        with np.errstate(divide='ignore', invalid='ignore'):
            scaled = chip - self.means
            scaled /= self.stds
        np.clip(scaled, -self.max_stds, self.max_stds, out=scaled)
        scaled += self.max_stds
        scaled /= 2 * self.max_stds
        scaled *= 255
        # Where a standard deviation is 0, a pixel at the mean is 0 / 0.
        np.copyto(scaled, 255 / 2, where=np.isnan(scaled))
        np.copyto(scaled, 0, where=missing)
        return scaled.astype(np.uint8)

    def get_out_dtype(self, in_dtype: np.dtype) -> np.dtype:
        """Always uint8."""
        return np.dtype(np.uint8)
