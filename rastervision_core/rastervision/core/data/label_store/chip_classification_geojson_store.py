"""Keeping labels of cells as GeoJSON."""

from typing import ClassVar

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label_store.feature_file import FeatureFile, box_polygons, read_boxes
from rastervision.core.data.label_store.label_store import LabelStore
from rastervision.core.data.label_store.utils import box_properties
from rastervision.pipeline.file_system.publish import publish_file


class ChipClassificationGeoJSONStore(LabelStore):
    """Keeps labels of cells as a GeoJSON file of polygons in map coordinates.

    Args:
        uri: The file.
        class_config: The classes.
        crs_transformer: Between pixels of the image and the map.
        bbox: The part of the image that the labels cover; what is saved is relative to it. None: the image.
    """

    labels_class: ClassVar[type[Labels] | None] = ChipClassificationLabels

    def __init__(
        self, uri: str, class_config: ClassConfig, crs_transformer: CRSTransformer, bbox: Box | None = None
    ) -> None:
        self.uri = uri
        self.class_config = class_config
        self._crs_transformer = crs_transformer
        self._bbox = bbox

    def save(self, labels: Labels) -> None:
        """Write labels of cells, in place of an old file.

        Args:
            labels: `ChipClassificationLabels`.
        """
        assert isinstance(labels, ChipClassificationLabels)
        properties = box_properties(labels.get_class_ids(), self.class_config, labels.get_scores())
        with publish_file(self.uri) as path, FeatureFile(path, self.crs_transformer, self.bbox) as file:
            file.write(box_polygons(labels.get_cells()), properties)

    def get_labels(self) -> ChipClassificationLabels:
        """Read the cells, in pixels of the whole image, as label sources give them.

        Raises:
            MissingFileError: If there is no such file.
        """
        boxes, properties = read_boxes(self.uri, self.crs_transformer)
        labels = ChipClassificationLabels.make_empty()
        for box, values in zip(boxes, properties, strict=True):
            labels.set_cell(Box.from_npbox(box).to_int(), values['class_id'], values.get('scores'))
        return labels

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
