"""A pipeline that writes a message for each name, and prints the messages."""

import os
from functools import partial

import click
from pydantic import Field

from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.file_system.utils import file_to_str, str_to_file
from rastervision.pipeline.manifest import run_step
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.utils import split_into_groups


class SamplePipeline(Pipeline):
    """Writes a message for each name, and prints the messages."""

    commands: list[str] = ['save_messages', 'print_messages']  # noqa: RUF012
    split_commands: list[str] = ['save_messages']  # noqa: RUF012
    gpu_commands: list[str] = []  # noqa: RUF012

    config: 'SamplePipelineConfig'

    def save_messages(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Write the messages of one part of the names; if it is stopped, the next run goes on where it was."""
        pairs = list(zip(self.config.names, self.config.message_uris or [], strict=True))
        groups = split_into_groups(pairs, num_splits)
        for name, uri in groups[split_ind] if split_ind < len(groups) else []:
            run_step(uri, partial(self.save_message, name, uri))

    def print_messages(self) -> None:
        """Print all messages."""
        for uri in self.config.message_uris or []:
            click.echo(file_to_str(uri))

    def save_message(self, name: str, uri: str) -> None:
        """Write the message for a name."""
        str_to_file(self.make_message(name), uri)

    def make_message(self, name: str) -> str:
        """The message for a name."""
        return f'hello {name}!'


@register_config('pipeline_example_plugin1.sample_pipeline')
class SamplePipelineConfig(PipelineConfig):
    """Configure a :class:`.SamplePipeline`."""

    names: list[str] = Field(['alice', 'bob'], description='Whom to greet.')
    message_uris: list[str] | None = Field(
        None, description='Where to write the message for each name. None: <root_uri>/<name>.txt.'
    )

    def update(self) -> None:
        """Fill in `message_uris`."""
        super().update()
        if self.message_uris is None:
            self.message_uris = [os.path.join(self.root_uri or '', f'{name}.txt') for name in self.names]

    def build(self, tmp_dir: str) -> SamplePipeline:
        """Make the pipeline; see :meth:`.PipelineConfig.build`."""
        return SamplePipeline(self, tmp_dir)
