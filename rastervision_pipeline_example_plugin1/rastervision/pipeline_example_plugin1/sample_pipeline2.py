"""The sample pipeline with a config inside its config, which other plugins can replace by their own."""

import os

from pydantic import Field

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline_example_plugin1.sample_pipeline import SamplePipeline


class MessageMaker:
    """Makes messages."""

    def __init__(self, greeting: str = 'hello') -> None:
        """Keep the greeting."""
        self.greeting = greeting

    def make_message(self, name: str) -> str:
        """The message for a name."""
        return f'{self.greeting} {name}!'


class SamplePipeline2(SamplePipeline):
    """Writes a message for each name, made by a :class:`.MessageMaker`, and prints the messages."""

    config: 'SamplePipeline2Config'  # type: ignore[assignment]

    def make_message(self, name: str) -> str:
        """The message for a name."""
        return self.config.message_maker.build().make_message(name)


@register_config('pipeline_example_plugin1.message_maker')
class MessageMakerConfig(Config):
    """Configure a :class:`.MessageMaker`."""

    greeting: str = Field('hello', description='What comes before the name.')

    def build(self) -> MessageMaker:
        """Make the message maker."""
        return MessageMaker(self.greeting)


@register_config('pipeline_example_plugin1.sample_pipeline2')
class SamplePipeline2Config(PipelineConfig):
    """Configure a :class:`.SamplePipeline2`."""

    names: list[str] = Field(['alice', 'bob'], description='Whom to greet.')
    message_uris: list[str] | None = Field(
        None, description='Where to write the message for each name. None: <root_uri>/<name>.txt.'
    )
    message_maker: MessageMakerConfig = Field(default_factory=MessageMakerConfig, description='Makes the messages.')

    def update(self) -> None:
        """Fill in `message_uris`."""
        super().update()
        if self.message_uris is None:
            self.message_uris = [os.path.join(self.root_uri or '', f'{name}.txt') for name in self.names]

    def build(self, tmp_dir: str) -> SamplePipeline2:
        """Make the pipeline; see :meth:`.PipelineConfig.build`."""
        return SamplePipeline2(self, tmp_dir)
