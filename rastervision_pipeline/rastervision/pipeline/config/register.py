"""Registering config classes, so that JSON can name them."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import Upgrader, registry_

T = TypeVar('T', bound=Config)


def register_config(
    type_hint: str, plugin: str | None = None, upgrader: Upgrader | None = None
) -> Callable[[type[T]], type[T]]:
    """Class decorator: register a config class under a type hint.

    Returns a subclass of the same name with a field `type_hint`, which JSON carries.

    Args:
        type_hint: A name that is unique over all plugins.
        plugin: The plugin's module, such as `'rastervision.core'`. None: the one that the class is defined in.
        upgrader: `f(cfg_dict, version) -> cfg_dict` brings a dict from that version of the plugin to the next.
    """

    def register(cls: type[T]) -> type[T]:
        metaclass: Any = type(cls)
        hinted: type[T] = metaclass(
            cls.__name__,
            (cls,),
            {
                '__module__': cls.__module__,
                '__qualname__': cls.__qualname__,
                '__doc__': cls.__doc__,
                '__annotations__': {'type_hint': Literal[type_hint]},
                'type_hint': type_hint,
                '_registered_hint': type_hint,
            },
        )
        registry_.add_config(type_hint, hinted, plugin or get_plugin(cls), upgrader)
        return hinted

    return register


def get_plugin(config_cls: type) -> str:
    """The plugin that a config class is defined in, from its module: `'rastervision.<plugin>'`.

    Raises:
        ConfigError: If the module is not in a plugin.
    """
    parts = config_cls.__module__.split('.')
    if len(parts) < 2:
        raise ConfigError(
            f'{config_cls.__name__} is defined in {config_cls.__module__!r}, outside any plugin. '
            "Pass plugin='rastervision.<name>' to register_config."
        )
    return '.'.join(parts[:2])
