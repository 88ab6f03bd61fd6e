"""Configures the pipeline that measures how bright images are."""

import os
from typing import TYPE_CHECKING

from pydantic import Field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.pipeline_config import PipelineConfig

if TYPE_CHECKING:
    from rastervision.{{ cookiecutter.package }}.brightness import {{ cookiecutter.class_prefix }}Brightness


@register_config('{{ cookiecutter.package }}.brightness')
class {{ cookiecutter.class_prefix }}BrightnessConfig(PipelineConfig):
    """Configure a :class:`.{{ cookiecutter.class_prefix }}Brightness`.

    This module is light: it imports neither numpy nor what reads images, so that configs are made quickly anywhere.
    """

    uris: list[str] = Field(description='The images.')
    chip_sz: int = Field(512, description='Height and width of what is read at a time.')
    summary_uri: str | None = Field(None, description='Where to write the summary. None: <root_uri>/summary.json.')

    def update(self) -> None:
        """Fill in `summary_uri`."""
        super().update()
        if self.summary_uri is None:
            self.summary_uri = os.path.join(self.root_uri or '', 'summary.json')

    def validate_config(self) -> None:
        """See that there are images, each once."""
        super().validate_config()
        if not self.uris or len(set(self.uris)) < len(self.uris):
            raise ConfigError(f'uris is {self.uris!r}. Name at least one image, and each once.')

    def measure_uri(self, uri: str) -> str:
        """Where what was measured of an image is written."""
        return os.path.join(self.root_uri or '', 'measures', f'{self.uris.index(uri)}.json')

    def build(self, tmp_dir: str) -> '{{ cookiecutter.class_prefix }}Brightness':
        """Make the pipeline."""
        from rastervision.{{ cookiecutter.package }}.brightness import {{ cookiecutter.class_prefix }}Brightness

        return {{ cookiecutter.class_prefix }}Brightness(self, tmp_dir)
