"""Runs pipelines on AWS Batch."""

from typing import TYPE_CHECKING

from rastervision.pipeline.lazy import attach

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

__getattr__, __dir__ = attach(__name__, __file__)


def register_plugin(registry: 'Registry') -> None:
    """Announce the runner, under both of its names, and its settings."""
    registry.set_plugin_version('rastervision.aws_batch', 0)
    for name in ('batch', 'aws_batch'):
        registry.add_runner(name, 'rastervision.aws_batch.aws_batch_runner:AWSBatchRunner')
    settings = ['gpu_job_queue', 'gpu_job_def', 'cpu_job_queue', 'cpu_job_def', 'attempts']
    registry.add_rv_config_schema('batch', settings)
    registry.add_rv_config_schema('aws_batch', settings)
