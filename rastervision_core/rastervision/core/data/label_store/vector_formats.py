"""Files of the polygons of a class, written a batch at a time: GeoJSON, GeoPackage, GeoParquet."""

import json
import sqlite3
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.image_crs import in_image_crs
from rastervision.core.data.label_store.feature_file import FeatureFile
from rastervision.core.data.label_store.placing import Placer
from rastervision.pipeline.errors import MissingDependencyError, NotWritableError
from rastervision.pipeline.file_system.atomic import PART_FOLDER

BATCH = 10_000
DATE = '2000-01-01T00:00:00Z'  # the same polygons give the same bytes, whenever they are written

ClassProperties = dict[str, int | str]


class PolygonFile(ABC):
    """Writes polygons of a class, up to 10,000 at a time, which is what stays in memory.

    Args:
        path: Local file; its folder is made.
        crs_transformer: From pixels to the map.
        bbox: What pixel coordinates are relative to. None: the image.
        properties: What all polygons have: `class_id` and `class_name`.
    """

    def __init__(
        self, path: str, crs_transformer: CRSTransformer, bbox: Box | None, properties: ClassProperties
    ) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._path, self._crs_transformer, self._properties = path, crs_transformer, properties
        self._placer = Placer(self._target(crs_transformer), bbox)
        self._waiting: list[BaseGeometry] = []

    @staticmethod
    def _target(crs_transformer: CRSTransformer) -> CRSTransformer:
        """The transformer to the coordinates in the file: those of the CRS of the image."""
        return in_image_crs(crs_transformer)

    @cached_property
    def crs(self) -> CRS | None:
        """The CRS of the image, or None if it has none."""
        image_crs = self._crs_transformer.image_crs
        return None if image_crs is None else CRS.from_user_input(image_crs)

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
        self._append(self._placer.place(pixels, follow_edges=True))

    @abstractmethod
    def _append(self, geometries: np.ndarray) -> None:
        """Write geometries in the coordinates of the file."""

    def _columns(self, count: int) -> dict[str, np.ndarray]:
        """The properties of some polygons, by name."""
        names = np.empty(count, dtype=object)
        names[:] = self._properties['class_name']
        return {'class_id': np.full(count, self._properties['class_id'], dtype=np.int32), 'class_name': names}


class GeoJSONFile(PolygonFile):
    """Polygons as GeoJSON, in map coordinates."""

    def __init__(
        self, path: str, crs_transformer: CRSTransformer, bbox: Box | None, properties: ClassProperties
    ) -> None:
        super().__init__(path, crs_transformer, bbox, properties)
        self._file = FeatureFile(path, crs_transformer, bbox)

    @staticmethod
    def _target(crs_transformer: CRSTransformer) -> CRSTransformer:
        return crs_transformer

    def _append(self, geometries: np.ndarray) -> None:
        self._file.write_placed(geometries, [self._properties] * len(geometries))

    def finish(self) -> None:
        """See :meth:`.PolygonFile.finish`."""
        super().finish()
        self._file.finish()

    def close(self) -> None:
        """See :meth:`.PolygonFile.close`."""
        self._file.close()


class GeoPackageFile(PolygonFile):
    """Polygons as GeoPackage, with a spatial index, in the CRS of the image, or without one if it has none.

    The layer has the name of the file; the date in it is fixed.
    """

    _count = 0

    def finish(self) -> None:
        """Write what is left, and see that all of it is in the file.

        Raises:
            NotWritableError: If not.
        """
        super().finish()
        layer = Path(self._path).stem.replace('"', '""')
        with closing(sqlite3.connect(f'file:{quote(self._path)}?mode=ro', uri=True)) as connection:
            try:
                ((state,),) = connection.execute('PRAGMA quick_check(1)').fetchall()
                ((count,),) = connection.execute(f'SELECT COUNT(*) FROM "{layer}"').fetchall()
                ((indexed,),) = connection.execute(f'SELECT COUNT(*) FROM "rtree_{layer}_geom_rowid"').fetchall()
            except sqlite3.Error as error:
                raise self._not_written(error) from error
        if state != 'ok' or not count == indexed == self._count:
            raise self._not_written(f'of {self._count} polygons, {count} are in it, {indexed} in its index; {state}')

    def _not_written(self, reason: object) -> NotWritableError:
        name = PART_FOLDER.sub('', self._path)
        return NotWritableError(f'{name!r} was not written completely: {reason}. Is the disk full?')

    def _append(self, geometries: np.ndarray) -> None:
        columns = self._columns(len(geometries))
        self._count += len(geometries)
        pyogrio.set_gdal_config_options({'OGR_CURRENT_DATE': DATE})
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings('ignore', "'crs' was not provided")
                pyogrio.raw.write(
                    self._path,
                    geometry=shapely.to_wkb(geometries),
                    field_data=list(columns.values()),
                    fields=list(columns),
                    crs=None if self.crs is None else self.crs.to_wkt(),
                    geometry_type='Unknown',
                    driver='GPKG',
                    layer=Path(self._path).stem,
                    append=Path(self._path).exists(),
                )
        except (DataSourceError, DataLayerError, FeatureError) as error:
            raise self._not_written(error) from error
        finally:
            pyogrio.set_gdal_config_options({'OGR_CURRENT_DATE': None})


class GeoParquetFile(PolygonFile):
    """Polygons as GeoParquet 1.1, with their bounds, in groups of rows (the extra `rastervision_core[parquet]`).

    In the CRS of the image, or without one if it has none.

    Raises:
        MissingDependencyError: If pyarrow is not installed.
    """

    def __init__(
        self, path: str, crs_transformer: CRSTransformer, bbox: Box | None, properties: ClassProperties
    ) -> None:
        super().__init__(path, crs_transformer, bbox, properties)
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
            ('class_id', arrow.int32()),
            ('class_name', arrow.string()),
            ('geometry', arrow.binary()),
            ('bbox', arrow.struct([(side, arrow.float64()) for side in sides])),
        ]
        return arrow.schema(fields, metadata={'geo': json.dumps(geo)})

    def _append(self, geometries: np.ndarray) -> None:
        arrow, schema = self._arrow, self._writer.schema
        sides = [arrow.array(side) for side in shapely.bounds(geometries).reshape(-1, 4).T]
        columns = [
            *(arrow.array(column) for column in self._columns(len(geometries)).values()),
            arrow.array(shapely.to_wkb(geometries), arrow.binary()),
            arrow.StructArray.from_arrays(sides, fields=list(schema.field('bbox').type)),
        ]
        self._writer.write_table(arrow.Table.from_arrays(columns, schema=schema))
