"""The one engine that every runner calls: prepares a config, runs a command of it."""

import sys
from typing import TypeVar

from rastervision.pipeline.commands import check_command
from rastervision.pipeline.config.build import build_config
from rastervision.pipeline.config.files import read_config_data, save_pipeline_config
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import ConfigError, RegistryError, about
from rastervision.pipeline.file_system.utils import get_tmp_dir
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.pipeline_config import PipelineConfig
from rastervision.pipeline.plain_text import echo
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.secret_references import check_resolved

T = TypeVar('T', bound=PipelineConfig)


def prepare(cfg: T) -> T:
    """Resolve a config and save it where its commands will read it.

    Args:
        cfg: The user's config; it stays as it is.

    Returns:
        The resolved copy.

    Raises:
        ConfigError: If it is not valid, or says not where to write.
        NotWritableError: If it cannot be saved.
    """
    resolved = resolve_pipeline(cfg)
    save_pipeline_config(resolved, resolved.get_config_uri())
    return resolved


def resolve_pipeline(cfg: T) -> T:
    """Resolve a config, see that it says where to write, and give it as its jobs will read it from JSON.

    Raises:
        ConfigError: If it is not valid, says not where to write, or refers to secrets that are not known here.
    """
    resolved = resolve(cfg)
    if resolved.root_uri is None and type(resolved).get_config_uri is PipelineConfig.get_config_uri:
        raise ConfigError(f'{type(cfg).__name__}: root_uri is None. Set it to the folder to write to.')
    data = resolved.dict(with_rv_metadata=False, mode='json')
    check_resolved(data)
    return type(resolved).from_dict({**data, 'plugin_versions': None})  # of this version, whatever wrote it


def load_pipeline_config(cfg_json_uri: str) -> PipelineConfig:
    """Read a config that `prepare` saved, and put the settings that it recorded in force.

    They fill the gaps of this machine's own settings.

    Raises:
        NotReadableError: If there is no such file.
        ConfigError: If it is not the config of a pipeline, or refers to secrets that are not known here.
    """
    data = read_config_data(cfg_json_uri)
    if not isinstance(data, dict):
        raise ConfigError(f'{cfg_json_uri!r} holds a {type(data).__name__}, not the config of one pipeline.')
    rv_config_.set_recorded(data.get('rv_config'), registry_.get_rv_config_schema())
    try:
        with about(cfg_json_uri):
            check_resolved(data)
            config = build_config(data)
    except RegistryError as error:
        raise ConfigError(
            f'{cfg_json_uri!r}: {error} A job knows the configs of installed plugins, which are packages '
            'rastervision.<name>, and not those that are defined in a config file.'
        ) from error
    if not isinstance(config, PipelineConfig):
        raise ConfigError(f'{cfg_json_uri!r} holds a {type(config).__name__}, which configures no pipeline.')
    return config


def run_command(cfg_json_uri: str, command: str, split_ind: int | None = None, num_splits: int | None = None) -> None:
    """Run one job: a command of a saved config, or one split of it. A job that is done already is not run again.

    Args:
        cfg_json_uri: The saved config.
        command: Name of the command.
        split_ind: Which split to run; needed if there are several.
        num_splits: How many splits there are. None: one.

    Raises:
        ConfigError: If the pipeline has no such command or split.
    """
    config = load_pipeline_config(cfg_json_uri)
    with get_tmp_dir() as tmp_dir:
        pipeline = config.build(tmp_dir)
        _run_job(pipeline, command, split_ind, 1 if num_splits is None else num_splits)


def _run_job(pipeline: Pipeline, command: str, split_ind: int | None, num_splits: int) -> None:
    check_command(pipeline, command)
    part = _check_split(pipeline, command, split_ind, num_splits)
    label = f'{command} command' if num_splits == 1 else f'{command} command split {part + 1}/{num_splits}'
    manifest = Manifest(pipeline)
    if manifest.job_is_done(command, part, num_splits):
        _say(f'The {label} is done already.')
        return
    _say(f'Running {label}...')
    method = getattr(pipeline, command)
    with manifest.job(command, part, num_splits):
        if num_splits == 1:
            method()
        else:
            method(split_ind=part, num_splits=num_splits)


def _check_split(pipeline: Pipeline, command: str, split_ind: int | None, num_splits: int) -> int:
    if num_splits == 1 and split_ind in (None, 0):
        return 0
    if num_splits < 1:
        raise ConfigError(f'num_splits is {num_splits!r}; it must be 1 or more.')
    if split_ind is None:
        raise ConfigError(
            f'{command}: which of the {num_splits} splits? Pass --split-ind, from 0 to {num_splits - 1}; '
            'this runner does not tell it.'
        )
    if not 0 <= split_ind < num_splits:
        raise ConfigError(f'{command}: there is no split {split_ind!r} of {num_splits}; use 0 to {num_splits - 1}.')
    if command not in pipeline.split_commands:
        raise ConfigError(
            f'{command!r} cannot be split into {num_splits}. Commands of {type(pipeline).__name__} that can: '
            f'{", ".join(pipeline.split_commands) or "none"}.'
        )
    return split_ind


def _say(text: str) -> None:
    echo(text)
    sys.stdout.flush()
