"""Configures data of chip classification."""

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.scene_config import SceneConfig
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.compat import clf_data_config_upgrader
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig

if TYPE_CHECKING:
    import albumentations as A

    from rastervision.core.data.scene import Scene
    from rastervision.pytorch_learner.dataset.classification_dataset import (
        ClassificationImageDataset,
        ClassificationRandomWindowGeoDataset,
        ClassificationSlidingWindowGeoDataset,
    )


class ClassificationDataFormat(Enum):
    """How files of chip classification are arranged."""

    image_folder = 'image_folder'


@register_config('classification_data', upgrader=clf_data_config_upgrader)
class ClassificationDataConfig(Config):
    """What the data configs of chip classification have in common."""


@register_config('classification_image_data')
class ClassificationImageDataConfig(ClassificationDataConfig, ImageDataConfig):
    """Configure chips for classification, in a folder for each class: `train/<class name>/*.png`."""

    data_format: ClassificationDataFormat = Field(  # type: ignore[assignment]
        ClassificationDataFormat.image_folder, description='How the files are arranged.'
    )

    def dir_to_dataset(self, data_dir: str, transform: 'A.BasicTransform') -> 'ClassificationImageDataset':
        """Make a dataset of the folder of one split."""
        from rastervision.pytorch_learner.dataset.classification_dataset import ClassificationImageDataset

        return ClassificationImageDataset(data_dir, class_names=self.class_names, transform=transform)


@register_config('classification_geo_data')
class ClassificationGeoDataConfig(ClassificationDataConfig, GeoDataConfig):
    """Configure windows of scenes for classification."""

    def build_scenes(self, scene_configs: Iterable[SceneConfig], tmp_dir: str | None = None) -> 'list[Scene]':
        """Build scenes whose labels are found when windows ask for them; see `GeoDataConfig.build_scenes`."""
        return super().build_scenes([_with_lazy_labels(config) for config in scene_configs], tmp_dir)

    def scene_to_dataset(
        self, scene: 'Scene', transform: 'A.BasicTransform | None' = None, for_chipping: bool = False
    ) -> 'ClassificationSlidingWindowGeoDataset | ClassificationRandomWindowGeoDataset':
        """Make the dataset of the windows of one scene; see `GeoDataConfig.scene_to_dataset`."""
        from rastervision.pytorch_learner.dataset.classification_dataset import (
            ClassificationRandomWindowGeoDataset,
            ClassificationSlidingWindowGeoDataset,
        )
        from rastervision.pytorch_learner.dataset.geo_data import sample_scene

        kinds = (ClassificationSlidingWindowGeoDataset, ClassificationRandomWindowGeoDataset)
        return sample_scene(scene, self.get_sampling(scene.id), kinds, transform, for_chipping=for_chipping)


def _with_lazy_labels(config: SceneConfig) -> SceneConfig:
    if not isinstance(config.label_source, ChipClassificationLabelSourceConfig):
        return config
    return config.model_copy(update={'label_source': config.label_source.model_copy(update={'lazy': True})})
