from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.build import build_config as build_config
from rastervision.pipeline.config.upgrade import upgrade_config as upgrade_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.utils import file_exists as file_exists
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pytorch_learner.dataset.min_max_normalize import MinMaxNormalize as MinMaxNormalize
from rastervision.pytorch_learner.dataset.transform_io import (
    deserialize_albumentation_transform as deserialize_albumentation_transform,
)
from rastervision.pytorch_learner.dataset.transform_io import (
    serialize_albumentation_transform as serialize_albumentation_transform,
)
from rastervision.pytorch_learner.dataset.transform_io import (
    validate_albumentation_transform as validate_albumentation_transform,
)
from rastervision.pytorch_learner.dataset.visualizer.channel_groups import (
    channel_groups_to_imgs as channel_groups_to_imgs,
)
from rastervision.pytorch_learner.dataset.visualizer.channel_groups import plot_channel_groups as plot_channel_groups
from rastervision.pytorch_learner.learner.bundle import (
    get_learner_config_from_bundle_dir as get_learner_config_from_bundle_dir,
)
from rastervision.pytorch_learner.learner.system import log_system_details as log_system_details
from rastervision.pytorch_learner.loggers.csv_log import log_metrics_to_csv as log_metrics_to_csv
from rastervision.pytorch_learner.metrics import aggregate_metrics as aggregate_metrics
from rastervision.pytorch_learner.metrics import compute_conf_mat as compute_conf_mat
from rastervision.pytorch_learner.metrics import compute_conf_mat_metrics as compute_conf_mat_metrics
from rastervision.pytorch_learner.models.channels import AddTensors as AddTensors
from rastervision.pytorch_learner.models.channels import Parallel as Parallel
from rastervision.pytorch_learner.models.channels import SplitTensor as SplitTensor
from rastervision.pytorch_learner.models.channels import adjust_conv_channels as adjust_conv_channels
from rastervision.pytorch_learner.onnx import ONNXRuntimeAdapter as ONNXRuntimeAdapter
