"""Configures ObjectDetectionGeoJSONStore."""

from typing import TYPE_CHECKING

from rastervision.core.data.label_store.geojson_store_config import GeoJSONStoreConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.object_detection_geojson_store import ObjectDetectionGeoJSONStore

__getattr__ = lazy.names(
    __name__, 'rastervision.core.data.label_store.object_detection_geojson_store:ObjectDetectionGeoJSONStore'
)

lazy.also_give(__name__, 'rastervision.core.data.label_store.label_store_config: LabelStoreConfig')


@register_config('object_detection_geojson_store')
class ObjectDetectionGeoJSONStoreConfig(GeoJSONStoreConfig):
    """Configure :class:`.ObjectDetectionGeoJSONStore`."""

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'ObjectDetectionGeoJSONStore':
        """Make the label store; see :meth:`.LabelStoreConfig.build`."""
        from rastervision.core.data.label_store.object_detection_geojson_store import ObjectDetectionGeoJSONStore

        return ObjectDetectionGeoJSONStore(
            self.require_uri(), class_config, crs_transformer, bbox=bbox, qgis_style=self.qgis_style
        )
