"""Configures SemanticSegmentationLabelSource."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from rastervision.core import compat
from rastervision.core.data.label_source.label_source_config import LabelSourceConfig
from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
    from rastervision.core.data.raster_source.raster_source import RasterSource


def ss_label_source_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Version 3: `rgb_class_config`, by whose colours pixels had classes, becomes an RGBClassTransformer."""
    return compat.with_rgb_class_transformer(cfg_dict) if version == 3 else cfg_dict


@register_config('semantic_segmentation_label_source', upgrader=ss_label_source_config_upgrader)
class SemanticSegmentationLabelSourceConfig(LabelSourceConfig):
    """Configure a :class:`.SemanticSegmentationLabelSource`, which gives each pixel a class."""

    raster_source: RasterSourceConfig | RasterizedSourceConfig = Field(
        ..., description='A raster of class ids, or polygons to draw one from (RasterizedSourceConfig).'
    )
    nodata_is_null: bool | None = added_field(
        None,
        'Whether pixels without data in the raster of class ids are of the null class. If not, they are of class 0. '
        'None: if its NODATA value is no class id, such as 255.',
    )
    image_nodata_is_null: bool = added_field(
        False,
        'Whether pixels are of the null class where the imagery of the scene has no data. With ignore_class_index and '
        'ignore_null, they count neither in training nor in evaluation.',
    )

    def build(
        self,
        class_config: 'ClassConfig',
        crs_transformer: 'CRSTransformer',
        bbox: 'Box | None' = None,
        tmp_dir: str | None = None,
    ) -> 'SemanticSegmentationLabelSource':
        """Make the source; see `LabelSourceConfig.build`."""
        from rastervision.core.data.label_source.semantic_segmentation_label_source import (
            SemanticSegmentationLabelSource,
        )
        from rastervision.core.data.raster_source.aligned_source import on_grid_of

        if isinstance(self.raster_source, RasterizedSourceConfig):
            raster_source: RasterSource = self.raster_source.build(class_config, crs_transformer, bbox)
        else:
            raster_source = on_grid_of(self.raster_source.build(tmp_dir), crs_transformer, None, bbox)
        return SemanticSegmentationLabelSource(
            raster_source,
            class_config,
            bbox=bbox,
            nodata_is_null=self.nodata_is_null,
            image_nodata_is_null=self.image_nodata_is_null,
        )


__getattr__ = lazy.names(
    __name__,
    'rastervision.core.data.label_source.semantic_segmentation_label_source:SemanticSegmentationLabelSource',
)
