"""Bringing the bboxes of images and of their labels together."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.label_store.label_store import LabelStore
    from rastervision.core.data.raster_source.raster_source import RasterSource

log = logging.getLogger(__name__)


def match_bboxes(raster_source: 'RasterSource', label_source: 'LabelSource | LabelStore') -> None:
    """Set the bbox of labels to that of the image, if they are not in the same place.

    The image's bbox goes through map coordinates, since labels may be a raster of another resolution. If the labels'
    former bbox does not overlap it, a warning says so.

    Args:
        raster_source: The image.
        label_source: Its labels, or the store of its predictions.
    """
    in_map = raster_source.crs_transformer.pixel_to_map(raster_source.bbox)
    bbox = label_source.crs_transformer.map_to_pixel(in_map).normalize()
    if bbox == label_source.bbox:
        return
    if label_source.bbox is not None and not bbox.intersects(label_source.bbox):
        log.warning(
            'The image at %r does not overlap its labels at %r (pixels of the labels). Check their CRS and bbox.',
            bbox,
            label_source.bbox,
        )
    label_source.set_bbox(bbox)
