"""Loads objects from folders, zip files and repositories with a torch.hub style `hubconf.py`."""

import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from rastervision.pipeline.errors import ConfigError, NotReadableError, did_you_mean
from rastervision.pipeline.file_system.utils import (
    download_if_needed,
    get_tmp_dir,
    is_archive,
    is_local,
    sync_from_dir,
    unzip,
)
from rastervision.pytorch_learner.user_code import load_module, names_found_in

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig

HUBCONF = 'hubconf.py'
LOSS_DIRNAME = 'loss'


def get_hubconf_dir_from_cfg(cfg: 'ExternalModuleConfig', parent: str | None = '') -> str:
    """The folder that an external definition is kept in: its name, or one made from its place.

    It is called after the repository ('owner_name_tag'), or as the folder or zip without its ending.

    Args:
        cfg: The definition.
        parent: Folder that it lies in.
    """
    if cfg.name is not None:
        name = cfg.name
    else:
        place = str(cfg.github_repo) if cfg.uri is None else os.path.splitext(os.path.basename(cfg.uri.rstrip('/')))[0]
        name = re.sub(r'[^\w.-]+', '_', place)
    return os.path.join(parent or '', name)


def loss_modules_dir(
    modules_dir: str, model_def: 'ExternalModuleConfig | None', loss_def: 'ExternalModuleConfig | None'
) -> str:
    """The folder in which the folder of a loss's definition lies: another one if the model's has the same name.

    Args:
        modules_dir: Where that of the model lies.
        model_def: The model's definition.
        loss_def: The loss's.
    """
    if model_def is None or loss_def is None:
        return modules_dir
    places = [(cfg.uri, cfg.github_repo, get_hubconf_dir_from_cfg(cfg)) for cfg in (model_def, loss_def)]
    is_clash = places[0][2] == places[1][2] and places[0] != places[1]
    return os.path.join(modules_dir, LOSS_DIRNAME) if is_clash else modules_dir


def torch_hub_load_github(repo: str, entrypoint: str, *args: Any, dst_dir: str | None = None, **kwargs: Any) -> Any:
    """Load from a repository on GitHub. This runs its code.

    Args:
        repo: `'owner/name[:branch or tag]'`.
        entrypoint: Function in hubconf.py.
        args: For the entrypoint.
        dst_dir: Folder to keep a copy of the repository in.
        kwargs: For the entrypoint.

    Raises:
        NotReadableError: If it cannot be downloaded.
    """
    with get_tmp_dir() as tmp_dir:
        previous = torch.hub._hub_dir  # not get_dir(), after which TORCH_HOME would have no effect any more
        torch.hub.set_dir(tmp_dir)
        try:
            torch.hub.list(repo, trust_repo=True, skip_validation=True, verbose=False)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise NotReadableError(
                f'{repo!r}: the repository cannot be downloaded from GitHub ({error}). Download it and pass its folder '
                'or zip as uri.'
            ) from error
        finally:
            torch.hub._hub_dir = previous
        fetched = next(entry.path for entry in os.scandir(tmp_dir) if os.path.isfile(os.path.join(entry.path, HUBCONF)))
        return _keep_and_load(fetched, entrypoint, args, kwargs, dst_dir)


def torch_hub_load_uri(uri: str, entrypoint: str, *args: Any, dst_dir: str | None = None, **kwargs: Any) -> Any:
    """Load from a folder or a zip file, local or remote. This runs its code.

    Args:
        uri: The folder with hubconf.py, or a zip of one.
        entrypoint: Function in hubconf.py.
        args: For the entrypoint.
        dst_dir: Folder to keep a copy in.
        kwargs: For the entrypoint.

    Raises:
        NotReadableError: If there is no hubconf.py.
    """
    with definition_at(uri) as fetched:
        return _keep_and_load(fetched, entrypoint, args, kwargs, dst_dir)


@contextmanager
def definition_at(uri: str) -> Iterator[str]:
    """Inside this context there is the local folder of a definition; what is not local, or a zip, is fetched.

    Args:
        uri: The folder with hubconf.py, or a zip of one.

    Raises:
        NotReadableError: If there is no hubconf.py.
    """
    with get_tmp_dir() as tmp_dir:
        if is_archive(uri):
            fetched = os.path.join(tmp_dir, 'unzipped')
            unzip(download_if_needed(uri), fetched)
        elif is_local(uri):
            fetched = uri
        else:
            fetched = os.path.join(tmp_dir, 'synced')
            sync_from_dir(uri, fetched)
        yield _find_hubconf(fetched, uri)


def torch_hub_load_local(hubconf_dir: str, entrypoint: str, *args: Any, **kwargs: Any) -> Any:
    """Load from a local folder. This runs its code.

    Args:
        hubconf_dir: The folder with hubconf.py.
        entrypoint: Function in hubconf.py.
        args: For the entrypoint.
        kwargs: For the entrypoint.

    Raises:
        NotReadableError: If there is no hubconf.py.
        ConfigError: If it has no such entrypoint.
    """
    hubconf_dir = _find_hubconf(hubconf_dir, hubconf_dir)
    with names_found_in(hubconf_dir):
        return _entrypoint(hubconf_dir, entrypoint)(*args, **kwargs)


def _entrypoint(hubconf_dir: str, name: str) -> Callable[..., Any]:
    """A function of a definition, once what it needs is known to be there."""
    with _explained(hubconf_dir):
        module = load_module(hubconf_dir, HUBCONF.removesuffix('.py'))
    missing = [each for each in getattr(module, 'dependencies', ()) if importlib.util.find_spec(each) is None]
    if missing:
        raise ConfigError(f'{hubconf_dir}: its {HUBCONF} needs {", ".join(missing)}, not installed. Install them.')
    make = getattr(module, name, None)
    if callable(make):
        return make  # type: ignore[no-any-return]
    known = [each for each, value in vars(module).items() if callable(value) and not each.startswith('_')]
    raise ConfigError(
        f'entrypoint {name!r}: not in {os.path.join(hubconf_dir, HUBCONF)}. Choose from '
        f'{", ".join(known)}{did_you_mean(name, known) or "."}'
    )


@contextmanager
def _explained(folder: str) -> Iterator[None]:
    """Errors of importing code, as one that names the folder."""
    try:
        yield
    except (ImportError, SyntaxError) as error:
        raise ConfigError(f'{folder}: its code cannot be imported: {error}') from error


def _find_hubconf(folder: str, uri: str) -> str:
    """The folder with hubconf.py: the given one or, as in zips of repositories, the only folder in it."""
    candidates = [folder]
    if os.path.isdir(folder):
        candidates += sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())
    found = [candidate for candidate in candidates if os.path.isfile(os.path.join(candidate, HUBCONF))]
    if not found:
        raise NotReadableError(f'{uri}: has no {HUBCONF}. Give the folder, or a zip of the folder, that has it.')
    return found[0]


def remove_definition(folder: str) -> None:
    """Remove a folder that a definition is kept in, if it is there.

    Raises:
        ConfigError: If it is something else.
    """
    if not os.path.lexists(folder):
        return
    if os.path.islink(folder) or not os.path.isfile(os.path.join(folder, HUBCONF)):
        raise ConfigError(
            f'{folder}: a definition is to be kept there, but there is something else, which has no {HUBCONF}. Move it '
            'away, or give the definition another name.'
        )
    shutil.rmtree(folder)


def _keep_and_load(
    fetched: str, entrypoint: str, args: tuple[Any, ...], kwargs: dict[str, Any], dst_dir: str | None
) -> Any:
    """Copy the definition to the place it is kept in, whole or not at all, and load it from there."""
    if dst_dir is None:
        return torch_hub_load_local(fetched, entrypoint, *args, **kwargs)
    parent = os.path.dirname(os.path.abspath(dst_dir))
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as staging:
        copy = os.path.join(staging, 'copy')
        shutil.copytree(fetched, copy, ignore=shutil.ignore_patterns('__pycache__', '.*'))
        remove_definition(dst_dir)
        os.rename(copy, dst_dir)
    return torch_hub_load_local(dst_dir, entrypoint, *args, **kwargs)
