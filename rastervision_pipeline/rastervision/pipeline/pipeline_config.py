"""Configures Pipeline."""

import os
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from rastervision.pipeline.config.base import Config, Data
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import registry_

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline


@register_config('pipeline')
class PipelineConfig(Config):
    """Configure a :class:`.Pipeline`."""

    root_uri: str | None = Field(None, description='Folder under which everything is written.')
    rv_config: dict[str, Any] | None = Field(
        None, description='Settings that were in force when the config was saved. Filled in; do not set.'
    )
    plugin_versions: dict[str, int] | None = Field(
        None, description='Versions of the plugins that wrote the config. Filled in; do not set.'
    )

    def get_config_uri(self) -> str:
        """Where the resolved config is saved."""
        return os.path.join(self.root_uri or '', 'pipeline-config.json')

    def build(self, tmp_dir: str) -> 'Pipeline':
        """Make the pipeline.

        Args:
            tmp_dir: A folder that is removed when the command ends.
        """
        from rastervision.pipeline.pipeline import Pipeline

        return Pipeline(self, tmp_dir)

    def for_test_mode(self) -> Self:
        """A pipeline that does what this one does with little data, elsewhere, to see whether it works.

        Raises:
            ConfigError: If the pipeline cannot be made so.
        """
        raise ConfigError(f'{type(self).__name__} has no test mode. Leave it out.')

    def dict(self, with_rv_metadata: bool = True, **kwargs: Any) -> Data:
        """All fields as plain data; see :meth:`.Config.dict`.

        Args:
            with_rv_metadata: Fill in `rv_config` and `plugin_versions`.
            kwargs: Passed to pydantic's `model_dump`.
        """
        data = super().dict(with_rv_metadata=with_rv_metadata, **kwargs)
        if with_rv_metadata:
            from rastervision.pipeline.rv_config import rv_config_

            data['rv_config'] = rv_config_.get_config_dict(registry_.get_rv_config_schema())
        return data

    @classmethod
    def from_dict(cls, cfg_dict: Data) -> Self:
        """Make a config from a dict; see :meth:`.Config.from_dict`."""
        return super().from_dict(cfg_dict)
