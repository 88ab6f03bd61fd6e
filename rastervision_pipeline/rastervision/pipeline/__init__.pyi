from rastervision.pipeline.registry import Registry as Registry
from rastervision.pipeline.registry import registry_ as registry_
from rastervision.pipeline.rv_config import RVConfig as RVConfig
from rastervision.pipeline.rv_config import rv_config_ as rv_config_
from rastervision.pipeline.verbosity import Verbosity as Verbosity
