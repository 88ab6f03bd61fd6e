"""Bringing the bboxes of images and of their labels together."""

import logging
from typing import TYPE_CHECKING

import shapely

from rastervision.core.box import Box

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
    bbox = _same_place(raster_source, label_source)
    if bbox == label_source.bbox:
        return
    if label_source.bbox is not None and not bbox.intersects(label_source.bbox):
        log.warning(
            'The image at %r does not overlap its labels at %r (pixels of the labels). Check their CRS and bbox.',
            bbox,
            label_source.bbox,
        )
    label_source.set_bbox(bbox)


def _same_place(raster_source: 'RasterSource', label_source: 'LabelSource | LabelStore') -> 'Box':
    """The bbox of an image in pixels of its labels: the nearest whole ones."""
    image, labels = raster_source.crs_transformer, label_source.crs_transformer
    if image is labels:
        return raster_source.bbox
    corners = shapely.get_coordinates(raster_source.bbox.to_shapely()).T
    x, y = labels.to_pixels(image.to_map((corners[0], corners[1])))
    return Box(y.min().item(), x.min().item(), y.max().item(), x.max().item()).to_window()
