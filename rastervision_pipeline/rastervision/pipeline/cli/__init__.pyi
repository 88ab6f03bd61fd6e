from rastervision.pipeline.cli.app import _main as _main
from rastervision.pipeline.cli.app import main as main
from rastervision.pipeline.cli.arguments import convert_bool_args as convert_bool_args
from rastervision.pipeline.cli.commands import run as run
from rastervision.pipeline.cli.commands import run_command as run_command
from rastervision.pipeline.cli.config_module import (
    get_configs as get_configs,
)
from rastervision.pipeline.cli.config_module import (
    get_configs_from_module as get_configs_from_module,
)
from rastervision.pipeline.cli.failures import print_error as print_error
from rastervision.pipeline.cli.running import run_pipeline as _run_pipeline
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.build import build_config as build_config
from rastervision.pipeline.config.files import save_pipeline_config as save_pipeline_config
from rastervision.pipeline.execution import run_command as _run_command
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pipeline.pipeline_config import PipelineConfig as PipelineConfig
