from typing import Literal as Literal

from pydantic import BaseModel as BaseModel
from pydantic import ConfigDict as ConfigDict
from pydantic import (
    Field as Field,
)
from pydantic import (
    field_validator as field_validator,
)
from pydantic import (
    model_validator as model_validator,
)
from pydantic import (
    validator as validator,
)

from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.build import (
    build_config as build_config,
)
from rastervision.pipeline.config.files import save_pipeline_config as save_pipeline_config
from rastervision.pipeline.config.register import get_plugin as get_plugin
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.config.upgrade import (
    upgrade_config as upgrade_config,
)
from rastervision.pipeline.config.upgrade import (
    upgrade_plugin_versions as upgrade_plugin_versions,
)
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.errors import ConfigError as ValidationError
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import json_to_file as json_to_file
from rastervision.pipeline.file_system.utils import str_to_file as str_to_file
