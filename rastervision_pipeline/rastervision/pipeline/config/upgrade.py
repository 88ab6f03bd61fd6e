"""Bringing config dicts of earlier versions up to date.

A file says with which version of each plugin it was written. Every registered class may bring an upgrader that turns
the dict of one version into that of the next; a dict goes through the upgraders of all its registered ancestors.
"""

import logging
from typing import Any

from rastervision.pipeline.errors import ConfigError, RegistryError
from rastervision.pipeline.registry import registry_

log = logging.getLogger(__name__)

Data = dict[str, Any]

# Plugins of earlier versions that no file needs: they brought no configs.
GONE = frozenset({'rastervision.gdal_vsi', 'rastervision.aws_sagemaker'})


class MissingVersionError(ConfigError, KeyError):
    """A config file does not say with which version of a plugin it was written."""

    def __str__(self) -> str:
        return str(self.args[0])


def upgrade_plugin_versions(plugin_versions: dict[str, int]) -> dict[str, int]:
    """Versions by the present names of the plugins, which may have been renamed since a file was written.

    A plugin that is not installed is left out with a warning.
    """
    if not isinstance(plugin_versions, dict):
        raise ConfigError(f'plugin_versions is {plugin_versions!r:.80}, which is no object of plugins and versions.')
    installed = registry_.get_plugin_versions()
    known = {}
    for name, version in plugin_versions.items():
        present = name if name in installed else registry_.get_plugin_from_alias(name)
        if present is None and name not in GONE:
            log.warning('The config was written with the plugin %s, which is not installed.', name)
        elif present is not None:
            known[present] = _checked_version(name, version)
    return known


def _checked_version(plugin: str, version: Any) -> int:
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise ConfigError(f'plugin_versions: {plugin!r} has {version!r:.80}, which is no version: 0, 1, 2, ...')
    return version


def upgrade_config(config_dict: Data | list[Data]) -> Data | list[Data]:
    """A config dict, or a list of them, as the present version would have written it.

    Args:
        config_dict: With `plugin_versions`; it is not changed.

    Raises:
        MissingVersionError: If `plugin_versions` lacks a plugin that the config uses.
    """
    if isinstance(config_dict, list):
        return [_upgrade_root(item) for item in config_dict]
    return _upgrade_root(config_dict)


def _upgrade_root(config_dict: Data) -> Data:
    versions = upgrade_plugin_versions(config_dict['plugin_versions'])
    upgraded: Data = _upgrade({k: v for k, v in config_dict.items() if k != 'plugin_versions'}, versions)
    return {**upgraded, 'plugin_versions': registry_.get_plugin_versions()}


def _upgrade(value: Any, versions: dict[str, int]) -> Any:
    """Upgrade each dict with a type hint, those inside first."""
    if isinstance(value, list | tuple):
        return [_upgrade(item, versions) for item in value]
    if not isinstance(value, dict):
        return value
    upgraded = {key: _upgrade(item, versions) for key, item in value.items()}
    if not isinstance(upgraded.get('type_hint'), str):
        return upgraded
    upgraded['type_hint'] = registry_.get_renamed_type_hint(upgraded['type_hint'])
    return _apply_upgraders(upgraded, versions)


def _apply_upgraders(config_dict: Data, versions: dict[str, int]) -> Data:
    try:
        lineage = registry_.get_type_hint_lineage(config_dict['type_hint'])
    except RegistryError as error:
        raise ConfigError(f'The config cannot be read: {error} Is the plugin that wrote it installed?') from error
    for hint in lineage:
        plugin, upgrade = registry_.get_plugin(hint), registry_.get_upgrader(hint)
        if plugin not in versions:
            raise MissingVersionError(
                f'plugin_versions lacks {plugin!r}, to which type_hint {hint!r} belongs. It has {sorted(versions)}. '
                'Add the version that wrote the file, or leave plugin_versions out if it needs no upgrade.'
            )
        if upgrade is not None:
            for version in range(versions[plugin], registry_.get_plugin_version(plugin)):
                config_dict = upgrade(config_dict, version)
    return config_dict
