"""Features of GeoJSON files."""

from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.pipeline import lazy

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

lazy.also_give(
    __name__,
    'rastervision.core.box: Box',
    'rastervision.core.data.geojson: merge_geojsons',
    'rastervision.core.data.uris: listify_uris',
    'rastervision.core.data.vector_source.vector_source: VectorSource',
    'rastervision.pipeline.file_system.utils: download_if_needed',
)


class GeoJSONVectorSource(VectorFileSource):
    """Features of one or more GeoJSON files, taken together.

    A file without a crs member is in EPSG:4326, longitude and latitude; for an image that is not georeferenced, it is
    in pixels. Other vector files will do too.
    """


def get_polygons_from_uris(
    uris: str | list[str],
    crs_transformer: 'CRSTransformer',
    bbox: 'Box | None' = None,
    map_coords: bool = False,
) -> list[BaseGeometry]:
    """Polygons of vector files, such as areas of interest.

    Args:
        uris: URI or URIs of the files.
        crs_transformer: Between map and pixel coordinates of the scene.
        bbox: Only polygons that intersect this box, in pixel coordinates, are given, whole. None: all of them.
        map_coords: Whether to give map instead of pixel coordinates.

    Raises:
        NotReadableError: If a file cannot be read.
        DataError: If a file is not what it should be.
    """
    return VectorFileSource(uris, crs_transformer, bbox=bbox).get_geoms(to_map_coords=map_coords)
