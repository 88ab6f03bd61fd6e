"""Configures StatsAnalyzer."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from rastervision.core import layout
from rastervision.core.analyzer.analyzer_config import AnalyzerConfig
from rastervision.core.defaults import CHIP_SZ, SEED, STATS_SAMPLE_PROB
from rastervision.core.types import NonNegInt, PosInt, PosProportion
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.analyzer.stats_analyzer import StatsAnalyzer
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

__getattr__ = lazy.names(__name__, 'rastervision.core.analyzer.stats_analyzer:StatsAnalyzer')


@register_config('stats_analyzer')
class StatsAnalyzerConfig(AnalyzerConfig):
    """Configure a :class:`.StatsAnalyzer`."""

    scene_parts: ClassVar[frozenset[str]] = frozenset()

    output_uri: str | None = Field(
        None, description='Folder that the statistics of each scene group are written under. None: in analyze_uri.'
    )
    sample_prob: PosProportion | None = Field(
        STATS_SAMPLE_PROB, description='Share of the pixels, up to 1, that the statistics are of. None: all.'
    )
    chip_sz: PosInt = Field(CHIP_SZ, description='Height and width in pixels of what is read at a time.')
    nodata_value: float | None = Field(
        0,
        description='Value that does not count, in each channel by itself. None: all values do. 0 counts in images '
        'that say themselves what is NODATA.',
    )
    seed: NonNegInt | None = added_field(
        None, "What the choice of pixels depends on. None: the pipeline's seed, or else a fixed one."
    )

    def update(self, pipeline: 'RVPipelineConfig | None' = None) -> None:
        """Fill `output_uri` and `seed` from the pipeline."""
        super().update(pipeline=pipeline)
        if pipeline is None:
            return
        if self.output_uri is None and pipeline.analyze_uri is not None:
            self.output_uri = os.path.join(pipeline.analyze_uri, layout.STATS_DIR)
        # The default stays unset, so that the file can be read by versions that know no seed.
        if self.seed is None and getattr(pipeline, 'seed', SEED) != SEED:
            self.seed = pipeline.seed

    def build(self, scene_group: tuple[str, Iterable[str]] | None = None) -> 'StatsAnalyzer':
        """Make the analyzer.

        Args:
            scene_group: Name of the scene group that is analyzed, and ids of its scenes. None: the statistics are
                written to `output_uri` itself.
        """
        from rastervision.core.analyzer.stats_analyzer import StatsAnalyzer

        folder = self.output_uri if scene_group is None else os.path.join(self.output_uri or '', scene_group[0])
        return StatsAnalyzer(
            stats_uri=None if self.output_uri is None or folder is None else os.path.join(folder, layout.STATS_FILE),
            sample_prob=self.sample_prob,
            chip_sz=self.chip_sz,
            nodata_value=self.nodata_value,
            seed=SEED if self.seed is None else self.seed,
        )

    def get_bundle_filenames(self) -> list[str]:
        """Names of the files that a model bundle needs."""
        return [layout.STATS_FILE]
