"""Configures ChipClassificationGeoJSONStore."""

from typing import TYPE_CHECKING

from rastervision.core.data.label_store.geojson_store_config import GeoJSONStoreConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore

__getattr__ = lazy.names(
    __name__, 'rastervision.core.data.label_store.chip_classification_geojson_store:ChipClassificationGeoJSONStore'
)

lazy.also_give(__name__, 'rastervision.core.data.label_store.label_store_config: LabelStoreConfig')


@register_config('chip_classification_geojson_store')
class ChipClassificationGeoJSONStoreConfig(GeoJSONStoreConfig):
    """Configure :class:`.ChipClassificationGeoJSONStore`."""

    probabilities: bool = added_field(
        True,
        'Whether cells have the property probabilities, the softmax of their scores. The property scores, which is '
        'there in any case, holds the raw outputs of the model.',
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
