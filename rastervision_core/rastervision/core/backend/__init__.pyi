from rastervision.core.backend.backend import Backend as Backend
from rastervision.core.backend.backend import SampleWriter as SampleWriter
from rastervision.core.backend.backend_config import BackendConfig as BackendConfig
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
