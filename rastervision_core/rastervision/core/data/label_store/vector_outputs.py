"""Vector outputs, written as patches are complete."""

from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.label_store.rows import RowOutput, Rows
from rastervision.core.data.label_store.vector_formats import (
    ClassProperties,
    GeoJSONFile,
    GeoPackageFile,
    GeoParquetFile,
    PolygonFile,
)
from rastervision.core.data.vectorize.stream import Vectorizer, WholeMaskVectorizer
from rastervision.pipeline.overriding import is_overridden_later

if TYPE_CHECKING:
    from rastervision.core.data.label_store.semantic_segmentation_label_store_config import VectorOutputConfig


FORMATS: dict[str, type[PolygonFile]] = {'geojson': GeoJSONFile, 'gpkg': GeoPackageFile, 'parquet': GeoParquetFile}


class VectorOutput(RowOutput):
    """The polygons of a class: GeoJSON in map coordinates, or GeoPackage or GeoParquet in the CRS of the image.

    Args:
        path: Local file.
        config: How to make polygons of which class.
        shape: Height and width of the labels.
        crs_transformer: From pixels to the map.
        bbox: What pixels are relative to. None: the image.
        class_name: Name of the class.
    """

    def __init__(
        self,
        path: str,
        config: 'VectorOutputConfig',
        shape: tuple[int, int],
        crs_transformer: CRSTransformer,
        bbox: Box | None = None,
        *,
        class_name: str,
    ) -> None:
        self._config = config
        self._vectorizer = make_vectorizer(config, shape)
        properties: ClassProperties = {'class_id': config.class_id, 'class_name': class_name}
        kind = getattr(config, 'format', 'geojson')
        self._file: PolygonFile = FORMATS[kind](path, crs_transformer, bbox, properties)

    def write(self, rows: Rows) -> None:
        """See :meth:`.RowOutput.write`."""
        self.write_mask(class_mask(self._config, rows))

    def write_mask(self, mask: np.ndarray) -> None:
        """Take the next rows of the mask, (height, width), 0 or 1."""
        self._file.write(self._vectorizer.push(mask.astype(np.uint8, copy=False)))

    def finish(self) -> None:
        """See :meth:`.RowOutput.finish`."""
        self._file.write(self._vectorizer.close())
        self._file.finish()

    def close(self) -> None:
        """See :meth:`.RowOutput.close`."""
        self._file.close()


def class_mask(config: 'VectorOutputConfig', rows: Rows) -> np.ndarray:
    """Which pixels of some rows a vector output is of, (height, width), bool."""
    class_id, threshold = config.class_id, config.threshold
    if threshold is not None:
        above: np.ndarray = rows.score_arr[class_id] >= threshold
        return above
    mask: np.ndarray = rows.label_arr == class_id
    return mask & (rows.hit_arr > 0) if class_id == rows.null_class_id else mask


def make_vectorizer(config: 'VectorOutputConfig', shape: tuple[int, int]) -> Vectorizer:
    """What makes polygons of a mask that comes in bands: by `vectorize` of the whole mask, or as `build` knows better.

    Args:
        config: A vector output. Its `build` counts unless `vectorize` is defined later, as in configs that have only
            this, and in subclasses of those that have both.
        shape: Height and width of the mask.
    """
    if is_overridden_later(config, 'vectorize', than=('build',)):
        return WholeMaskVectorizer(config.vectorize)
    return config.build(shape)
