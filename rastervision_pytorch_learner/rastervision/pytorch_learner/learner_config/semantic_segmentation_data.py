"""Configures data of semantic segmentation."""

import os
from enum import Enum
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.compat import (
    ss_data_config_upgrader,
    ss_image_data_config_upgrader,
)
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig

if TYPE_CHECKING:
    import albumentations as A

    from rastervision.core.data.scene import Scene
    from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
        SemanticSegmentationImageDataset,
        SemanticSegmentationRandomWindowGeoDataset,
        SemanticSegmentationSlidingWindowGeoDataset,
    )


class SemanticSegmentationDataFormat(Enum):
    """How files of semantic segmentation are arranged."""

    default = 'default'


@register_config('semantic_segmentation_data', upgrader=ss_data_config_upgrader)
class SemanticSegmentationDataConfig(Config):
    """What the data configs of semantic segmentation have in common."""


@register_config('semantic_segmentation_image_data', upgrader=ss_image_data_config_upgrader)
class SemanticSegmentationImageDataConfig(SemanticSegmentationDataConfig, ImageDataConfig):
    """Configure chips for segmentation: `train/img/*` and, with the same names, `train/labels/*` (class ids)."""

    data_format: SemanticSegmentationDataFormat = Field(  # type: ignore[assignment]
        SemanticSegmentationDataFormat.default, description='How the files are arranged.'
    )

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Make sure there is a null class, for pixels without a label."""
        super().update(*args, **kwargs)
        if self.class_config is not None:
            self.class_config.ensure_null_class()

    def dir_to_dataset(self, data_dir: str, transform: 'A.BasicTransform') -> 'SemanticSegmentationImageDataset':
        """Make a dataset of the folder of one split."""
        from rastervision.pytorch_learner.dataset.image_folders import SPLITS
        from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import SemanticSegmentationImageDataset

        folders = (os.path.join(data_dir, 'img'), os.path.join(data_dir, 'labels'))
        is_test = os.path.basename(os.path.normpath(data_dir)) in SPLITS['test']  # of scenes that may have no labels
        return SemanticSegmentationImageDataset(*folders, transform=transform, need_labels=not is_test)


@register_config('semantic_segmentation_geo_data')
class SemanticSegmentationGeoDataConfig(SemanticSegmentationDataConfig, GeoDataConfig):
    """Configure windows of scenes for segmentation."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Make sure there is a null class, for pixels without a label."""
        super().update(*args, **kwargs)
        if self.class_config is not None:
            self.class_config.ensure_null_class()

    def scene_to_dataset(
        self, scene: 'Scene', transform: 'A.BasicTransform | None' = None, for_chipping: bool = False
    ) -> 'SemanticSegmentationSlidingWindowGeoDataset | SemanticSegmentationRandomWindowGeoDataset':
        """Make the dataset of the windows of one scene; see `GeoDataConfig.scene_to_dataset`."""
        from rastervision.pytorch_learner.dataset.geo_data import sample_scene
        from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
            SemanticSegmentationRandomWindowGeoDataset,
            SemanticSegmentationSlidingWindowGeoDataset,
        )

        kinds = (SemanticSegmentationSlidingWindowGeoDataset, SemanticSegmentationRandomWindowGeoDataset)
        return sample_scene(scene, self.get_sampling(scene.id), kinds, transform, for_chipping=for_chipping)
