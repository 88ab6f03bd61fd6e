"""Which pipelines and commands there are."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rastervision.pipeline.execution import resolve_pipeline
from rastervision.pipeline.file_system.utils import get_tmp_dir
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig


@dataclass(frozen=True)
class Command:
    """A command of a pipeline.

    Attributes:
        name: What to ask for.
        summary: What it does: the first sentence of its docstring.
        runs: Whether it runs if no command is asked for.
        can_be_split: Whether `--splits` makes several jobs of it.
        gpu: Whether it profits from a GPU.
    """

    name: str
    summary: str
    runs: bool
    can_be_split: bool
    gpu: bool

    @property
    def remarks(self) -> str:
        """What to know of it when it is run."""
        parts = ['GPU' if self.gpu else 'CPU', 'can be split' if self.can_be_split else '']
        return ', '.join(part for part in [*parts, '' if self.runs else 'only if asked for'] if part)


@dataclass(frozen=True)
class Listing:
    """A pipeline and its commands.

    Attributes:
        pipeline: Type hint of its config.
        root_uri: Where it writes.
        commands: Its commands, in the order they run.
    """

    pipeline: str
    root_uri: str | None
    commands: list[Command]

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        names, remarks = (max(map(len, texts), default=0) for texts in self._columns())
        lines = [f'  {c.name:<{names}}  {c.remarks:<{remarks}}  {c.summary}'.rstrip() for c in self.commands]
        return '\n'.join([f'{self.pipeline}, root_uri {self.root_uri}:', *lines])

    def _columns(self) -> tuple[list[str], list[str]]:
        return [command.name for command in self.commands], [command.remarks for command in self.commands]


def list_pipelines(configs: Iterable[PipelineConfig]) -> list[Listing]:
    """The pipelines of configs, and their commands. Nothing is written.

    Raises:
        ConfigError: If a config is not valid.
    """
    with get_tmp_dir() as tmp_dir:
        resolved = [resolve_pipeline(config) for config in configs]
        return [
            Listing(_type_hint(config), config.root_uri, list(_commands(config.build(tmp_dir)))) for config in resolved
        ]


def _type_hint(config: PipelineConfig) -> str:
    return str(config.dict(mode='json')['type_hint'])


def _commands(pipeline: Pipeline) -> Iterable[Command]:
    for name in pipeline.all_commands:
        text = getattr(pipeline, name).__doc__ or ''
        summary = text.strip().partition('\n')[0].partition('. ')[0].rstrip('.')
        is_split, uses_gpu = name in pipeline.split_commands, name in pipeline.gpu_commands
        yield Command(name, summary, name in pipeline.commands, is_split, uses_gpu)
