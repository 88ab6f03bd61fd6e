"""Means and standard deviations of the channels of rasters, in one pass and the memory of one chip."""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rastervision.core.box import Box
from rastervision.core.defaults import CHIP_SZ, SEED
from rastervision.core.stats_file import checked_stats
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentError, NoStatsError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource

lazy.also_give(
    __name__,
    'rastervision.core.data.plain_data: ensure_json_serializable',
    'rastervision.pipeline.file_system.utils: file_to_json json_to_file',
    'rastervision.pipeline.utils: repr_with_args',
)

MAX_DRAWS = 10  # of random chips in place of those without data
Running = tuple[np.ndarray, np.ndarray, np.ndarray]


class RasterStats:
    """Mean, standard deviation and number of pixels of each channel.

    Attributes:
        means: The mean of each channel, float64, or None.
        stds: The standard deviation of each channel, float64, or None.
        counts: The number of pixels of each channel that are not NODATA, or None.
    """

    def __init__(
        self,
        means: Sequence[float] | None = None,
        stds: Sequence[float] | None = None,
        counts: Sequence[float] | None = None,
    ) -> None:
        self.means = None if means is None else np.array(means, dtype=np.float64)
        self.stds = None if stds is None else np.array(stds, dtype=np.float64)
        self.counts = None if counts is None else np.array(counts)

    @classmethod
    def load(cls, stats_uri: str) -> Self:
        """Read statistics from a file that `save` wrote.

        Raises:
            NotReadableError: If the file cannot be read.
            DataError: If it has no statistics.
        """
        from rastervision.pipeline.file_system.utils import file_to_json

        stats = checked_stats(file_to_json(stats_uri), stats_uri)
        return cls(stats['means'], stats['stds'], stats.get('counts'))

    @property
    def vars(self) -> np.ndarray | None:
        """The variance of each channel, or None."""
        return None if self.stds is None else self.stds**2

    def __repr__(self) -> str:
        return f'RasterStats(means={self.means!r}, stds={self.stds!r}, counts={self.counts!r})'

    # ------------------------------------------------------------------ compute
    def compute(
        self,
        raster_sources: Sequence['RasterSource'],
        sample_prob: float | None = None,
        chip_sz: int = CHIP_SZ,
        stride: int | None = None,
        nodata_value: float | None = 0,
        *,
        seed: int = SEED,
    ) -> None:
        """Compute the statistics of rasters, before transformers.

        Reads each pixel once, or a sample of them, and holds one chip in memory.

        Args:
            raster_sources: The rasters.
            sample_prob: If given, random chips are read, so many that they have this share of the pixels. None: all.
            chip_sz: Height and width of a chip.
            stride: Distance between chips if all are read. None: `chip_sz`.
            nodata_value: Value that does not count, in each channel by itself. None: all do. 0, the default, counts in
                images that say themselves what is NODATA. What is no data, NaN and infinity never count.
            seed: What the random chips depend on, besides the rasters.

        Raises:
            NoStatsError: If there is no pixel that counts.
        """
        if sample_prob is None:
            chips = sliding_chip_stream(raster_sources, chip_sz, stride or chip_sz, nodata_value)
        else:
            chips = random_chip_stream(raster_sources, chip_sz, sample_prob, nodata_value, seed=seed)
        mean, variance, count = self.compute_from_chips(chips)
        if mean is None or variance is None or count is None or not count.any():
            raise NoStatsError(
                f'There are no statistics of {len(raster_sources)} rasters: no pixel is data and differs from '
                f'nodata_value={nodata_value!r}. Check that the images are not empty, or set nodata_value to None.'
            )
        self.means, self.stds, self.counts = mean, np.sqrt(variance), count

    def compute_from_chips(
        self,
        chips: Iterable[np.ndarray],
        running_mean: np.ndarray | None = None,
        running_var: np.ndarray | None = None,
        running_count: np.ndarray | None = None,
    ) -> tuple[None, None, None] | Running:
        """Compute the statistics of chips, added to what is known already.

        Args:
            chips: Arrays (..., channels), read one after the other. NaN does not count.
            running_mean: Means so far, (channels,).
            running_var: Variances so far.
            running_count: Numbers of pixels so far.

        Returns:
            Mean, variance and count of each channel; three times None if there are no chips.

        Raises:
            ArgumentError: If only some of what is known are given.
        """
        running = _running(running_mean, running_var, running_count)
        for chip in chips:
            running = self.compute_from_pixels(chip.reshape(-1, chip.shape[-1]), *(running or ()))
        return running or (None, None, None)

    def compute_from_pixels(
        self,
        pixels: np.ndarray,
        running_mean: np.ndarray | None = None,
        running_var: np.ndarray | None = None,
        running_count: np.ndarray | None = None,
    ) -> Running:
        """Compute the statistics of pixels, added to what is known already; see `compute_from_chips`.

        Args:
            pixels: Array (pixels, channels); NaN does not count.
            running_mean: Means so far.
            running_var: Variances so far.
            running_count: Numbers of pixels so far.

        Raises:
            ArgumentError: If only some of these are given.
        """
        running = _running(running_mean, running_var, running_count)
        new = _describe(pixels)
        return new if running is None else _combine(running, new)

    # -------------------------------------------------------------------- files
    def to_dict(self) -> dict[str, Any]:
        """The statistics as arrays, (channels,), by name; `counts` only if they are known.

        Raises:
            NoStatsError: If there are none.
        """
        if self.means is None or self.stds is None:
            raise NoStatsError('The statistics are empty. Run RasterStats.compute first.')
        stats = {'means': self.means, 'stds': self.stds}
        return stats if self.counts is None else stats | {'counts': self.counts}

    def save(self, stats_uri: str) -> None:
        """Write the statistics to a JSON file."""
        from rastervision.pipeline.file_system.utils import json_to_file

        json_to_file({name: values.tolist() for name, values in self.to_dict().items()}, stats_uri)


def _describe(pixels: np.ndarray) -> Running:
    """Mean, variance (of the population) and count of each channel, leaving NaN out; zeros where there is nothing."""
    valid = ~np.isnan(pixels)
    count = valid.sum(axis=0)
    some = np.maximum(count, 1)
    mean = np.sum(pixels, axis=0, where=valid, dtype=np.float64) / some
    deviation = np.subtract(pixels, mean, dtype=np.float64)
    deviation *= deviation
    return mean, np.sum(deviation, axis=0, where=valid) / some, count


def _combine(a: Running, b: Running) -> Running:
    mean_a, var_a, count_a = a
    mean_b, var_b, count_b = b
    # Where one side has no pixels, the other one is right; the formula would divide by 0 for a single pixel.
    only_a, only_b = count_b == 0, count_a == 0
    with np.errstate(divide='ignore', invalid='ignore'):
        mean = parallel_mean(mean_a, count_a, mean_b, count_b)
        variance = parallel_variance(mean_a, count_a, var_a, mean_b, count_b, var_b)
    mean = np.where(only_b, mean_b, np.where(only_a, mean_a, mean))
    variance = np.where(only_b, var_b, np.where(only_a, var_a, variance))
    return mean, variance, count_a + count_b


def parallel_mean(mean_a: Any, count_a: Any, mean_b: Any, count_b: Any) -> Any:
    """The mean of two sets from the mean and size of each; numbers or arrays."""
    return (mean_a * count_a + mean_b * count_b) / (count_a + count_b)


def parallel_variance(mean_a: Any, count_a: Any, var_a: Any, mean_b: Any, count_b: Any, var_b: Any) -> Any:
    """The variance of the union of two sets, divided by its size less one; numbers or arrays.

    From the sums of squares of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for
    computing sample variances". As in Raster Vision 0.31, statistics of one chip are divided by its size.
    """
    delta = mean_b - mean_a
    squares_a, squares_b = var_a * (count_a - 1), var_b * (count_b - 1)
    squares = squares_a + squares_b + delta**2 * count_a * count_b / (count_a + count_b)
    return squares / (count_a + count_b - 1)


# -------------------------------------------------------------------------- chips
def sliding_chip_stream(
    raster_sources: Iterable['RasterSource'], chip_sz: int, stride: int, nodata_value: float | None = 0
) -> Iterator[np.ndarray]:
    """Read all chips of rasters, on a grid; see `get_chip`. Those without a pixel that counts are left out."""
    for source in raster_sources:
        yield from _chips(source, source.extent.get_windows(chip_sz, stride), nodata_value)


def random_chip_stream(
    raster_sources: Iterable['RasterSource'],
    chip_sz: int,
    sample_prob: float,
    nodata_value: float | None = 0,
    *,
    seed: int = SEED,
) -> Iterator[np.ndarray]:
    """Read random chips of rasters; see `get_chip`. One without a pixel that counts is drawn again.

    Of a raster in which hardly anything counts, there may be fewer chips than asked for; if no random one has anything,
    all of it is read. The chips of a raster depend on the seed, its position among the rasters and its size.

    Args:
        raster_sources: The rasters.
        chip_sz: Height and width of a chip. A raster that is narrower is read from edge to edge.
        sample_prob: The share of a raster's pixels to read.
        nodata_value: See `get_chip`.
        seed: Source of randomness.
    """
    for position, source in enumerate(raster_sources):
        rng = random.Random(f'{seed}/{position}')
        missing = get_num_chips_to_sample(source.extent, chip_sz, sample_prob)
        if not missing:
            yield from _chips(source, [source.extent], nodata_value)
            continue
        is_empty = True
        for _ in range(MAX_DRAWS):
            windows = [_random_window(source.extent, chip_sz, rng) for _ in range(missing)]
            for chip in _chips(source, windows, nodata_value):
                missing, is_empty = missing - 1, False
                yield chip
        if is_empty:
            yield from sliding_chip_stream([source], chip_sz, chip_sz, nodata_value)


def _running(mean: np.ndarray | None, variance: np.ndarray | None, count: np.ndarray | None) -> Running | None:
    """What is known of pixels so far; None if that is nothing."""
    if mean is not None and variance is not None and count is not None:
        return mean, variance, count
    if mean is None and variance is None and count is None:
        return None
    raise ArgumentError('running_mean, running_var and running_count belong together. Give all of them, or none.')


def _chips(source: 'RasterSource', windows: list[Box], nodata_value: float | None) -> Iterator[np.ndarray]:
    with source.reading_ahead(windows):
        for window in windows:
            chip = get_chip(source, window, nodata_value)
            if chip is not None:
                yield chip


def get_chip(raster_source: 'RasterSource', window: Box, nodata_value: float | None = 0) -> np.ndarray | None:
    """Read a chip for statistics: selected channels, without transformers.

    Args:
        raster_source: The raster.
        window: The window. What is outside the extent does not count.
        nodata_value: Value that becomes NaN, in each channel by itself; not 0 if the raster says what is NODATA. None:
            none does.

    Returns:
        Float array (..., height, width, channels), NaN where there is no data; None if all of it is NaN.
    """
    chip = raster_source.read_raw_chip(window)
    pixels = chip.pixels.astype(np.float64 if chip.pixels.dtype.itemsize > 2 else np.float32)
    if chip.data is not None:
        pixels[~chip.data] = np.nan
    if nodata_value is not None and not (nodata_value == 0 and raster_source.says_nodata):
        pixels[chip.pixels == nodata_value] = np.nan
    return None if np.isnan(pixels).all() else pixels


def get_num_chips_to_sample(extent: Box, chip_sz: int, sample_prob: float) -> int:
    """How many chips have a share of the pixels of an extent: at least one, but 0 if a chip has more than all."""
    if chip_sz**2 > extent.area:
        return 0
    return max(1, round(sample_prob * extent.area / chip_sz**2))


def _random_window(extent: Box, chip_sz: int, rng: random.Random) -> Box:
    height, width = min(chip_sz, extent.height), min(chip_sz, extent.width)
    ymin, xmin = rng.randint(0, extent.height - height), rng.randint(0, extent.width - width)
    return Box(ymin, xmin, ymin + height, xmin + width)
