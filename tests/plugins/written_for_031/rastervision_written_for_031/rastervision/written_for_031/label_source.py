"""Labels burnt from polygons, with an item access of its own."""

from rastervision.core.box import Box
from rastervision.core.data import (
    LabelSource,
    LabelSourceConfig,
    RasterizedSource,
    SemanticSegmentationLabels,
    VectorSourceConfig,
)
from rastervision.pipeline.config import Field, register_config
from rastervision.written_for_031.marks import mark


class PolygonLabelSource(LabelSource):
    def __init__(self, vector_source, class_config, bbox):
        self.source = RasterizedSource(vector_source, background_class_id=0, bbox=bbox)
        self.class_config = class_config

    def get_labels(self, window=None):
        mark('PolygonLabelSource.get_labels')
        window = self.extent if window is None else window
        labels = SemanticSegmentationLabels.make_empty(extent=self.extent, num_classes=len(self.class_config))
        labels[window] = self[window]
        return labels

    @property
    def bbox(self):
        return self.source.bbox

    @property
    def crs_transformer(self):
        return self.source.crs_transformer

    def set_bbox(self, bbox):
        self.source.set_bbox(bbox)

    def __getitem__(self, key):
        if isinstance(key, Box):
            mark('PolygonLabelSource.__getitem__')
            return self.source.get_chip(key)[..., 0]
        return super().__getitem__(key)


@register_config('polygon_label_source')
class PolygonLabelSourceConfig(LabelSourceConfig):
    vector_source: VectorSourceConfig = Field(..., description='The polygons.')

    def update(self, pipeline=None, scene=None):
        super().update(pipeline, scene)
        self.vector_source.update(pipeline, scene)

    def build(self, class_config, crs_transformer, bbox=None, tmp_dir=None):
        return PolygonLabelSource(self.vector_source.build(class_config, crs_transformer), class_config, bbox)
