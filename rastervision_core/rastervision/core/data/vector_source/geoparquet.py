"""Reading GeoParquet."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from rastervision.core.data.features import Features
from rastervision.core.data.vector_source.placement import Place
from rastervision.core.data.vector_source.regions import Bounds
from rastervision.core.data.vector_source.vector_file import MIN_COUNT_FOR_PARTS, VectorFile, make_properties
from rastervision.pipeline.errors import ConfigError, DataError, MissingDependencyError


class GeoParquetFile(VectorFile):
    """A GeoParquet file, read by pyarrow (the extra `rastervision_core[parquet]`).

    A part is read by groups of rows if the file has the column of bounds that GeoParquet 1.1 calls covering.
    """

    @cached_property
    def reads_parts(self) -> bool:
        """Whether reading a part takes less than reading all, and is worth it."""
        return 'covering' in self._geometry_column and self._metadata.num_rows > MIN_COUNT_FOR_PARTS

    @property
    def count(self) -> int:
        """Number of features."""
        return int(self._metadata.num_rows)

    @property
    def layer(self) -> None:
        """There is only one."""
        if self.options.layer is not None:
            raise ConfigError(f'{self.uri} is GeoParquet, which has no layers (layer: {self.options.layer!r}).')

    @property
    def crs(self) -> str | None:
        """The CRS of the coordinates, or None if it is not known."""
        found = self._geometry_column.get('crs', 'OGC:CRS84')  # the default of GeoParquet
        return self._known_crs(json.dumps(found) if isinstance(found, dict) else found)

    @property
    def place(self) -> Place:
        """Where its features are."""
        bbox, count = self._geometry_column.get('bbox'), self.count
        if isinstance(bbox, list) and len(bbox) in (4, 6):
            half = len(bbox) // 2
            return Place(count, (bbox[0], bbox[1], bbox[half], bbox[half + 1]), self.crs)
        features, crs = self.read()
        bounds = tuple(shapely.total_bounds(features.geometries).tolist()) if len(features) else (0.0, 0.0, 0.0, 0.0)
        return Place(len(features), bounds, crs)

    def read(self, bounds: Bounds | None = None, *, limit: int | None = None) -> tuple[Features, str | None]:
        """Read the file; see :meth:`.VectorFile.read`. Features have no ids.

        Raises:
            MissingDependencyError: If pyarrow is not installed.
            ConfigError: If the options name a layer, or a condition.
        """
        if self.options.where is not None:
            raise ConfigError(
                f'{self.uri}: GeoParquet is not read by conditions (where: {self.options.where!r}). Use '
                'class_id_to_filter of a ClassInferenceTransformerConfig, or another format.'
            )
        _ = self.layer
        import geopandas as gpd

        geometry, columns = self._geometry_name, self._columns
        try:
            with np.errstate(invalid='ignore'):  # coordinates that are not a number are left out later
                frame = gpd.read_parquet(self.path, columns=[*columns, geometry], bbox=bounds)[:limit]
        except (ValueError, OSError) as error:
            raise self._unreadable(error) from error
        values = [[_plain(value) for value in frame[name].array] for name in columns]
        geometries = shapely.force_2d(np.asarray(frame[geometry].array, dtype=object))
        return Features(geometries, make_properties(columns, values, len(frame))).without_empty(), self.crs

    @cached_property
    def _metadata(self) -> Any:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise MissingDependencyError(
                f'{self.uri} is GeoParquet, which needs pyarrow: pip install "rastervision_core[parquet]".'
            ) from error
        try:
            return parquet.read_metadata(self.path)
        except (pyarrow.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    @cached_property
    def _geo(self) -> dict[str, Any]:
        text = (self._metadata.metadata or {}).get(b'geo')
        if text is None:
            raise DataError(f'{self.uri} is Parquet, but not GeoParquet: it does not say which column is geometry.')
        geo: dict[str, Any] = json.loads(text)
        return geo

    @property
    def _geometry_name(self) -> str:
        return str(self._geo['primary_column'])

    @property
    def _geometry_column(self) -> dict[str, Any]:
        column: dict[str, Any] = self._geo['columns'][self._geometry_name]
        return column

    @cached_property
    def _columns(self) -> Sequence[str]:
        """The properties to read."""
        covering = self._geometry_column.get('covering', {}).get('bbox', {}).values()
        hidden = {*self._geo['columns'], *(path[0] for path in covering)}
        found = [name for name in self._metadata.schema.to_arrow_schema().names if name not in hidden]
        missing = [name for name in self.options.columns or () if name not in found]
        if missing:
            raise self._lacks(missing[0], found)
        return found if self.options.columns is None else list(self.options.columns)


def _plain(value: Any) -> Any:
    """A value as GeoJSON would have it."""
    if type(value).__name__ == 'NAType':  # what pandas has for nothing
        return None
    if isinstance(value, np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, 'isoformat'):
        return None if value != value else value.isoformat()
    return value
