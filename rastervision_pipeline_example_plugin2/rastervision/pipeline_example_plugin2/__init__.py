"""A sample plugin that extends a config of another plugin."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

PLUGIN = 'rastervision.pipeline_example_plugin2'
CONFIGS = {'deluxe_message_maker': {'pipeline_example_plugin2.deluxe_message_maker': 'DeluxeMessageMakerConfig'}}


def register_plugin(registry: 'Registry') -> None:
    """Announce the config of this plugin."""
    registry.set_plugin_version(PLUGIN, 0)
    registry.add_lazy_configs(PLUGIN, CONFIGS)
