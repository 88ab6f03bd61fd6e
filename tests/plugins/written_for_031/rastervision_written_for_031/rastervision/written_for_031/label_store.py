"""Label rasters, with a note of how many pixels each class has."""

import os

import numpy as np

from rastervision.core.data import SemanticSegmentationLabelStore, SemanticSegmentationLabelStoreConfig
from rastervision.pipeline.config import Field, register_config
from rastervision.pipeline.file_system import json_to_file
from rastervision.written_for_031.marks import mark


class CountingLabelStore(SemanticSegmentationLabelStore):
    def save(self, labels, profile=None):
        mark('CountingLabelStore.save')
        super().save(labels, profile)
        counts = np.bincount(labels.get_label_arr(labels.extent).ravel(), minlength=len(self.class_config))
        json_to_file(counts.tolist(), os.path.join(self.root_uri, 'counts.json'))

    def get_labels(self):
        mark('CountingLabelStore.get_labels')
        return super().get_labels()


@register_config('counting_label_store')
class CountingLabelStoreConfig(SemanticSegmentationLabelStoreConfig):
    unit: str = Field('pixels', description='What is counted.')

    def build(self, class_config, crs_transformer, bbox, tmp_dir=None):
        class_config.ensure_null_class()
        return CountingLabelStore(
            uri=self.uri,
            crs_transformer=crs_transformer,
            class_config=class_config,
            bbox=bbox,
            tmp_dir=tmp_dir,
            vector_outputs=self.vector_output,
            save_as_rgb=self.rgb,
            smooth_output=self.smooth_output,
            smooth_as_uint8=self.smooth_as_uint8,
            rasterio_block_size=self.rasterio_block_size,
        )
