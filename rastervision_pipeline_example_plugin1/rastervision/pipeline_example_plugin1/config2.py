"""Greets with another greeting."""

from rastervision.pipeline_example_plugin1.sample_pipeline2 import MessageMakerConfig, SamplePipeline2Config


def get_config(runner: str, root_uri: str, greeting: str = 'good day') -> SamplePipeline2Config:
    """Messages under a folder."""
    return SamplePipeline2Config(root_uri=root_uri, message_maker=MessageMakerConfig(greeting=greeting))
