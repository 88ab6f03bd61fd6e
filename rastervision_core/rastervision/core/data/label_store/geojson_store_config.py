"""What configs of label stores that write GeoJSON have in common."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.pipeline.config.base import added_field

if TYPE_CHECKING:
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


class GeoJSONStoreConfig(LabelStoreConfig):
    """Configure a :class:`.GeoJSONStore`."""

    uri: str | None = Field(None, description='GeoJSON file of what is predicted. None: <predict_uri>/<scene id>.json.')
    qgis_style: bool = added_field(
        False, 'Write a style, <scene id>.qml beside the file, with which QGIS shows names and colours of the classes.'
    )

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill `uri` from the pipeline's folders and the scene's id."""
        super().update(pipeline=pipeline, scene=scene)
        if self.uri is None and pipeline is not None and scene is not None:
            self.uri = pipeline.layout.vector_prediction(scene.id)
