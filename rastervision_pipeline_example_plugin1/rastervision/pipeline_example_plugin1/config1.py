"""Greets alice and bob."""

from rastervision.pipeline_example_plugin1.sample_pipeline import SamplePipelineConfig


def get_config(runner: str, root_uri: str) -> SamplePipelineConfig:
    """Messages under a folder."""
    return SamplePipelineConfig(root_uri=root_uri)
