"""Keeping boxes as GeoJSON."""

from typing import ClassVar

import numpy as np

from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_store.feature_file import FeatureFile, box_polygons, read_boxes
from rastervision.core.data.label_store.geojson_store import GeoJSONStore
from rastervision.core.data.label_store.utils import box_properties
from rastervision.pipeline import lazy
from rastervision.pipeline.file_system.publish import publish_file

lazy.also_give(
    __name__,
    'rastervision.core.data.label_store.label_store: LabelStore',
    'rastervision.core.data.label_store.utils: boxes_to_geojson',
    'rastervision.core.data.vector_source.geojson_vector_source_config: GeoJSONVectorSourceConfig',
    'rastervision.pipeline.file_system.utils: json_to_file',
)


class ObjectDetectionGeoJSONStore(GeoJSONStore):
    """Keeps boxes as polygons in a GeoJSON file; arguments as of :class:`.GeoJSONStore`."""

    labels_class: ClassVar[type[Labels] | None] = ObjectDetectionLabels

    def save(self, labels: Labels) -> None:
        """Write boxes, in place of an old file.

        Args:
            labels: `ObjectDetectionLabels`.
        """
        assert isinstance(labels, ObjectDetectionLabels)
        properties = box_properties(labels.get_class_ids().tolist(), self.class_config, labels.get_scores().tolist())
        with publish_file(self.uri) as path, FeatureFile(path, self.crs_transformer, self.bbox) as file:
            file.write(box_polygons(labels.get_boxes()), properties)
        self.save_style()

    def get_labels(self) -> ObjectDetectionLabels:
        """Read the boxes, in pixels of the whole image, as label sources give them. The default score is 1.

        Raises:
            MissingFileError: If there is no such file.
        """
        boxes, properties = read_boxes(self.uri, self.crs_transformer)
        class_ids = np.array([values['class_id'] for values in properties], dtype=int)
        scores = np.array([values.get('score', 1.0) for values in properties], dtype=float)
        return ObjectDetectionLabels(boxes, class_ids, scores)
