"""Decides what several pipelines that run together make once for all of them."""

from collections.abc import Sequence

from rastervision.pipeline.dependency_keys import describe_changes
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.masking import mask
from rastervision.pipeline.records import real_uri


def check_apart(manifests: Sequence[Manifest], orders: Sequence[Sequence[str]], labels: Sequence[str]) -> None:
    """See that no pipeline writes over what another one writes.

    Args:
        manifests: Those of the pipelines that run together.
        orders: The commands that are asked for, of each.
        labels: What to call each; see `name_pipelines`.

    Raises:
        ConfigError: If two have the same root, or let a command write to the same folder though it would not make the
            same there.
    """
    roots: dict[str, int] = {}
    writers: dict[tuple[str, str], int] = {}
    for place, (manifest, commands) in enumerate(zip(manifests, orders, strict=True)):
        first = roots.setdefault(manifest.root.uri, place)
        if first != place:
            uri = mask(manifest.root.uri)
            raise ConfigError(f'Pipelines {first} and {place} both have root_uri {uri!r}. Give each its own.')
        for command, folder in _folders_of(manifest, commands).items():
            first = writers.setdefault((command, folder), place)
            if first == place:
                continue
            parts = manifests[first].keys.parts_of(command), manifest.keys.parts_of(command)
            if parts[0] != parts[1]:
                raise ConfigError(
                    f'{labels[first]} and {labels[place]} both let {command} write to {mask(folder)!r}, but would not '
                    f'make the same there: {describe_changes(*parts)} differ. Give each its own folder.'
                )


def share(manifests: Sequence[Manifest], pending: Sequence[Sequence[str]]) -> list[dict[str, int]]:
    """Which of the commands that are to run are run by one pipeline for others that let it write to the same folder.

    Args:
        manifests: Those of the pipelines that run together; `check_apart` has seen them.
        pending: The commands that are to run, of each.

    Returns:
        For each pipeline, those of its commands that another one runs for it -> the place of that one.
    """
    makers: dict[tuple[str, str], int] = {}
    shared: list[dict[str, int]] = []
    for place, (manifest, commands) in enumerate(zip(manifests, pending, strict=True)):
        folders = _folders_of(manifest, commands).items()
        found = {command: makers.setdefault((command, folder), place) for command, folder in folders}
        shared.append({command: maker for command, maker in found.items() if maker != place})
    return shared


def name_pipelines(manifests: Sequence[Manifest]) -> list[str]:
    """What tells each pipeline from the others: the ends of their roots, as far as these differ."""
    if len(manifests) < 2:
        return [''] * len(manifests)
    parts = [mask(manifest.root.uri).split('/') for manifest in manifests]
    same = next((i for i, names in enumerate(zip(*parts, strict=False)) if len(set(names)) > 1), min(map(len, parts)))
    return ['/'.join(names[same:]) or names[-1] for names in parts]


def _folders_of(manifest: Manifest, commands: Sequence[str]) -> dict[str, str]:
    """One spelling of the folder that each of the commands writes to, of those of which it can be told."""
    uris = {command: manifest.outputs[command] for command in commands if command in manifest.outputs}
    return {command: real_uri(uri) for command, uri in uris.items()}
