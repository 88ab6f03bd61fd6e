from pydantic import PositiveFloat as PositiveFloat

from rastervision.core.data.class_config import ClassConfig as ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig as SceneDatasetConfig
from rastervision.core.data.scene import Scene as Scene
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig as WindowSamplingConfig
from rastervision.core.types import NonEmptyStr as NonEmptyStr
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.core.types import Proportion as Proportion
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.config.register import register_config as register_config
from rastervision.pipeline.errors import ConfigError as ConfigError
from rastervision.pipeline.file_system.archives import unzip as unzip
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_exists as file_exists
from rastervision.pipeline.file_system.utils import get_local_path as get_local_path
from rastervision.pipeline.file_system.utils import list_paths as list_paths
from rastervision.pipeline.file_system.utils import sync_from_dir as sync_from_dir
from rastervision.pytorch_learner.channel_display import ChannelInds as ChannelInds
from rastervision.pytorch_learner.channel_display import (
    get_default_channel_display_groups as get_default_channel_display_groups,
)
from rastervision.pytorch_learner.channel_display import (
    validate_channel_display_groups as validate_channel_display_groups,
)
from rastervision.pytorch_learner.compat import GeoDataWindowConfig as GeoDataWindowConfig
from rastervision.pytorch_learner.compat import GeoDataWindowMethod as GeoDataWindowMethod
from rastervision.pytorch_learner.dataset.transform_io import (
    deserialize_albumentation_transform as deserialize_albumentation_transform,
)
from rastervision.pytorch_learner.dataset.transform_io import (
    validate_albumentation_transform as validate_albumentation_transform,
)
from rastervision.pytorch_learner.learner_config.backbone import Backbone as Backbone
from rastervision.pytorch_learner.learner_config.data import DataConfig as DataConfig
from rastervision.pytorch_learner.learner_config.data import augmentors as augmentors
from rastervision.pytorch_learner.learner_config.data import data_config_upgrader as data_config_upgrader
from rastervision.pytorch_learner.learner_config.data import default_augmentors as default_augmentors
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig as ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig as GeoDataConfig
from rastervision.pytorch_learner.learner_config.geo_data import geo_data_config_upgrader as geo_data_config_upgrader
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig as ImageDataConfig
from rastervision.pytorch_learner.learner_config.learner import LearnerConfig as LearnerConfig
from rastervision.pytorch_learner.learner_config.learner import learner_config_upgrader as learner_config_upgrader
from rastervision.pytorch_learner.learner_config.loggers import MLflowLoggerConfig as MLflowLoggerConfig
from rastervision.pytorch_learner.learner_config.loggers import TrainingLoggerConfig as TrainingLoggerConfig
from rastervision.pytorch_learner.learner_config.loggers import WandbLoggerConfig as WandbLoggerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig as ModelConfig
from rastervision.pytorch_learner.learner_config.model import model_config_upgrader as model_config_upgrader
from rastervision.pytorch_learner.learner_config.plot_options import PlotOptions as PlotOptions
from rastervision.pytorch_learner.learner_config.plot_options import RGBTuple as RGBTuple
from rastervision.pytorch_learner.learner_config.solver import SolverConfig as SolverConfig
from rastervision.pytorch_learner.learner_config.solver import solver_config_upgrader as solver_config_upgrader
from rastervision.pytorch_learner.utils.torch_hub import get_hubconf_dir_from_cfg as get_hubconf_dir_from_cfg
from rastervision.pytorch_learner.utils.torch_hub import torch_hub_load_github as torch_hub_load_github
from rastervision.pytorch_learner.utils.torch_hub import torch_hub_load_local as torch_hub_load_local
from rastervision.pytorch_learner.utils.torch_hub import torch_hub_load_uri as torch_hub_load_uri
from rastervision.pytorch_learner.utils.utils import MinMaxNormalize as MinMaxNormalize
