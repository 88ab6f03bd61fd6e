"""Configures training data that is read from scenes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pytorch_learner.compat import geo_data_config_upgrader as geo_data_config_upgrader
from rastervision.pytorch_learner.learner_config.data import DataConfig, Split

if TYPE_CHECKING:
    import albumentations as A
    from torch.utils.data import Dataset

    from rastervision.core.data.scene import Scene


@register_config('geo_data', upgrader=geo_data_config_upgrader)
class GeoDataConfig(DataConfig):
    """Configure training data that is read from scenes, window by window."""

    scene_dataset: DatasetConfig | None = Field(
        None, description='The scenes. None: those of the pipeline, if there is one.'
    )
    sampling: WindowSamplingConfig | dict[str, WindowSamplingConfig] = Field(
        default_factory=dict,
        description='How windows are taken from the scenes: one way for all, or scene id -> way.',
    )

    @model_validator(mode='after')
    def validate_sampling(self) -> Self:
        """Check that each scene has its way of sampling, if they are given by scene id."""
        if isinstance(self.sampling, WindowSamplingConfig) or not self.sampling:
            return self
        if self.scene_dataset is None:
            raise ConfigError(
                f'sampling is given for the scenes {", ".join(map(repr, self.sampling))}, but there is no '
                'scene_dataset. Give that too, or one WindowSamplingConfig for all scenes.'
            )
        ids = [scene.id for scene in self.scene_dataset.all_scenes]
        missing = [id for id in ids if id not in self.sampling]
        if missing:
            near = did_you_mean(missing[0], self.sampling)
            raise ConfigError(f'sampling has nothing for the scenes {missing!r}; it has {list(self.sampling)!r}{near}')
        return self

    @model_validator(mode='after')
    def get_class_config_from_dataset_if_needed(self) -> Self:
        """Take the class config of `scene_dataset` if there is no other."""
        if self.class_config is None and self.scene_dataset is not None:
            self._set(class_config=self.scene_dataset.class_config)
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Fill what is inside, except `scene_dataset`.

        That may be another than the pipeline's, whose outputs it must not take. If it is the same object, the pipeline
        fills it as its own.
        """
        for path, child in self.children():
            if path[0] != 'scene_dataset':
                child.update()

    def get_sampling(self, scene_id: str) -> WindowSamplingConfig:
        """How windows are taken from a scene.

        Raises:
            ConfigError: If `sampling` says nothing about it.
        """
        if isinstance(self.sampling, WindowSamplingConfig):
            return self.sampling
        if scene_id not in self.sampling:
            raise ConfigError(
                f'sampling does not say how windows are taken from scene {scene_id!r}. Set it to, say, '
                'WindowSamplingConfig(size=300).'
            )
        return self.sampling[scene_id]

    def build_scenes(self, scene_configs: Iterable[SceneConfig], tmp_dir: str | None = None) -> 'list[Scene]':
        """Build scenes, with labels and areas of interest, but not the place for predictions.

        Args:
            scene_configs: Their configs.
            tmp_dir: Where remote files are downloaded to.
        """
        seen = [config.only({'label_source', 'aoi_uris'}) for config in scene_configs]
        return [config.build(self._class_config(), tmp_dir, use_transformers=True) for config in seen]

    def scene_to_dataset(
        self, scene: 'Scene', transform: 'A.BasicTransform | None' = None, for_chipping: bool = False
    ) -> 'Dataset[Any]':
        """Make the dataset of the windows of one scene.

        Args:
            scene: The scene.
            transform: Applied to each sample.
            for_chipping: Give samples as they are read, to be written to files.
        """
        raise ConfigError(f'{type(self).__name__} has no task. Use, say, SemanticSegmentationGeoDataConfig.')

    def build_dataset(self, split: Split, tmp_dir: str | None = None, for_chipping: bool = False) -> 'Dataset[Any]':
        """Make the dataset of one split; it is empty if the split has no scenes."""
        from rastervision.pytorch_learner.dataset.geo_data import build_geo_dataset

        return build_geo_dataset(self, split, tmp_dir, for_chipping=for_chipping)

    def build(
        self, tmp_dir: str | None = None, for_chipping: bool = False
    ) -> 'tuple[Dataset[Any], Dataset[Any], Dataset[Any]]':
        """Make the training, validation and test dataset.

        Args:
            tmp_dir: Where remote files are downloaded to.
            for_chipping: Give samples as they are read, without transforms, to be written to files.
        """
        return (
            self.build_dataset('train', tmp_dir, for_chipping),
            self.build_dataset('valid', tmp_dir, for_chipping),
            self.build_dataset('test', tmp_dir, for_chipping),
        )

    def _class_config(self) -> ClassConfig:
        if self.class_config is None:
            raise ConfigError('class_config is missing, which says what the labels mean. Give it, or scene_dataset.')
        return self.class_config
