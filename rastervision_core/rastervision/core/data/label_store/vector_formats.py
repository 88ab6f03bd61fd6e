"""Files of polygons other than GeoJSON, written a batch at a time: GeoPackage and GeoParquet."""

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.pipeline.errors import MissingDependencyError

BATCH = 10_000
CLASS_ID = 'class_id'
DATE = '2000-01-01T00:00:00Z'  # the same polygons give the same bytes, whenever they are written


class PolygonFile(ABC):
    """Writes polygons of a class in the CRS of the image, up to 10,000 at a time, which is what stays in memory.

    They lie where those of the GeoJSON output lie: pixels are mapped to their centres.

    Args:
        path: Local file; its folder is made.
        crs_transformer: From pixels to the map.
        bbox: What pixel coordinates are relative to. None: the image.
        class_id: The property `class_id` of all polygons.
    """

    def __init__(self, path: str, crs_transformer: CRSTransformer, bbox: Box | None, class_id: int) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._path, self._crs_transformer, self._bbox, self._class_id = path, crs_transformer, bbox, class_id
        self._waiting: list[BaseGeometry] = []

    @cached_property
    def crs(self) -> CRS | None:
        """The CRS of the image, or None if it is not georeferenced."""
        crs = self._crs_transformer.image_crs or self._crs_transformer.map_crs
        return None if crs is None else CRS.from_user_input(crs)

    def write(self, geometries: Iterable[BaseGeometry]) -> None:
        """Take polygons in pixel coordinates, (x, y)."""
        self._waiting += geometries
        if len(self._waiting) >= BATCH:
            self._flush()

    def finish(self) -> None:
        """Write what is left. A file without polygons has its columns and its CRS all the same."""
        self._flush()

    def close(self) -> None:  # noqa: B027
        """Close the file, whether it is finished or not."""

    def _flush(self) -> None:
        pixels = np.empty(len(self._waiting), dtype=object)
        pixels[:] = self._waiting
        self._waiting = []
        self._append(self._to_crs(self._crs_transformer.pixel_to_map(pixels, self._bbox)) if len(pixels) else pixels)

    def _to_crs(self, geometries: np.ndarray) -> np.ndarray:
        """From map coordinates to the CRS of the image."""
        map_crs = self._crs_transformer.map_crs
        if self.crs is None or map_crs is None or self.crs == CRS.from_user_input(map_crs):
            return geometries
        transform = Transformer.from_crs(map_crs, self.crs, always_xy=True).transform
        transformed: np.ndarray = shapely.transform(
            geometries, lambda xy: np.stack(transform(xy[:, 0], xy[:, 1]), axis=1)
        )
        return transformed

    @abstractmethod
    def _append(self, geometries: np.ndarray) -> None:
        """Write geometries in the CRS of the image; the first call makes the file."""

    def _class_ids(self, count: int) -> np.ndarray:
        return np.full(count, self._class_id, dtype=np.int32)


class GeoPackageFile(PolygonFile):
    """Polygons as GeoPackage, with a spatial index. The layer has the name of the file; the date in it is fixed."""

    def _append(self, geometries: np.ndarray) -> None:
        pyogrio.set_gdal_config_options({'OGR_CURRENT_DATE': DATE})
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings('ignore', "'crs' was not provided")
                pyogrio.raw.write(
                    self._path,
                    geometry=shapely.to_wkb(geometries),
                    field_data=[self._class_ids(len(geometries))],
                    fields=[CLASS_ID],
                    crs=None if self.crs is None else self.crs.to_wkt(),
                    geometry_type='Unknown',
                    driver='GPKG',
                    layer=Path(self._path).stem,
                    append=Path(self._path).exists(),
                )
        finally:
            pyogrio.set_gdal_config_options({'OGR_CURRENT_DATE': None})


class GeoParquetFile(PolygonFile):
    """Polygons as GeoParquet 1.1, with their bounds, in groups of rows (the extra `rastervision_core[parquet]`).

    Raises:
        MissingDependencyError: If pyarrow is not installed.
    """

    def __init__(self, path: str, crs_transformer: CRSTransformer, bbox: Box | None, class_id: int) -> None:
        super().__init__(path, crs_transformer, bbox, class_id)
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise MissingDependencyError(
                'Vector outputs as GeoParquet need pyarrow: pip install "rastervision_core[parquet]".'
            ) from error
        self._arrow = pyarrow
        self._writer = parquet.ParquetWriter(path, self._schema(), compression='zstd')

    def close(self) -> None:
        """See :meth:`.PolygonFile.close`."""
        self._writer.close()

    def _schema(self) -> Any:
        """Columns, and the metadata of the specification (https://geoparquet.org/releases/v1.1.0)."""
        arrow = self._arrow
        sides = ('xmin', 'ymin', 'xmax', 'ymax')
        column: dict[str, Any] = {
            'encoding': 'WKB',
            'geometry_types': [],
            'crs': None if self.crs is None else self.crs.to_json_dict(),
            'covering': {'bbox': {side: ['bbox', side] for side in sides}},
        }
        geo = {'version': '1.1.0', 'primary_column': 'geometry', 'columns': {'geometry': column}}
        fields = [
            (CLASS_ID, arrow.int32()),
            ('geometry', arrow.binary()),
            ('bbox', arrow.struct([(side, arrow.float64()) for side in sides])),
        ]
        return arrow.schema(fields, metadata={'geo': json.dumps(geo)})

    def _append(self, geometries: np.ndarray) -> None:
        arrow, schema = self._arrow, self._writer.schema
        sides = [arrow.array(side) for side in shapely.bounds(geometries).reshape(-1, 4).T]
        columns = [
            arrow.array(self._class_ids(len(geometries))),
            arrow.array(shapely.to_wkb(geometries), arrow.binary()),
            arrow.StructArray.from_arrays(sides, fields=list(schema.field('bbox').type)),
        ]
        self._writer.write_table(arrow.Table.from_arrays(columns, schema=schema))
