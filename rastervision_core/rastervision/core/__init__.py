"""Scenes, rasters, vectors, labels, evaluation and the pipelines of the three tasks."""

from typing import TYPE_CHECKING

from rastervision.pipeline.lazy import attach

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

__getattr__, __dir__ = attach(__name__, __file__, also=('register_plugin',))


def register_plugin(registry: 'Registry') -> None:
    """Announce the configs and commands of this plugin."""
    from rastervision.core.registration import CONFIGS

    registry.set_plugin_version('rastervision.core', 14)
    registry.add_lazy_configs('rastervision.core', CONFIGS)
    registry.add_plugin_command('rastervision.core.cogify_command:cogify')
    registry.add_plugin_command('rastervision.core.cli:predict')
    registry.add_plugin_command('rastervision.core.cli:predict_scene')
    registry.add_plugin_command('rastervision.core.cli:info')
    registry.add_plugin_command('rastervision.core.init.command:init')
    registry.add_plugin_command('rastervision.core.report.command:report')
    registry.add_plugin_command('rastervision.core.zoo.command:zoo')
