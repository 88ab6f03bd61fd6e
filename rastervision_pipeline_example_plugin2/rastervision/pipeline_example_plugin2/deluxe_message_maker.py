"""A message maker with more emphasis."""

from pydantic import Field

from rastervision.pipeline.config.register import register_config
from rastervision.pipeline_example_plugin1.sample_pipeline2 import MessageMaker, MessageMakerConfig


class DeluxeMessageMaker(MessageMaker):
    """Makes messages with more emphasis."""

    def __init__(self, greeting: str = 'hello', level: int = 1) -> None:
        """Keep the greeting and how many exclamation marks to use."""
        super().__init__(greeting)
        self.level = level

    def make_message(self, name: str) -> str:
        """The message for a name."""
        return f'{self.greeting} {name}{"!" * self.level}'


@register_config('pipeline_example_plugin2.deluxe_message_maker')
class DeluxeMessageMakerConfig(MessageMakerConfig):
    """Configure a :class:`.DeluxeMessageMaker`."""

    level: int = Field(1, ge=0, description='Number of exclamation marks.')

    def build(self) -> DeluxeMessageMaker:
        """Make the message maker."""
        return DeluxeMessageMaker(self.greeting, self.level)
