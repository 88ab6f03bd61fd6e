"""Keeping boxes as GeoJSON."""

from typing import ClassVar

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_store.feature_file import FeatureFile, box_polygons, read_boxes
from rastervision.core.data.label_store.label_store import LabelStore
from rastervision.core.data.label_store.utils import box_properties
from rastervision.pipeline.file_system.publish import publish_file


class ObjectDetectionGeoJSONStore(LabelStore):
    """Keeps boxes as a GeoJSON file of polygons in map coordinates.

    Args:
        uri: The file.
        class_config: The classes.
        crs_transformer: Between pixels of the image and the map.
        bbox: The part of the image that the labels cover; what is saved is relative to it. None: the image.
    """

    labels_class: ClassVar[type[Labels] | None] = ObjectDetectionLabels

    def __init__(
        self, uri: str, class_config: ClassConfig, crs_transformer: CRSTransformer, bbox: Box | None = None
    ) -> None:
        self.uri = uri
        self.class_config = class_config
        self._crs_transformer = crs_transformer
        self._bbox = bbox

    def save(self, labels: Labels) -> None:
        """Write boxes, in place of an old file.

        Args:
            labels: `ObjectDetectionLabels`.
        """
        assert isinstance(labels, ObjectDetectionLabels)
        properties = box_properties(labels.get_class_ids().tolist(), self.class_config, labels.get_scores().tolist())
        with publish_file(self.uri) as path, FeatureFile(path, self.crs_transformer, self.bbox) as file:
            file.write(box_polygons(labels.get_boxes()), properties)

    def get_labels(self) -> ObjectDetectionLabels:
        """Read the boxes, in pixels of the whole image, as label sources give them. The default score is 1.

        Raises:
            MissingFileError: If there is no such file.
        """
        boxes, properties = read_boxes(self.uri, self.crs_transformer)
        class_ids = np.array([values['class_id'] for values in properties], dtype=int)
        scores = np.array([values.get('score', 1.0) for values in properties], dtype=float)
        return ObjectDetectionLabels(boxes, class_ids, scores)

    @property
    def bbox(self) -> Box | None:
        """See :attr:`.LabelStore.bbox`."""
        return self._bbox

    @property
    def crs_transformer(self) -> CRSTransformer:
        """See :attr:`.LabelStore.crs_transformer`."""
        return self._crs_transformer

    def set_bbox(self, bbox: Box) -> None:
        """Set the part of the image that the labels cover."""
        self._bbox = bbox
