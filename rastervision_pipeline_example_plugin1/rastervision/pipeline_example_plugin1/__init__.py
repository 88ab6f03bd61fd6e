"""A sample plugin: two small pipelines that write messages and print them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

PLUGIN = 'rastervision.pipeline_example_plugin1'
CONFIGS = {
    'sample_pipeline': {'pipeline_example_plugin1.sample_pipeline': 'SamplePipelineConfig'},
    'sample_pipeline2': {
        'pipeline_example_plugin1.message_maker': 'MessageMakerConfig',
        'pipeline_example_plugin1.sample_pipeline2': 'SamplePipeline2Config',
    },
}


def register_plugin(registry: 'Registry') -> None:
    """Announce the configs of this plugin."""
    registry.set_plugin_version(PLUGIN, 0)
    registry.add_lazy_configs(PLUGIN, CONFIGS)
