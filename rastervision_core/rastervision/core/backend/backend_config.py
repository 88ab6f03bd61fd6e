"""Configures Backend."""

from typing import TYPE_CHECKING, Any

from rastervision.core.layout import BUNDLE_FILE
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.backend.backend import Backend


@register_config('backend')
class BackendConfig(Config):
    """Configure a :class:`.Backend`: what makes chips, trains a model and predicts with it."""

    def build(self, pipeline: Any, tmp_dir: str) -> 'Backend':
        """Make the backend.

        Args:
            pipeline: The `RVPipelineConfig` that the backend works for.
            tmp_dir: A folder for files that are not kept.
        """
        backend: Backend = super().build(pipeline, tmp_dir)
        return backend

    def get_bundle_filenames(self) -> list[str]:
        """Names of the files under the train folder that a model bundle takes along."""
        return [BUNDLE_FILE]

    def update(self, pipeline: Any = None) -> None:
        """Fill unset fields from the pipeline config."""
        super().update(pipeline=pipeline)

    def filter_commands(self, commands: list[str]) -> list[str]:
        """Those of the pipeline's commands that have something to do with this backend."""
        return commands
