"""Areas of interest of a scene."""

from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rastervision.core.data.uris import listify_uris
from rastervision.core.data.vector_source.placement import Image, explain
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.pipeline.errors import DataError, NotMappableError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource


def read_aoi(uris: str | list[str], image: 'RasterSource') -> list[BaseGeometry]:
    """Areas of interest in pixels of an image.

    Args:
        uris: URI or URIs of vector files.
        image: The image.

    Returns:
        All of them, whole; at least one has some area in the image.

    Raises:
        NotReadableError: If a file cannot be read.
        DataError: If there are none, or none in the image.
    """
    source = VectorFileSource(uris, image.crs_transformer)
    files = ', '.join(map(repr, listify_uris(uris)))
    try:
        features = source.get_features()
    except NotMappableError as error:
        place = source.place()
        why = '' if place is None else explain(place, Image(image.bbox, image.crs_transformer))
        raise DataError(f'The areas of interest of {files} do not meet the image: {error} {why}') from error
    if not len(features):
        raise DataError(
            f'The areas of interest of {files} have no polygons. Leave aoi_uris out if all of the image is of interest.'
        )
    inside = shapely.intersection(features.geometries, image.bbox.to_shapely())
    if features.geom_types.tolist().count('Polygon') == len(features) and not np.any(shapely.area(inside) > 0):
        place = source.place()
        assert place is not None
        raise DataError(
            f'None of the {len(features)} areas of interest of {files} is in the image. '
            f'{explain(place, Image(image.bbox, image.crs_transformer))}'
        )
    return list(features.geometries)
