"""The base of configs of analyzers."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.analyzer.analyzer import Analyzer


@register_config('analyzer')
class AnalyzerConfig(Config):
    """Configure an :class:`.Analyzer`.

    Attributes:
        scene_parts: What the analyzer reads of scenes besides their imagery; a subclass may say that it needs less.
    """

    scene_parts: ClassVar[frozenset[str]] = frozenset({'label_source', 'aoi_uris'})

    def build(self, scene_group: tuple[str, Iterable[str]] | None = None) -> 'Analyzer':
        """Make the analyzer.

        Args:
            scene_group: Name of the scene group that is analyzed, and ids of its scenes.
        """
        return super().build()  # type: ignore[no-any-return]

    def get_bundle_filenames(self) -> list[str]:
        """Names of the files that a model bundle needs."""
        return []
