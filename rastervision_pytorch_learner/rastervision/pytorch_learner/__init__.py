"""Training and prediction with PyTorch: datasets, learners and their configs."""

from typing import TYPE_CHECKING

from rastervision.pipeline.lazy import attach
from rastervision.pytorch_learner.no_telemetry import turn_off

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

turn_off()

__getattr__, __dir__ = attach(__name__, __file__)


def register_plugin(registry: 'Registry') -> None:
    """Announce the configs of this plugin."""
    from rastervision.pytorch_learner.registration import CONFIGS

    registry.set_plugin_version('rastervision.pytorch_learner', 7)
    registry.add_lazy_configs('rastervision.pytorch_learner', CONFIGS)
    registry.add_plugin_command('rastervision.pytorch_learner.cli:tensorboard')
    registry.register_renamed_type_hints('geo_data_window', 'window_sampling')
    registry.register_renamed_type_hints('object_detection_geo_data_window', 'object_detection_window_sampling')
