"""Finds what a job in the cloud could not read or write."""

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.local_file_system import to_path
from rastervision.pipeline.file_system.utils import is_local

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

URI_FIELD = re.compile(r'(^|_)uris?$')
MAX_NAMED = 10


def refuse_local(cfg_json_uri: str, pipeline: 'Pipeline', commands: Iterable[str], shared: Iterable[str]) -> None:
    """See that all files of a run are where every machine finds them.

    Args:
        cfg_json_uri: The saved config.
        pipeline: Its pipeline.
        commands: The commands that will run.
        shared: Folders that the jobs see under the same path, such as a mounted file system.

    Raises:
        ConfigError: If the config names local files elsewhere; names them.
    """
    data = pipeline.config.dict(with_rv_metadata=False, mode='json')
    found = [('the config', cfg_json_uri), *_fields(data)]
    found += [(f'input of {command}', uri) for command in commands for uri in pipeline.inputs_of(command)]
    folders = [os.path.join(os.path.abspath(os.path.expanduser(folder)), '') for folder in shared]
    local: dict[str, str] = {}
    for where, uri in found:
        if is_local(uri) and not os.path.abspath(to_path(uri)).startswith(tuple(folders)):
            local.setdefault(uri, where)
    if local:
        raise ConfigError(_message([f'{where}: {uri!r}' for uri, where in local.items()]))


def _message(named: list[str]) -> str:
    lines = '\n  '.join(named[:MAX_NAMED])
    more = f'\n  and {len(named) - MAX_NAMED} more' if len(named) > MAX_NAMED else ''
    return (
        'Jobs in the cloud do not see the files of this machine. Copy these to s3://, or, if they are on a file system '
        f'that the jobs mount, name its folder with -o shared_paths:\n  {lines}{more}'
    )


def _fields(data: Any, path: str = '', is_uri: bool = False) -> Iterator[tuple[str, str]]:
    """Path in the config and value of each field that is named like a URI."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _fields(value, f'{path}.{name}' if path else name, bool(URI_FIELD.search(name)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _fields(value, f'{path}[{index}]', is_uri)
    elif is_uri and isinstance(data, str) and data:
        yield path, data
