"""Configures Backend."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

from rastervision.core.data.config_uris import uris_in
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

    def for_test_mode(self, outputs: Collection[str] = ()) -> Self:
        """A copy that trains for a moment only; as it is, if a subclass does not know how.

        Args:
            outputs: Folders of the run that this config was resolved for, to which it must not lead any more.
        """
        return self.copy()

    def remark_on_training(self, pipeline: Any) -> str | None:
        """What the user should know before `train` runs, such as that it goes on with an earlier training.

        Args:
            pipeline: The resolved `RVPipelineConfig`.
        """
        return None

    def settings_of_training(self) -> dict[str, Any]:
        """What of this config changes what training gives, as plain data: all of it, if a subclass does not know."""
        return self.dict(mode='json')

    def inputs_of_training(self) -> list[str]:
        """URIs of what training reads, as far as this config names it; see also `reads_scenes`."""
        return uris_in(self, skip=('label_store',))

    @property
    def reads_scenes(self) -> bool:
        """Whether training reads the scenes of the pipeline themselves, instead of chips."""
        return False

    def filter_commands(self, commands: list[str]) -> list[str]:
        """Those of the pipeline's commands that have something to do with this backend."""
        return commands
