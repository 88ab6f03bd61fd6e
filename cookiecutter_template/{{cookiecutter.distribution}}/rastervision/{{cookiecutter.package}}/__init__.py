"""{{ cookiecutter.description }}"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

PLUGIN = 'rastervision.{{ cookiecutter.package }}'
# Module -> type hint, which stands in config files, -> class. Modules are imported when a config is used.
CONFIGS = {
    'brightness_config': {'{{ cookiecutter.package }}.brightness': '{{ cookiecutter.class_prefix }}BrightnessConfig'},
}


def register_plugin(registry: 'Registry') -> None:
    """Announce what is in this plugin."""
    # Raise the version when the fields of a config change, and give `register_config` an upgrader for older files.
    registry.set_plugin_version(PLUGIN, 0)
    registry.add_lazy_configs(PLUGIN, CONFIGS)
