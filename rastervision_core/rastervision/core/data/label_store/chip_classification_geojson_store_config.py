"""Configures ChipClassificationGeoJSONStore."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

__getattr__ = lazy.names(
    __name__, 'rastervision.core.data.label_store.chip_classification_geojson_store:ChipClassificationGeoJSONStore'
)


@register_config('chip_classification_geojson_store')
class ChipClassificationGeoJSONStoreConfig(LabelStoreConfig):
    """Configure :class:`.ChipClassificationGeoJSONStore`."""

    uri: str | None = Field(
        None, description='GeoJSON file of the predicted cells. None: <predict_uri>/<scene id>.json.'
    )
    probabilities: bool = added_field(
        True,
        'Whether cells have the property probabilities, the softmax of their scores. The property scores, which is '
        'there in any case, holds the raw outputs of the model.',
    )
    qgis_style: bool = added_field(
        False, 'Write a style, <scene id>.qml beside the file, with which QGIS shows names and colours of the classes.'
    )

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'ChipClassificationGeoJSONStore':
        """Make the label store; see :meth:`.LabelStoreConfig.build`."""
        from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore

        return ChipClassificationGeoJSONStore(
            self.require_uri(),
            class_config,
            crs_transformer,
            bbox=bbox,
            probabilities=self.probabilities,
            qgis_style=self.qgis_style,
        )

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill `uri` from the pipeline's folders and the scene's id."""
        super().update(pipeline=pipeline, scene=scene)
        if self.uri is None and pipeline is not None and scene is not None:
            self.uri = pipeline.layout.vector_prediction(scene.id)
