"""Configures data of object detection."""

import os
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.rv_pipeline.chip_options import OF_OBJECTS
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.compat import objdet_data_config_upgrader
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig

if TYPE_CHECKING:
    import albumentations as A

    from rastervision.core.data.scene import Scene
    from rastervision.pytorch_learner.dataset.dataset import GeoDataset
    from rastervision.pytorch_learner.dataset.object_detection_dataset import ObjectDetectionImageDataset

__getattr__ = lazy.names(__name__, 'rastervision.pytorch_learner.dataset.transform:DEFAULT_BBOX_PARAMS')


class ObjectDetectionDataFormat(Enum):
    """How files of object detection are arranged."""

    coco = 'coco'


@register_config('object_detection_data', upgrader=objdet_data_config_upgrader)
class ObjectDetectionDataConfig(Config):
    """What the data configs of object detection have in common."""

    def get_bbox_params(self) -> 'A.BboxParams | None':
        """How albumentations is to treat the boxes."""
        from rastervision.pytorch_learner.dataset.transform import DEFAULT_BBOX_PARAMS

        return DEFAULT_BBOX_PARAMS


@register_config('object_detection_image_data')
class ObjectDetectionImageDataConfig(ObjectDetectionDataConfig, ImageDataConfig):
    """Configure chips for detection: `train/img/*` and `train/labels.json` (COCO format)."""

    data_format: ObjectDetectionDataFormat = Field(  # type: ignore[assignment]
        ObjectDetectionDataFormat.coco, description='How the files are arranged.'
    )

    def dir_to_dataset(self, data_dir: str, transform: 'A.BasicTransform') -> 'ObjectDetectionImageDataset':
        """Make a dataset of the folder of one split."""
        from rastervision.pytorch_learner.dataset.object_detection_dataset import ObjectDetectionImageDataset

        places = (os.path.join(data_dir, 'img'), os.path.join(data_dir, 'labels.json'))
        return ObjectDetectionImageDataset(*places, transform=transform, class_names=self.class_names or None)


@register_config('object_detection_geo_data')
class ObjectDetectionGeoDataConfig(ObjectDetectionDataConfig, GeoDataConfig):
    """Configure windows of scenes for detection."""

    def scene_to_dataset(  # type: ignore[override]
        self,
        scene: 'Scene',
        transform: 'A.BasicTransform | None' = None,
        bbox_params: 'A.BboxParams | None' = None,
        for_chipping: bool = False,
    ) -> 'GeoDataset':
        """Make the dataset of the windows of one scene; see `GeoDataConfig.scene_to_dataset`.

        Args:
            scene: The scene.
            transform: Applied to each sample.
            bbox_params: How albumentations is to treat the boxes. None: `get_bbox_params()`.
            for_chipping: Give samples as they are read, to be written to files.
        """
        from rastervision.pytorch_learner.dataset.geo_data import box_options, sample_scene, windows_of_objects
        from rastervision.pytorch_learner.dataset.object_detection_dataset import (
            ObjectDetectionListedWindowGeoDataset,
            ObjectDetectionRandomWindowGeoDataset,
            ObjectDetectionSlidingWindowGeoDataset,
        )

        sampling = self.get_sampling(scene.id)
        options = {'bbox_params': bbox_params or self.get_bbox_params(), **box_options(sampling, scene)}
        if isinstance(sampling, ObjectDetectionWindowSamplingConfig) and sampling.method in OF_OBJECTS:
            listed = ObjectDetectionListedWindowGeoDataset
            return windows_of_objects(scene, sampling, listed, transform, for_chipping=for_chipping, **options)
        kinds = (ObjectDetectionSlidingWindowGeoDataset, ObjectDetectionRandomWindowGeoDataset)
        return sample_scene(scene, sampling, kinds, transform, for_chipping=for_chipping, **options)
