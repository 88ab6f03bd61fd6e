"""Whether a raster lies in an image beside which it is read, and if not, what may be wrong."""

import logging

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.image_crs import in_image_crs
from rastervision.core.data.raster_source.pixel_map import full_extent
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.warp import Warp
from rastervision.core.data.vector_source.placement import Image, Place, explain
from rastervision.pipeline.errors import DataError

log = logging.getLogger(__name__)


def check_overlap(warp: Warp, source: RasterSource, crs_transformer: CRSTransformer, part: Box, what: str) -> None:
    """See that a raster lies in an image; warn if it covers only some of it.

    Costs a look at a few thousand places; nothing is read.

    Args:
        warp: Brings the raster to the pixels of the image.
        source: The raster, for messages.
        crs_transformer: Between map and pixels of the image.
        part: The part of the image that is used, in its pixels.
        what: What the raster has, for messages.

    Raises:
        DataError: If nothing of it is in the part, with both extents and what may be wrong.
    """
    if not part.area:
        return
    if not warp.meets(part):
        raise DataError(f'{what} nowhere in the image: {source!r:.300}. {_explain(source, crs_transformer, part)}')
    share = warp.share_of(part)
    if share < 1:
        log.warning(
            '%s in %.1f %% of the image only: %.300r. The rest is no data. %s',
            what,
            100 * share,
            source,
            _explain(source, crs_transformer, part),
        )


def _explain(source: RasterSource, crs_transformer: CRSTransformer, part: Box) -> str:
    """The extents of both, in the CRS of the raster, and what may be wrong."""
    transformer = in_image_crs(source.crs_transformer)
    box = source.bbox.intersection(full_extent(source))
    try:
        ymin, xmin, ymax, xmax = transformer.to_map(box)
    except DataError:
        return 'It covers nothing that the map can hold; check its CRS.'
    place = Place(1, (xmin, ymin, xmax, ymax), transformer.image_crs, 'rasters', 'Set its CRS (gdal_edit.py -a_srs).')
    return explain(place, Image(part, crs_transformer))
