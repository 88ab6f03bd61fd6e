"""Computes the statistics that StatsTransformer uses."""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rastervision.core.analyzer.analyzer import Analyzer
from rastervision.core.data.scene import name_scene
from rastervision.core.defaults import CHIP_SZ, SEED, STATS_SAMPLE_PROB
from rastervision.core.raster_stats import RasterStats
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, RasterVisionError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource
    from rastervision.core.data.scene import Scene

lazy.also_give(__name__, 'rastervision.core.data.scene: Scene')

log = logging.getLogger(__name__)


class StatsAnalyzer(Analyzer):
    """Computes the mean and standard deviation of each channel over all scenes.

    Attributes:
        stats_uri: Where they are written to.
        sample_prob: The share of pixels that is read. None: all.
        chip_sz: Height and width of what is read at a time.
        nodata_value: Value that does not count. None: all do. 0 counts in images that say what is NODATA.
        seed: What the choice of pixels depends on.
    """

    def __init__(
        self,
        stats_uri: str | None = None,
        sample_prob: float | None = STATS_SAMPLE_PROB,
        chip_sz: int = CHIP_SZ,
        nodata_value: float | None = 0,
        *,
        seed: int = SEED,
    ) -> None:
        self.stats_uri = stats_uri
        self.sample_prob = sample_prob
        self.chip_sz = chip_sz
        self.nodata_value = nodata_value
        self.seed = seed

    def compute_stats(self, scenes: Iterable['Scene']) -> RasterStats:
        """Compute the statistics of scenes, before transformers; see :meth:`.RasterStats.compute`."""
        stats = RasterStats()
        rasters = _Rasters(scenes)
        try:
            stats.compute(
                rasters,
                sample_prob=self.sample_prob,
                chip_sz=self.chip_sz,
                nodata_value=self.nodata_value,
                seed=self.seed,
            )
        except RasterVisionError as error:
            if rasters.scene is not None:
                name_scene(error, rasters.scene.id)
            raise
        return stats

    def process(self, scenes: Iterable['Scene'], tmp_dir: str) -> None:
        """Compute the statistics and write them to `stats_uri`.

        Args:
            scenes: The scenes.
            tmp_dir: Not used.

        Raises:
            ConfigError: If `stats_uri` is not set.
            NoStatsError: If there is no pixel that counts.
        """
        if self.stats_uri is None:
            raise ConfigError('StatsAnalyzer: stats_uri is not set, so the statistics cannot be written. Set it.')
        stats = self.compute_stats(scenes)
        stats.save(self.stats_uri)
        log.info('Statistics are in %s: %r', self.stats_uri, stats)


class _Rasters(Sequence['RasterSource']):
    """The rasters of scenes; knows whose was taken last."""

    def __init__(self, scenes: Iterable['Scene']) -> None:
        self.scenes = list(scenes)
        self.scene: Scene | None = None

    def __getitem__(self, index: int) -> 'RasterSource':  # type: ignore[override]
        self.scene = None  # after the last one, none is to blame
        self.scene = self.scenes[index]
        return self.scene.raster_source

    def __len__(self) -> int:
        return len(self.scenes)
