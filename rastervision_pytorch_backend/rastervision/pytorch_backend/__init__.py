"""Connects the pipelines of the three tasks with the PyTorch learners."""

from typing import TYPE_CHECKING

from rastervision.pipeline.lazy import attach

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

__getattr__, __dir__ = attach(__name__, __file__)


def register_plugin(registry: 'Registry') -> None:
    """Announce the configs of this plugin."""
    from rastervision.pytorch_backend.registration import CONFIGS

    registry.set_plugin_version('rastervision.pytorch_backend', 2)
    registry.add_lazy_configs('rastervision.pytorch_backend', CONFIGS)
