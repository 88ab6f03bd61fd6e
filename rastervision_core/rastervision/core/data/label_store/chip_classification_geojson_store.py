"""Keeping labels of cells as GeoJSON."""

from typing import ClassVar

from rastervision.core.box import Box
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label_store.feature_file import FeatureFile, box_polygons, read_boxes
from rastervision.core.data.label_store.geojson_store import GeoJSONStore
from rastervision.core.data.label_store.utils import box_properties
from rastervision.pipeline.file_system.publish import publish_file


class ChipClassificationGeoJSONStore(GeoJSONStore):
    """Keeps labels of cells as polygons in a GeoJSON file; arguments as of :class:`.GeoJSONStore`."""

    labels_class: ClassVar[type[Labels] | None] = ChipClassificationLabels

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
