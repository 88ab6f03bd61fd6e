"""Configures ChipClassificationLabelSource."""

from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from rastervision.core.data.label_source.label_source_config import LabelSourceConfig
from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig, with_label_transformers
from rastervision.core.types import NonNegInt, PosInt, Proportion
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

DEFAULT_IOA_THRESH = 0.5


def cc_label_source_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Version 4: `ioa_thresh` could be None; since then it is a number."""
    if version == 4 and cfg_dict.get('ioa_thresh') is None:
        return {**cfg_dict, 'ioa_thresh': DEFAULT_IOA_THRESH}
    return cfg_dict


@register_config('chip_classification_label_source', upgrader=cc_label_source_config_upgrader)
class ChipClassificationLabelSourceConfig(LabelSourceConfig):
    """Configure a :class:`.ChipClassificationLabelSource`, which gives cells of a scene a class.

    The features are the cells themselves, or, with `infer_cells`, objects that cells are classified by.
    """

    vector_source: VectorSourceConfig | None = Field(
        None,
        description='Where the features come from. Class inference and buffers of one pixel around points and lines '
        'are added if it has none.',
    )
    ioa_thresh: Proportion = Field(
        DEFAULT_IOA_THRESH,
        description='Least part of a polygon (or of the cell, see use_intersection_over_cell) that must lie in a cell '
        'for the cell to get its class. Used with infer_cells.',
    )
    use_intersection_over_cell: bool = Field(
        False, description='Whether ioa_thresh is about the part of the cell that is covered, not that of the polygon.'
    )
    pick_min_class_id: bool = Field(
        False,
        description='Among several polygons that count, take the lowest class id. False: that of the polygon with the '
        'largest part as of ioa_thresh, of equals the first.',
    )
    background_class_id: NonNegInt | None = Field(
        None, description='Class id of cells in which no polygon counts. Needed with infer_cells.'
    )
    infer_cells: bool = Field(
        False, description='Whether to classify a grid of cells by the polygons in them. False: polygons are cells.'
    )
    cell_sz: PosInt | None = Field(
        None, description='Side of a cell in pixels. None: the chip size of the pipeline. Used with infer_cells.'
    )
    lazy: bool = Field(False, description='Whether to find the class of a cell only when it is asked for.')

    @field_validator('vector_source')
    @classmethod
    def ensure_required_transformers(cls, v: VectorSourceConfig | None) -> VectorSourceConfig | None:
        """Have polygons with class ids only."""
        return None if v is None else with_label_transformers(v)

    @model_validator(mode='after')
    def ensure_bg_class_id_if_inferring(self) -> 'ChipClassificationLabelSourceConfig':
        """Check that cells without polygons can be given a class."""
        if self.infer_cells and self.background_class_id is None:
            raise ConfigError('background_class_id is needed with infer_cells: the class of cells without polygons.')
        return self

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill `cell_sz` with the pipeline's chip size."""
        super().update(pipeline=pipeline, scene=scene)
        if self.cell_sz is None and pipeline is not None and pipeline.chip_options is not None:
            self.cell_sz = pipeline.chip_options.get_chip_sz(None if scene is None else scene.id)

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'ChipClassificationLabelSource':
        """Make the source; see `LabelSourceConfig.build`.

        Raises:
            ConfigError: If there is no vector source.
        """
        from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource

        if self.vector_source is None:
            raise ConfigError('vector_source is not set. Say where the labels are, such as GeoJSONVectorSourceConfig.')
        class_config.check_class_id(self.background_class_id, 'background_class_id')
        return ChipClassificationLabelSource(
            self, self.vector_source.build(class_config, crs_transformer), bbox=bbox, lazy=self.lazy
        )


__getattr__ = lazy.names(
    __name__,
    'rastervision.core.data.label_source.chip_classification_label_source:ChipClassificationLabelSource',
)

lazy.also_give(
    __name__,
    'rastervision.core.data.vector_transformer.buffer_transformer_config: BufferTransformerConfig',
    'rastervision.core.data.vector_transformer.class_inference_transformer_config: ClassInferenceTransformerConfig',
)
