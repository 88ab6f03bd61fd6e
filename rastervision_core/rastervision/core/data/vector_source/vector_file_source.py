"""Features of vector files."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import shapely
from pyproj import CRS

from rastervision.core.data.crs_transformer.image_crs import in_image_crs
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import is_local_crs, transform_between
from rastervision.core.data.features import Features, GeoJSON
from rastervision.core.data.uris import listify_uris, split_layer
from rastervision.core.data.vector_source.antimeridian import cut_at_antimeridian, join_at_antimeridian
from rastervision.core.data.vector_source.geoparquet import GeoParquetFile
from rastervision.core.data.vector_source.placement import Place, crs_name, join_places
from rastervision.core.data.vector_source.regions import region_bounds
from rastervision.core.data.vector_source.vector_file import GEOJSON_CRS, ReadOptions, VectorFile
from rastervision.core.data.vector_source.vector_paths import PARQUET_SUFFIXES, suffix_of
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.pipeline.errors import DataError, NotMappableError
from rastervision.pipeline.masking import mask
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer

log = logging.getLogger(__name__)


class VectorFileSource(VectorSource):
    """Features of one or more vector files, taken together.

    What GDAL reads will do: GeoPackage, FlatGeobuf, Shapefile, GeoJSON, GeoJSON text sequences, KML, GML, file
    geodatabases and others, also in a zip; and GeoParquet, with the extra `rastervision_core[parquet]`. Coordinates are
    transformed from the CRS of the file to that of the image, not by way of the map's, which takes from their accuracy.
    Remote files are downloaded into the cache, with those that belong to them.

    Large files with a spatial index (GeoPackage, FlatGeobuf, file geodatabase, GeoParquet with bounds; Shapefile too)
    are read only around the windows or the bbox asked for. Others are read as a whole when first needed. What is read
    stays in memory as geometries and one dict of properties for each feature.

    To find what lies in a window of another CRS, edges between points are taken as straight in both, which is so to
    within a few metres for edges of up to ten kilometres.
    """

    def __init__(
        self,
        uris: str | list[str],
        crs_transformer: 'CRSTransformer',
        vector_transformers: 'Sequence[VectorTransformer]' = (),
        bbox: 'Box | None' = None,
        *,
        layer: str | None = None,
        where: str | None = None,
        columns: Sequence[str] | None = None,
        crs: str | None = None,
    ) -> None:
        """Make a source.

        Args:
            uris: URI or URIs of the files. `|layername=...` at the end of one chooses its layer.
            crs_transformer: Between map and pixel coordinates of the scene.
            vector_transformers: What is done to the features, in this order.
            bbox: Only features that intersect this box, in pixel coordinates, are given. None: all of them.
            layer: The layer, in files with several.
            where: Only features that meet this condition, in the SQL of OGR, such as `kind = 'road'`.
            columns: The properties to read. None: all.
            crs: The CRS of the coordinates, for files that do not say it, or say it wrong.
        """
        super().__init__(crs_transformer, vector_transformers, bbox)
        self.uris = listify_uris(uris)
        self.options = ReadOptions(layer, where, columns, crs)
        self._files = [open_vector_file(uri, self.options) for uri in self.uris]

    def __repr__(self) -> str:
        return f'{type(self).__name__}(uris={self.uris!r}, bbox={self._bbox!r})'

    def _get_geojson(self) -> GeoJSON:
        collections = [self._get_geojson_single(uri) for uri in self.uris]
        return {
            'type': 'FeatureCollection',
            'features': [feature for collection in collections for feature in collection['features']],
        }

    def _get_geojson_single(self, uri: str) -> GeoJSON:
        """Read all features of one file, in map coordinates."""
        return self._read(open_vector_file(uri, self.options), None, self.crs_transformer).to_geojson()

    @property
    def _reads_geojson(self) -> bool:
        """Whether a subclass has its own way to read GeoJSON, which is then what counts."""
        return is_overridden(self, '_get_geojson', '_get_geojson_single', base=VectorFileSource)

    @property
    def _placed_by(self) -> 'CRSTransformer':
        if self._reads_geojson:
            return self.crs_transformer
        return in_image_crs(self.crs_transformer)

    def _read_features(self) -> Features:
        if self._reads_geojson:
            return super()._read_features()
        placed_by = self._placed_by
        return Features.concatenate(self._read(file, None, placed_by) for file in self._files)

    def _read_features_in(self, region: 'Box') -> Features | None:
        if self._reads_geojson or not any(file.reads_parts for file in self._files):
            return None
        placed_by = self._placed_by
        return Features.concatenate(self._read(file, region, placed_by) for file in self._files)

    def _place(self) -> Place | None:
        if self._reads_geojson:
            return super()._place()
        return join_places((file.place for file in self._files), self.crs_transformer.map_crs or GEOJSON_CRS)

    def _read(self, file: VectorFile, region: 'Box | None', to: 'CRSTransformer') -> Features:
        """Features of a file, or those around a region of pixels, in the map coordinates of a transformer."""
        bounds = None
        target = to.map_crs or GEOJSON_CRS
        if region is not None and file.reads_parts:
            bounds = region_bounds(region, to, target, target if to.map_crs is None else file.crs or target)
        features, crs = file.read(bounds)
        if crs is None and to.map_crs is not None:
            raise DataError(
                f'{file.uri} does not say the CRS of its coordinates. Say it with crs of a VectorFileSourceConfig, for '
                "example crs='EPSG:4326'."
            )
        features = _leave_out(features, features.with_finite_coordinates(), 'have infinite coordinates', file.uri)
        if len(features) == 0 or crs is None or not self._is_other_crs(crs, file, to.map_crs):
            return features
        return to_crs(features, crs, target, file.uri, whole=getattr(to, 'holds_other_turns', False))

    def _is_other_crs(self, crs: str, file: VectorFile, map_crs: Any) -> bool:
        """Whether coordinates have to be transformed, or are those of an image in whose CRS nothing else is.

        Raises:
            DataError: If they have to, but the image's CRS is a local one.
        """
        is_default = self.options.crs is None and file.is_json and _are_same(crs, GEOJSON_CRS)
        if map_crs is None:
            if not is_default:
                log.warning(
                    '%s is in %.100s, but the CRS of the image is not known. Its coordinates are taken for those of '
                    'the image.',
                    file.uri,
                    crs,
                )
            return False
        if not is_local_crs(CRS.from_user_input(map_crs)):
            return True
        if is_default or _are_same(crs, map_crs):
            return False
        raise DataError(
            f'{file.uri} is in {crs:.100}, from which there is no way to the local CRS of the image, '
            f'{CRS.from_user_input(map_crs).name!r}. Have its coordinates in that; say so with crs of a '
            'VectorFileSourceConfig, or use GeoJSON without a crs.'
        )


def open_vector_file(uri: str, options: ReadOptions) -> VectorFile:
    """The file behind a URI, by its ending; `|layername=...` at the end is the layer. Nothing is read yet."""
    file, layer = split_layer(uri)
    kind = GeoParquetFile if suffix_of(file.partition('?')[0]) in PARQUET_SUFFIXES else VectorFile
    return kind(file, options if layer is None else replace(options, layer=layer))


def to_crs(features: Features, crs: str, other: Any, uri: str, *, whole: bool = False) -> Features:
    """Features in another CRS; those that are outside what it can hold are left out, with a warning.

    Args:
        features: In `crs`.
        crs: Their CRS.
        other: The other CRS, with x (east) first.
        uri: Where they are from, for messages.
        whole: Whether features across the antimeridian stay in one piece, beyond 180 degrees. If not, they are cut.

    Raises:
        DataError: If that is all of them, or there is no way between the CRSs.
    """
    source, target = CRS.from_user_input(crs).to_2d(), CRS.from_user_input(other)
    same = source.equals(target, ignore_axis_order=True)
    if source.is_geographic:
        whole = whole and (same or not target.is_geographic)
        features, crossing = join_at_antimeridian(features) if whole else cut_at_antimeridian(features)
        if crossing:
            done = 'kept in one piece' if whole else 'cut there'
            log.warning('%s: %d features cross the antimeridian and are %s.', mask(uri), crossing, done)
    if len(features) == 0 or same:
        return features
    move: Any = partial(transform_between, source.to_wkt(), target.to_wkt())
    geometries = shapely.transform(features.geometries, move, interleaved=False)
    mapped = features.with_geometries(geometries).with_finite_coordinates()
    if len(mapped) == 0:
        raise NotMappableError(
            f'{uri}: coordinates {shapely.total_bounds(features.geometries)} cannot be transformed from the CRS of '
            f'the file, {crs_name(crs):.200}, to {crs_name(other):.200}. Is the CRS that the file names right?'
        )
    return _leave_out(features, mapped, 'are too far from the image', uri)


def _are_same(crs: Any, other: Any) -> bool:
    return CRS.from_user_input(crs).equals(CRS.from_user_input(other), ignore_axis_order=True)


def _leave_out(before: Features, after: Features, why: str, uri: str) -> Features:
    if len(after) < len(before):
        log.warning('%s: %d of %d features %s and are left out.', mask(uri), len(before) - len(after), len(before), why)
    return after
