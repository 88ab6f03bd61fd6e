"""Connects the pipelines of the three tasks with the PyTorch learners."""

from typing import TYPE_CHECKING

from rastervision.pipeline.lazy import attach

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

# A star import, as config files of 0.2x have it, gives the configs and leaves torch alone.
HEAVY = (
    '_backend:',
    '_classification:',
    '_detection:',
    '_segmentation:',
    '.utils',
    '.learner:',
    'object_detection_utils',
    '.label.',
    '.data_sample:',
)

__getattr__, __dir__, __all__ = attach(__name__, __file__, heavy=HEAVY)


def register_plugin(registry: 'Registry') -> None:
    """Announce the configs of this plugin."""
    from rastervision.pytorch_backend.registration import CONFIGS

    registry.set_plugin_version('rastervision.pytorch_backend', 2)
    registry.add_lazy_configs('rastervision.pytorch_backend', CONFIGS)
