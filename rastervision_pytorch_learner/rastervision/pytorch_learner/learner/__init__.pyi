from rastervision.pipeline.config.build import build_config as build_config
from rastervision.pipeline.file_system.archives import unzip as unzip
from rastervision.pipeline.file_system.archives import zipdir as zipdir
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import download_or_copy as download_or_copy
from rastervision.pipeline.file_system.utils import file_exists as file_exists
from rastervision.pipeline.file_system.utils import get_local_path as get_local_path
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pipeline.file_system.utils import is_local as is_local
from rastervision.pipeline.file_system.utils import json_to_file as json_to_file
from rastervision.pipeline.file_system.utils import sync_from_dir as sync_from_dir
from rastervision.pipeline.file_system.utils import sync_to_dir as sync_to_dir
from rastervision.pipeline.utils import get_env_var as get_env_var
from rastervision.pipeline.utils import terminate_at_exit as terminate_at_exit
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer as Visualizer
from rastervision.pytorch_learner.learner.bundle import (
    get_learner_config_from_bundle_dir as get_learner_config_from_bundle_dir,
)
from rastervision.pytorch_learner.learner.files import BUNDLE_MODEL_ONNX_FILENAME as BUNDLE_MODEL_ONNX_FILENAME
from rastervision.pytorch_learner.learner.files import BUNDLE_MODEL_WEIGHTS_FILENAME as BUNDLE_MODEL_WEIGHTS_FILENAME
from rastervision.pytorch_learner.learner.files import CHECKPOINTS_DIRNAME as CHECKPOINTS_DIRNAME
from rastervision.pytorch_learner.learner.files import MODULES_DIRNAME as MODULES_DIRNAME
from rastervision.pytorch_learner.learner.files import TRANSFORMS_DIRNAME as TRANSFORMS_DIRNAME
from rastervision.pytorch_learner.learner.learner import Learner as Learner
from rastervision.pytorch_learner.learner.system import log_system_details as log_system_details
from rastervision.pytorch_learner.loggers.csv_log import log_metrics_to_csv as log_metrics_to_csv
from rastervision.pytorch_learner.metrics import MetricDict as MetricDict
from rastervision.pytorch_learner.metrics import aggregate_metrics as aggregate_metrics
from rastervision.pytorch_learner.onnx import ONNXRuntimeAdapter as ONNXRuntimeAdapter
from rastervision.pytorch_learner.utils.distributed import DDPContextManager as DDPContextManager
from rastervision.pytorch_learner.utils.torch_hub import get_hubconf_dir_from_cfg as get_hubconf_dir_from_cfg
