"""Configures LabelStore."""

from typing import TYPE_CHECKING

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.label_store import LabelStore
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


@register_config('label_store')
class LabelStoreConfig(Config):
    """Configure a :class:`.LabelStore`: where the predicted labels of a scene are kept."""

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'LabelStore':
        """Make the label store.

        Args:
            class_config: The classes of the labels.
            crs_transformer: Between pixels of the scene's image and the map.
            bbox: The part of the image that the labels cover, in its pixels.
            tmp_dir: A folder for temporary files.
        """
        raise ConfigError(f'{type(self).__name__} is a base class and cannot be built. Use one of its subclasses.')

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields.

        Args:
            pipeline: The pipeline that the store belongs to.
            scene: The scene whose labels it keeps.
        """
        super().update(pipeline=pipeline, scene=scene)

    def require_uri(self) -> str:
        """The store's `uri`.

        Raises:
            ConfigError: If it is not set.
        """
        uri: str | None = getattr(self, 'uri', None)
        if uri is None:
            raise ConfigError(f'{type(self).__name__}: uri is not set. Set it, or use the store in a pipeline.')
        return uri
