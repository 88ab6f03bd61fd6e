"""A pipeline that writes little files, and notes in a log which of its parts ran."""

import os
import time

from pydantic import Field

from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.file_system.utils import file_to_str, list_paths, str_to_file
from rastervision.pipeline.manifest import run_step
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.published_files import published_files


class Toy(Pipeline):
    commands = ['make', 'join', 'shout']  # noqa: RUF012
    split_commands = ['make']  # noqa: RUF012
    gpu_commands = ['shout']  # noqa: RUF012

    def make(self, split_ind=0, num_splits=1):
        for item in self.config.items[split_ind::num_splits]:
            run_step(item, lambda item=item: self.make_item(item))

    def join(self):
        self.note('join')
        str_to_file(''.join(map(file_to_str, self.parts())), self.path('joined'))

    def shout(self):
        self.note('shout')
        str_to_file(file_to_str(self.path('joined')) + self.config.mark, self.path('shouted'))

    def unlisted(self):
        self.note('unlisted')

    def config_for(self, command):
        fields = {'make': ['items'], 'join': ['items'], 'shout': ['mark']}.get(command, [])
        return {name: getattr(self.config, name) for name in fields}

    def inputs_of(self, command):
        return [self.config.source] if command == 'make' and self.config.source else []

    def upstream_of(self, command):
        return {'join': ['make'], 'shout': ['join']}.get(command, [])

    def output_of(self, command):
        return self.config.parts_uri if command == 'make' else None

    def make_item(self, item):
        self.note(f'make {item}')
        time.sleep(self.config.seconds)
        if item == self.config.bad_item:
            raise ValueError(f'{item} is bad')
        if self.config.source:
            file_to_str(self.config.source)
        if self.config.meets is not None:
            self.meet(item, self.config.meets)
        str_to_file(item, self.part(item))

    def note(self, text):
        with open(self.config.log, 'a') as file:
            file.write(f'{text}\n')

    def meet(self, item, folder):
        """Wait for another pipeline that makes the same item at the same time."""
        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, f'{item} {os.path.basename(self.config.root_uri)}'), 'w').close()
        until = time.monotonic() + 30
        while len([name for name in os.listdir(folder) if name.startswith(item)]) < 2:
            assert time.monotonic() < until, f'{item} is made alone'
            time.sleep(0.02)

    def parts(self):
        """What was made: of a folder that others may write to, what is known to be of this run, or else all."""
        folder = self.config.parts_uri
        if folder is None:
            return [self.part(item) for item in self.config.items]
        made = published_files(folder)
        return sorted(list_paths(folder, ext='.txt')) if made is None else made

    def part(self, item):
        return os.path.join(self.config.parts_uri or self.config.root_uri, f'{item}.txt')

    def path(self, name):
        return os.path.join(self.config.root_uri, f'{name}.txt')


@register_config('toy_plugin.toy')
class ToyConfig(PipelineConfig):
    log: str = Field('', description='Where to note what ran.')
    items: list[str] = Field(['a', 'b', 'c'], description='What to make.')
    mark: str = Field('!', description='What to add.')
    source: str | None = Field(None, description='A file that is read.')
    bad_item: str | None = Field(None, description='The item that fails.')
    parts_uri: str | None = Field(None, description='Where to make the items. None: in the root.')
    meets: str | None = Field(None, description='Folder in which to wait for another pipeline.')
    seconds: float = Field(0, description='How long making an item takes.')

    def build(self, tmp_dir):
        return Toy(self, tmp_dir)
