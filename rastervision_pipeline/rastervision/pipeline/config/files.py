"""Writing the config of a run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline_config import PipelineConfig


def save_pipeline_config(cfg: 'PipelineConfig', output_uri: str) -> None:
    """Write a pipeline config as one line of JSON, with the settings and plugin versions in force.

    Args:
        cfg: The config, resolved.
        output_uri: Where to.
    """
    cfg.to_file(output_uri, with_rv_metadata=True)
