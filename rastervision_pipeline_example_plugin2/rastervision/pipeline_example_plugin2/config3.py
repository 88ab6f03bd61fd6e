"""Greets with emphasis: the config of one plugin in a pipeline of another."""

from rastervision.pipeline_example_plugin1.sample_pipeline2 import SamplePipeline2Config
from rastervision.pipeline_example_plugin2.deluxe_message_maker import DeluxeMessageMakerConfig


def get_config(runner: str, root_uri: str, level: int = 3) -> SamplePipeline2Config:
    """Messages under a folder, with as many exclamation marks as `level` says."""
    return SamplePipeline2Config(root_uri=root_uri, message_maker=DeluxeMessageMakerConfig(level=level))
