"""Files on Amazon S3, and on stores that speak its protocol."""

from typing import TYPE_CHECKING

from rastervision.pipeline.lazy import attach

if TYPE_CHECKING:
    from rastervision.pipeline.registry import Registry

__getattr__, __dir__ = attach(__name__, __file__)


def register_plugin(registry: 'Registry') -> None:
    """Announce the file system and its settings."""
    registry.set_plugin_version('rastervision.aws_s3', 0)
    registry.add_file_system('rastervision.aws_s3.s3_file_system:S3FileSystem', scheme='s3://')
    registry.add_rv_config_schema('aws_s3', ['requester_pays', 'endpoint_url', 'unsigned'])
