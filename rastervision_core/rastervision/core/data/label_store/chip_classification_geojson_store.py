"""Keeping labels of cells as GeoJSON."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label_store.feature_file import FeatureFile, box_polygons, read_boxes
from rastervision.core.data.label_store.geojson_store import GeoJSONStore
from rastervision.core.data.label_store.utils import box_properties
from rastervision.pipeline import lazy
from rastervision.pipeline.file_system.publish import publish_file

lazy.also_give(
    __name__,
    'rastervision.core.data.label_source.chip_classification_label_source_config: ChipClassificationLabelSourceConfig',
    'rastervision.core.data.label_store.label_store: LabelStore',
    'rastervision.core.data.label_store.utils: boxes_to_geojson',
    'rastervision.core.data.vector_source.geojson_vector_source_config: GeoJSONVectorSourceConfig',
    'rastervision.pipeline.file_system.utils: json_to_file',
)

SUM_TOLERANCE = 1e-5  # single precision
PROBABILITY_DECIMALS = 6


class ChipClassificationGeoJSONStore(GeoJSONStore):
    """Keeps labels of cells as polygons in a GeoJSON file.

    Args:
        uri: The file.
        class_config: The classes.
        crs_transformer: Between pixels of the image and the map.
        bbox: The part of the image that the labels cover; what is saved is relative to it. None: the image.
        probabilities: Write the probability of each class too; see `class_probabilities`.
        qgis_style: Write a style for QGIS beside the file.
    """

    labels_class: ClassVar[type[Labels] | None] = ChipClassificationLabels

    def __init__(
        self,
        uri: str,
        class_config: ClassConfig,
        crs_transformer: CRSTransformer,
        bbox: Box | None = None,
        *,
        probabilities: bool = False,
        qgis_style: bool = False,
    ) -> None:
        super().__init__(uri, class_config, crs_transformer, bbox=bbox, qgis_style=qgis_style)
        self.probabilities = probabilities

    def save(self, labels: Labels) -> None:
        """Write labels of cells, in place of an old file.

        Args:
            labels: `ChipClassificationLabels`.
        """
        assert isinstance(labels, ChipClassificationLabels)
        properties = box_properties(labels.get_class_ids(), self.class_config, labels.get_scores())
        if self.probabilities:
            properties = [_with_probabilities(values) for values in properties]
        with publish_file(self.uri) as path, FeatureFile(path, self.crs_transformer, self.bbox) as file:
            file.write(box_polygons(labels.get_cells()), properties)
        self.save_style()

    def get_labels(self) -> ChipClassificationLabels:
        """Read the cells, in pixels of the whole image, as label sources give them.

        Raises:
            MissingFileError: If there is no such file.
        """
        boxes, properties = read_boxes(self.uri, self.crs_transformer)
        # Files of earlier versions have the centres of pixels where the edges of cells are.
        cells = [Box(*row) for row in np.floor(boxes + 0.25).astype(np.int64).tolist()]
        labels = ChipClassificationLabels.make_empty()
        for cell, values in zip(cells, properties, strict=True):
            labels.set_cell(cell, values['class_id'], values.get('scores'))
        return labels


def class_probabilities(scores: Sequence[float]) -> list[float]:
    """The probability of each class.

    Args:
        scores: Of each class: logits, whose softmax is taken. Numbers that are probabilities already, because none is
            negative and they add up to one, stay as they are.

    Returns:
        Probabilities, rounded to six decimals.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not ((values >= 0).all() and abs(values.sum() - 1) < SUM_TOLERANCE):
        values = np.exp(values - values.max())
        values /= values.sum()
    return [round(value, PROBABILITY_DECIMALS) for value in values.tolist()]


def _with_probabilities(properties: dict[str, Any]) -> dict[str, Any]:
    scores = properties.get('scores')
    return {**properties, 'probabilities': None if scores is None else class_probabilities(scores)}
