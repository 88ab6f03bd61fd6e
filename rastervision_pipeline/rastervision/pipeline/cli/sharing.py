"""Decides what several pipelines that run together make once for all of them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from rastervision.pipeline.dependency_keys import describe_changes
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.utils import is_local
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.masking import mask
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.records import plain_uri


@dataclass
class Sharing:
    """What pipelines that run together make for each other.

    Attributes:
        labels: What tells each pipeline from the others; empty if there is one.
        shared: For each pipeline, those of its commands that another one runs for it -> the place of that one.
    """

    labels: list[str]
    shared: list[dict[str, int]] = field(default_factory=list)


def check_apart(pipelines: Sequence[Pipeline], orders: Sequence[Sequence[str]]) -> None:
    """See that no pipeline writes over what another one writes.

    Args:
        pipelines: Those that run together.
        orders: The commands that are asked for, of each.

    Raises:
        ConfigError: If two have the same root, or let a command write to the same folder though it would not make the
            same there.
    """
    labels = name_pipelines(pipelines)
    for (a, one), (b, other) in combinations(enumerate(pipelines), 2):
        root = plain_uri(os.path.dirname(one.config.get_config_uri()))
        if root == plain_uri(os.path.dirname(other.config.get_config_uri())):
            raise ConfigError(f'Pipelines {a} and {b} both have root_uri {mask(root)!r}. Give each its own.')
        for command in orders[a]:
            folder = _folder_of(one, command)
            if command not in orders[b] or folder is None or folder != _folder_of(other, command):
                continue
            parts = [Manifest(pipeline).keys.parts_of(command) for pipeline in (one, other)]
            if parts[0] != parts[1]:
                raise ConfigError(
                    f'{labels[a]} and {labels[b]} both let {command} write to {mask(folder)!r}, but would not make the '
                    f'same there: {describe_changes(*parts)} differ. Give each its own folder.'
                )


def share(pipelines: Sequence[Pipeline], pending: Sequence[Sequence[str]]) -> Sharing:
    """Which of the commands that are to run are run by one pipeline for others that let it write to the same folder.

    Args:
        pipelines: Those that run together; `check_apart` has seen them.
        pending: The commands that are to run, of each.
    """
    makers: dict[tuple[str, str], int] = {}
    shared: list[dict[str, int]] = []
    for place, (pipeline, commands) in enumerate(zip(pipelines, pending, strict=True)):
        folders = {command: _folder_of(pipeline, command) for command in commands}
        found = {
            command: makers.setdefault((command, folder), place)
            for command, folder in folders.items()
            if folder is not None
        }
        shared.append({command: maker for command, maker in found.items() if maker != place})
    return Sharing(name_pipelines(pipelines), shared)


def name_pipelines(pipelines: Sequence[Pipeline]) -> list[str]:
    """What tells each pipeline from the others: the ends of their roots, as far as these differ."""
    if len(pipelines) < 2:
        return [''] * len(pipelines)
    roots = [mask(plain_uri(os.path.dirname(pipeline.config.get_config_uri()))) for pipeline in pipelines]
    parts = [root.split('/') for root in roots]
    same = next((i for i, names in enumerate(zip(*parts, strict=False)) if len(set(names)) > 1), min(map(len, parts)))
    return ['/'.join(names[same:]) or names[-1] for names in parts]


def _folder_of(pipeline: Pipeline, command: str) -> str | None:
    """One spelling of the folder that a command writes to, if there is one that can be told."""
    uri = pipeline.output_of(command)
    if uri is None:
        return None
    return os.path.realpath(to_path(uri)) if is_local(uri) else plain_uri(uri)
