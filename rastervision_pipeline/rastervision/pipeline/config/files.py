"""Writing and reading the config of a run."""

import os
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.utils import file_to_json, json_to_file
from rastervision.pipeline.secret_references import refer_to_secrets, resolve_secrets

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline_config import PipelineConfig


def save_pipeline_config(cfg: 'PipelineConfig', output_uri: str) -> None:
    """Write a pipeline config as one line of JSON, with the settings and plugin versions in force.

    References take the place of passwords, signatures and tokens. The variables that they name are set in the
    environment of this process, for the jobs that it starts.

    Args:
        cfg: The config, resolved.
        output_uri: Where to.

    Raises:
        ConfigError: If there are too many secrets in it.
        NotWritableError: If it cannot be written.
    """
    data, secrets = refer_to_secrets(cfg.dict(with_rv_metadata=True, mode='json'))
    os.environ.update(secrets)
    json_to_file(data, output_uri)


def read_config_data(uri: str) -> Any:
    """Read the JSON of a config, with what this machine knows in the place of references to secrets.

    Not for what came in a model bundle.

    Raises:
        NotReadableError: If it cannot be read.
    """
    return resolve_secrets(file_to_json(uri, DOCUMENT))
