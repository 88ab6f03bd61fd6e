import albumentations as A

from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels as ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels as ObjectDetectionLabels
from rastervision.core.data.label.pixel_labels import SemanticSegmentationLabels as SemanticSegmentationLabels
from rastervision.core.padding import calculate_required_padding as calculate_required_padding
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.build import build_config as build_config
from rastervision.pipeline.config.upgrade import upgrade_config as upgrade_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.archives import unzip as unzip
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_exists as file_exists
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pytorch_learner.utils.distributed import DDP_BACKEND as DDP_BACKEND
from rastervision.pytorch_learner.utils.distributed import DDPContextManager as DDPContextManager
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_cc as predict_scene_cc,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_od as predict_scene_od,
)
from rastervision.pytorch_learner.utils.prediction import (
    predict_scene_ss as predict_scene_ss,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    get_hubconf_dir_from_cfg as get_hubconf_dir_from_cfg,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    torch_hub_load_github as torch_hub_load_github,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    torch_hub_load_local as torch_hub_load_local,
)
from rastervision.pytorch_learner.utils.torch_hub import (
    torch_hub_load_uri as torch_hub_load_uri,
)
from rastervision.pytorch_learner.utils.utils import (
    AddTensors as AddTensors,
)
from rastervision.pytorch_learner.utils.utils import (
    MinMaxNormalize as MinMaxNormalize,
)
from rastervision.pytorch_learner.utils.utils import (
    ONNXRuntimeAdapter as ONNXRuntimeAdapter,
)
from rastervision.pytorch_learner.utils.utils import (
    Parallel as Parallel,
)
from rastervision.pytorch_learner.utils.utils import (
    SplitTensor as SplitTensor,
)
from rastervision.pytorch_learner.utils.utils import (
    adjust_conv_channels as adjust_conv_channels,
)
from rastervision.pytorch_learner.utils.utils import (
    aggregate_metrics as aggregate_metrics,
)
from rastervision.pytorch_learner.utils.utils import (
    channel_groups_to_imgs as channel_groups_to_imgs,
)
from rastervision.pytorch_learner.utils.utils import (
    compute_conf_mat as compute_conf_mat,
)
from rastervision.pytorch_learner.utils.utils import (
    compute_conf_mat_metrics as compute_conf_mat_metrics,
)
from rastervision.pytorch_learner.utils.utils import (
    deserialize_albumentation_transform as deserialize_albumentation_transform,
)
from rastervision.pytorch_learner.utils.utils import (
    get_learner_config_from_bundle_dir as get_learner_config_from_bundle_dir,
)
from rastervision.pytorch_learner.utils.utils import (
    log_metrics_to_csv as log_metrics_to_csv,
)
from rastervision.pytorch_learner.utils.utils import (
    log_system_details as log_system_details,
)
from rastervision.pytorch_learner.utils.utils import (
    plot_channel_groups as plot_channel_groups,
)
from rastervision.pytorch_learner.utils.utils import (
    serialize_albumentation_transform as serialize_albumentation_transform,
)
from rastervision.pytorch_learner.utils.utils import (
    validate_albumentation_transform as validate_albumentation_transform,
)
