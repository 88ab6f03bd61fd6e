"""Configures RVPipeline."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from rastervision.core import compat
from rastervision.core.analyzer.analyzer_config import AnalyzerConfig
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.backend.backend_config import BackendConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.defaults import CHIP_SZ, PREDICT_BATCH_SZ, SEED
from rastervision.core.evaluation.evaluator_config import EvaluatorConfig
from rastervision.core.layout import FOLDERS, Layout
from rastervision.core.rv_pipeline.chip_options import ChipOptions
from rastervision.core.rv_pipeline.tiny_run import for_test_mode
from rastervision.core.types import License, NonNegInt, PosInt, Side
from rastervision.pipeline.config.base import Config, added_field, descendants
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pipeline.pipeline_config import PipelineConfig

TRAIN = 'train'
VALIDATION = 'validation'


@register_config('predict_options')
class PredictOptions(Config):
    """Configure the windows in which a scene is predicted."""

    chip_sz: Side = Field(CHIP_SZ, description='Size of a window in pixels.')
    stride: PosInt | None = Field(None, description='Pixels from one window to the next. None: chip_sz.')
    batch_sz: PosInt = Field(PREDICT_BATCH_SZ, description='How many windows are predicted at a time.')
    tta: Literal['flips', 'turns', 'all'] | None = added_field(
        None,
        'Predict each window in several positions too, and put the results together (test-time augmentation). flips: '
        'left-right, upside-down and both; turns: by quarter turns; all: both, in 8 positions. None: as it is, only.',
    )
    limit: PosInt | None = added_field(
        None,
        'To try something out: predict at most so many windows of a scene, spread evenly over it, and nothing in the '
        'rest. None: all windows.',
    )

    @model_validator(mode='after')
    def validate_stride(self) -> Self:
        """Fill an unset stride from the chip size."""
        if self.stride is None:
            self._set(stride=self._default_stride())
        return self

    def check_gaps(self) -> None:
        """Check that windows leave no gaps, for tasks in which what is not seen would count as nothing there.

        Raises:
            ConfigError: If they do.
        """
        if self.stride is not None and self.stride > self.chip_sz:
            raise ConfigError(
                f'stride={self.stride} is larger than chip_sz={self.chip_sz}: what lies between the windows would not '
                f'be predicted. Use a stride of at most {self.chip_sz}.'
            )

    def with_changes(self, **changes: Any) -> Self:
        """A copy in which some options have other values.

        Raises:
            ConfigError: If there is no such option, or a value does not fit.
        """
        known = type(self).model_fields
        for name in changes:
            if name not in known:
                near = did_you_mean(name, known) or '.'
                raise ConfigError(f'{type(self).__name__} has no {name!r}{near} It has: {", ".join(known)}.')
        changed = type(self)(**{**self.dict(), **changes})
        changed.recursive_validate_config()
        return changed

    def _default_stride(self) -> int:
        return self.chip_sz


def rv_pipeline_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one."""
    if version == 10:
        return compat.upgrade_chip_fields(cfg_dict)
    return compat.upgrade_predict_fields(cfg_dict) if version == 11 else cfg_dict


@register_config('rv_pipeline', upgrader=rv_pipeline_config_upgrader)
class RVPipelineConfig(PipelineConfig):
    """Configure an :class:`.RVPipeline`: scenes in, a trained model and its predictions out."""

    dataset: DatasetConfig = Field(description='The scenes and classes.')
    backend: BackendConfig = Field(description='What makes chips, trains and predicts.')
    evaluators: list[EvaluatorConfig] = Field([], description='Evaluators. Empty: the default one of the task.')
    analyzers: list[AnalyzerConfig] = Field(
        [], description='Analyzers. A StatsAnalyzer is added if a scene has a StatsTransformer.'
    )
    analyze_uri: str | None = Field(None, description='Output of analyze. None: <root>/analyze.')
    chip_uri: str | None = Field(None, description='Output of chip. None: <root>/chip.')
    train_uri: str | None = Field(None, description='Output of train. None: <root>/train.')
    predict_uri: str | None = Field(None, description='Output of predict. None: <root>/predict.')
    eval_uri: str | None = Field(None, description='Output of eval. None: <root>/eval.')
    bundle_uri: str | None = Field(None, description='Output of bundle. None: <root>/bundle.')
    source_bundle_uri: str | None = Field(
        None, description='A model bundle whose model training starts from. None: a new model.'
    )
    chip_options: ChipOptions | None = Field(None, description='Which chips the chip command makes.')
    predict_options: PredictOptions | None = Field(
        None, description='In which windows scenes are predicted. None: the defaults of the task.'
    )
    seed: NonNegInt = added_field(SEED, 'Where random numbers start: the same seed gives the same results.')
    license: License | None = added_field(None, 'License of the model, as an SPDX identifier; for its card.')
    description: str | None = added_field(None, 'What the model is for, in plain words; for its card.', min_length=1)

    report: bool = added_field(
        False, 'Write a report of the run when eval has ended, to <root>/report: metrics, pictures of errors, curves.'
    )

    @classmethod
    def accept_old_spellings(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Accept the sizes that 0.21 had here; see :func:`.pipeline_fields`."""
        return compat.pipeline_fields(super().accept_old_spellings(values), cls._registered_hint)

    def update(self) -> None:
        """Fill the output folders, default evaluator and needed analyzer, and what is inside."""
        layout = self.layout
        for name in FOLDERS:
            setattr(self, f'{name}_uri', getattr(layout, name))
        if not self.evaluators:
            self.evaluators = [self.get_default_evaluator()]
        if self._needs_stats() and not any(isinstance(a, StatsAnalyzerConfig) for a in self.analyzers):
            self.analyzers = [*self.analyzers, StatsAnalyzerConfig()]
        super().update(pipeline=self)

    @property
    def layout(self) -> Layout:
        """Where each command writes: the folders given, or the default ones under the root.

        Raises:
            ConfigError: If a folder is needed from `root_uri` and there is none.
        """
        given = {name: getattr(self, f'{name}_uri') for name in FOLDERS}
        if self.root_uri is None and None in given.values():
            raise ConfigError('root_uri is not set. Give the folder under which the pipeline writes.')
        default = Layout.under(self.root_uri or '')
        return Layout(default.root, **{name: uri or getattr(default, name) for name, uri in given.items()})

    def get_model_bundle_uri(self) -> str:
        """Where `bundle` writes the model bundle."""
        return self.layout.model_bundle

    def get_default_label_store(self, scene: SceneConfig) -> LabelStoreConfig:
        """The label store of a scene that has none; set by the task."""
        raise ConfigError(f'scene {scene.id!r}: {type(self).__name__} has no default label store. Set label_store.')

    def get_default_evaluator(self) -> EvaluatorConfig:
        """The evaluator of a pipeline that has none; set by the task."""
        raise ConfigError(f'{type(self).__name__} has no default evaluator. Set evaluators.')

    def get_predict_options(self) -> PredictOptions:
        """The options given, or the defaults of the task."""
        return self.predict_options or self._default_predict_options()

    def for_test_mode(self) -> Self:
        """This pipeline made tiny, in a folder of its own; see :func:`.for_test_mode`."""
        return for_test_mode(self)

    def _default_predict_options(self) -> PredictOptions:
        return PredictOptions()

    def _needs_stats(self) -> bool:
        return any(isinstance(config, StatsTransformerConfig) for config in descendants(self.dataset))
