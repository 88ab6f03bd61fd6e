"""Building configs from plain data."""

from typing import Any

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import registry_


def build_config(x: Any) -> Any:
    """Make configs from plain data.

    Args:
        x: A dict with `type_hint`, a config, or a list of those.

    Returns:
        A config, or a list of configs.

    Raises:
        ConfigError: If a value is not valid, or a dict has no `type_hint`.
        RegistryError: If a type hint is not registered.
    """
    if isinstance(x, list):
        return [build_config(item) for item in x]
    if isinstance(x, Config):
        return x
    if not isinstance(x, dict) or 'type_hint' not in x:
        raise ConfigError(f'A config needs a type_hint, which says what it is; got {x!r:.200}.')
    if not isinstance(x['type_hint'], str):
        raise ConfigError(f'type_hint is {x["type_hint"]!r:.80}, which is no text.')
    config = registry_.get_config(x['type_hint']).from_dict({**x, 'plugin_versions': None})
    if x.get('plugin_versions') is not None and 'plugin_versions' in type(config).model_fields:
        config.plugin_versions = x['plugin_versions']  # kept, while nothing is upgraded by them
    return config
