"""Configures PyTorchLearnerBackend."""

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field

from rastervision.core.backend.backend_config import BackendConfig
from rastervision.core.data.config_uris import uris_in
from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.data.raster_transformer.cast_transformer_config import CastTransformerConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.defaults import TEST_BATCH_SZ, TEST_EPOCHS, TEST_WINDOWS
from rastervision.core.layout import MODEL_CONFIG_FILE
from rastervision.core.types import PosInt
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.spellings import warn_renamed
from rastervision.pipeline.errors import ConfigError, NotReadableError, RasterVisionError
from rastervision.pipeline.file_system.utils import file_exists, file_to_json
from rastervision.pipeline.registry import registry_
from rastervision.pytorch_learner.learner_config.circumstances import without_circumstances
from rastervision.pytorch_learner.learner_config.data import DataConfig
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig
from rastervision.pytorch_learner.learner_config.loggers import IMAGE_INTERVAL, TrainingLoggerConfig
from rastervision.pytorch_learner.learner_config.model import ModelConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.transform_dict import LAMBDA_PATH_KEY

if TYPE_CHECKING:
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig
    from rastervision.pytorch_backend.pytorch_learner_backend import PyTorchLearnerBackend
    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig

__getattr__ = lazy.names(
    __name__,
    'rastervision.core.rv_pipeline.rv_pipeline_config:RVPipelineConfig',
    'rastervision.pytorch_learner.learner_config.learner:LearnerConfig',
    'rastervision.pytorch_backend.pytorch_learner_backend:PyTorchLearnerBackend',
)

lazy.also_give(__name__, 'rastervision.pipeline.file_system.utils: get_tmp_dir')

STATS_DTYPE = 'uint8'
FLAT_DATA_FIELDS = ('augmentors', 'img_sz', 'num_workers', 'base_transform', 'aug_transform', 'plot_options')


def nest_data_fields(cfg_dict: dict[str, Any], data_config: type[ImageDataConfig]) -> dict[str, Any]:
    """Move the fields about data, which version 0 had in the backend itself, into `data`.

    Args:
        cfg_dict: A backend of version 0; it is not changed.
        data_config: The data config of the task.
    """
    data = {name: cfg_dict[name] for name in FLAT_DATA_FIELDS if name in cfg_dict}
    dropped = {*FLAT_DATA_FIELDS, 'test_mode'}
    return {**{k: v for k, v in cfg_dict.items() if k not in dropped}, 'data': data_config(**data).dict()}


def pytorch_learner_backend_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a backend from one version to the next: 1 dropped `test_mode`."""
    if version == 1:
        return {name: value for name, value in cfg_dict.items() if name != 'test_mode'}
    return cfg_dict


@register_config('pytorch_learner_backend', upgrader=pytorch_learner_backend_config_upgrader)
class PyTorchLearnerBackendConfig(BackendConfig):
    """Configure a :class:`.PyTorchLearnerBackend`: model, training and data."""

    model: ModelConfig = Field(..., description='The model.')
    solver: SolverConfig = Field(..., description='How it is trained.')
    data: DataConfig = Field(
        ...,
        description='Where training samples come from: an image data config for chips written by the chip command, '
        'a geo data config for windows read from the scenes while training.',
    )
    log_tensorboard: bool = Field(True, description='Write logs for TensorBoard while training.')
    run_tensorboard: bool = Field(False, description='Serve them with TensorBoard while training.')
    save_all_checkpoints: bool = Field(False, description='Keep the weights of every epoch.')
    loggers: list[TrainingLoggerConfig] = added_field([], 'Where else training is recorded: MLflow, W&B, ...')
    image_interval: PosInt | None = added_field(
        IMAGE_INTERVAL, 'Number of epochs after which TensorBoard and other loggers get images. None: never.'
    )
    export_onnx: bool = added_field(
        False, 'Put the model into the bundle in ONNX format too. RASTERVISION_USE_ONNX=1 then predicts with it.'
    )

    # What differs between the tasks; each subclass names its own.
    backend_target: ClassVar[str | None] = None
    learner_config_target: ClassVar[str | None] = None

    @classmethod
    def accept_old_spellings(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Accept a backend without `data`, as in 0.12, which trained on chips; and `test_mode` of 0.21.

        `test_mode` made training short; it is left out, as `rastervision run --test-mode` does that.
        """
        values = super().accept_old_spellings(values)
        if 'data' not in values:
            for hint in registry_.get_type_hint_lineage(str(cls._registered_hint)):
                upgrade = registry_.get_upgrader(hint)
                values = values if upgrade is None else upgrade(dict(values), 0)
            if 'data' in values:
                warn_renamed(f'{cls.__name__} without data', 'data')
        if 'test_mode' in values:
            warn_renamed(f'{cls.__name__}(test_mode)', 'rastervision run --test-mode')
        return {name: value for name, value in values.items() if name != 'test_mode'}

    def for_test_mode(self, outputs: Collection[str] = ()) -> Self:
        """A copy that trains for two epochs, with few samples, in small batches, and tells nobody else."""
        tiny = super().for_test_mode(outputs)
        solver, data = tiny.solver, tiny.data
        solver.num_epochs, solver.batch_sz = min(solver.num_epochs, TEST_EPOCHS), min(solver.batch_sz, TEST_BATCH_SZ)
        solver.overfit_batches = None
        data.num_workers = 0
        data.rare_class_ids, data.desired_prob = None, type(data).model_fields['desired_prob'].default
        data.train_sz_rel, data.train_sz = None, min(data.train_sz or TEST_WINDOWS, TEST_WINDOWS)
        if isinstance(data, ImageDataConfig) and data.uri in outputs:
            data.uri = None
        tiny.loggers, tiny.run_tensorboard = [], False
        return tiny

    def update(self, pipeline: 'RVPipelineConfig | None' = None) -> None:
        """Fill in what the data config takes from the pipeline: classes, chips, number of channels."""
        if pipeline is not None:
            if self.data.class_config is None:
                self.data.class_config = pipeline.dataset.class_config
            if isinstance(self.data, ImageDataConfig) and not (self.data.uri or self.data.group_uris):
                self.data.uri = pipeline.chip_uri
            if self.data.img_channels is None:
                self.data.img_channels = self._known_img_channels(pipeline)
        super().update(pipeline=pipeline)

    def get_img_channels(self, pipeline_cfg: 'RVPipelineConfig') -> int:
        """Number of channels of the images, from the first training scene; may open its image.

        Raises:
            ConfigError: If there is no scene to take it from.
        """
        scenes = pipeline_cfg.dataset.all_scenes
        if not scenes:
            raise ConfigError('backend.data.img_channels is not set, and the dataset has no scene to take it from.')
        source = scenes[0].raster_source
        if source.channel_order and not source.transformers:
            return len(source.channel_order)
        return int(_without_stats(source).build(tmp_dir=None, use_transformers=True).shape[-1])

    def get_learner_config(self, pipeline: 'RVPipelineConfig | None') -> 'LearnerConfig':
        """The config of the learner that trains this backend's model.

        Args:
            pipeline: The resolved pipeline; None leaves out what comes from it.
        """
        if self.learner_config_target is None:
            raise ConfigError(f'{type(self).__name__} has no learner. Use the backend config of a task.')
        learner_config: type[LearnerConfig] = lazy.load(self.learner_config_target)
        config = learner_config(
            data=self._learner_data(pipeline),
            model=self.model,
            solver=self.solver,
            log_tensorboard=self.log_tensorboard,
            run_tensorboard=self.run_tensorboard,
            save_all_checkpoints=self.save_all_checkpoints,
            loggers=self.loggers,
            image_interval=self.image_interval,
            export_onnx=self.export_onnx,
            output_uri=None if pipeline is None else pipeline.train_uri,
            seed=0 if pipeline is None else pipeline.seed,
        )
        config.update()
        return config

    def build(self, pipeline: 'RVPipelineConfig | None', tmp_dir: str) -> 'PyTorchLearnerBackend':
        """Make the backend.

        Args:
            pipeline: The resolved pipeline.
            tmp_dir: A folder for scratch files.
        """
        if self.backend_target is None:
            raise ConfigError(f'{type(self).__name__} cannot be built. Use the backend config of a task.')
        backend: PyTorchLearnerBackend = lazy.load(self.backend_target)(
            pipeline, self.get_learner_config(pipeline), tmp_dir
        )
        return backend

    def get_bundle_filenames(self) -> list[str]:
        """Names of the files under `train_uri` that go into a bundle."""
        return ['model-bundle.zip']

    def remark_on_training(self, pipeline: Any) -> str | None:
        """That training goes on with an earlier one of fewer epochs, whose schedule was another."""
        uri = os.path.join(pipeline.train_uri, MODEL_CONFIG_FILE)
        try:
            before = file_to_json(uri) if file_exists(uri, include_dir=False) else None
        except RasterVisionError:
            return None
        now = self.get_learner_config(pipeline).dict(mode='json')
        before = before if isinstance(before, dict) else {}
        epochs = _epochs(before), _epochs(now)
        if epochs[0] is None or epochs[1] is None or epochs[0] >= epochs[1]:
            return None
        if _apart_from_epochs(before) != _apart_from_epochs(now):
            return None  # it starts anew
        return (
            f'goes on after the {epochs[0]} epochs of an earlier training. Its learning rates are not those of a '
            f'training of {epochs[1]} epochs from the start, which may end better: run train --rerun for that.'
        )

    def settings_of_training(self) -> dict[str, Any]:
        """As of the base class, without what has to do with how training is watched and how fast it is."""
        return without_circumstances(super().settings_of_training())

    def inputs_of_training(self) -> list[str]:
        """URIs of data, first weights, code of the model and the loss, and files of lambda transforms."""
        uris = uris_in(self, skip=('label_store', 'external_def', 'external_loss_def'))
        uris += [self.model.init_weights] if self.model.init_weights is not None else []
        for definition in (self.model.external_def, self.solver.external_loss_def):
            uris += definition.code_uris() if definition is not None else []
        uris += [transform[LAMBDA_PATH_KEY] for transform in self.data.get_custom_albumentations_transforms()]
        return list(dict.fromkeys(uris))

    @property
    def reads_scenes(self) -> bool:
        """Whether training reads windows of the pipeline's scenes."""
        return isinstance(self.data, GeoDataConfig) and self.data.scene_dataset is None

    def filter_commands(self, commands: list[str]) -> list[str]:
        """The commands without `chip` if training reads its windows from the scenes."""
        if isinstance(self.data, GeoDataConfig):
            return [command for command in commands if command != 'chip']
        return commands

    def _learner_data(self, pipeline: 'RVPipelineConfig | None') -> DataConfig:
        """The data config with scenes and sampling of the pipeline, where it has none of its own."""
        data = self.data.copy()
        if pipeline is not None and isinstance(data, GeoDataConfig):
            if data.scene_dataset is None:
                data.scene_dataset = pipeline.dataset
            if not data.sampling and pipeline.chip_options is not None:
                data.sampling = pipeline.chip_options.sampling
        return data

    def _known_img_channels(self, pipeline: 'RVPipelineConfig') -> int | None:
        """Number of channels, or None where the images cannot be read from this machine: training asks again."""
        try:
            return self.get_img_channels(pipeline)
        except NotReadableError:
            return None


def _without_stats(source: RasterSourceConfig) -> RasterSourceConfig:
    """A copy that can be built before there are statistics, with the same channels and dtype."""
    source = source.copy()
    configs: list[Config] = [source]
    while configs:
        config = configs.pop()
        configs += [child for _, child in config.children()]
        if isinstance(config, RasterSourceConfig):
            config.transformers = [
                CastTransformerConfig(to_dtype=STATS_DTYPE) if isinstance(each, StatsTransformerConfig) else each
                for each in config.transformers
            ]
    return source


def _epochs(config: Any) -> int | None:
    """The number of epochs in the config of a learner, as plain data; None if it has none."""
    solver = config.get('solver') if isinstance(config, dict) else None
    epochs = solver.get('num_epochs') if isinstance(solver, dict) else None
    return epochs if isinstance(epochs, int) else None


def _apart_from_epochs(config: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for a training to go on."""
    settings = without_circumstances(config, with_results=False)
    solver = {name: value for name, value in settings['solver'].items() if name != 'num_epochs'}
    return {name: value for name, value in {**settings, 'solver': solver}.items() if name != 'plugin_versions'}
