"""Configures ChipClassification."""

from typing import TYPE_CHECKING

from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.evaluation.chip_classification_evaluator_config import ChipClassificationEvaluatorConfig
from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.rv_pipeline.chip_classification import ChipClassification


@register_config('chip_classification')
class ChipClassificationConfig(RVPipelineConfig):
    """Configure a :class:`.ChipClassification`."""

    def build(self, tmp_dir: str) -> 'ChipClassification':
        """Make the pipeline."""
        from rastervision.core.rv_pipeline.chip_classification import ChipClassification

        return ChipClassification(self, tmp_dir)

    def get_default_label_store(self, scene: SceneConfig) -> ChipClassificationGeoJSONStoreConfig:
        """GeoJSON."""
        return ChipClassificationGeoJSONStoreConfig()

    def get_default_evaluator(self) -> ChipClassificationEvaluatorConfig:
        """Counts by class."""
        return ChipClassificationEvaluatorConfig()
