"""Where a region of pixels lies in another CRS."""

from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS

from rastervision.core.data.crs_transformer.rasterio_crs_transformer import transform_between
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

Bounds = tuple[float, float, float, float]

GRID = 21  # points along a side that are transformed, so that curved sides are followed
MARGIN = 0.05  # of the longer side: sides between points, and features' edges, are curved in the other CRS
WIDEST = 180  # degrees; what is wider may lie across the antimeridian or a pole


def region_bounds(region: 'Box', crs_transformer: 'CRSTransformer', map_crs: Any, crs: Any) -> Bounds | None:
    """Bounds of a region of pixels in a CRS, with a margin.

    Args:
        region: In pixels.
        crs_transformer: From pixels to the map.
        map_crs: The CRS of map coordinates.
        crs: The CRS to give the bounds in.

    Returns:
        (xmin, ymin, xmax, ymax), or None if there are no such bounds: the region reaches out of what the CRS can
        hold, or across a pole or the antimeridian.
    """
    columns, rows = np.linspace(region.xmin, region.xmax, GRID), np.linspace(region.ymin, region.ymax, GRID)
    try:
        x, y = crs_transformer.to_map(tuple(np.meshgrid(columns, rows)))
    except DataError:
        return None
    target = CRS.from_user_input(crs)
    if map_crs != crs:
        x, y = transform_between(CRS.from_user_input(map_crs).to_wkt(), target.to_wkt(), x, y)
    (xmin, xmax), (ymin, ymax) = (np.min(x), np.max(x)), (np.min(y), np.max(y))
    if not np.isfinite([xmin, ymin, xmax, ymax]).all() or (target.is_geographic and xmax - xmin > WIDEST):
        return None
    margin = MARGIN * max(xmax - xmin, ymax - ymin)
    if target.is_geographic and max(margin - xmin, xmax + margin) > WIDEST:
        return None  # what lies there may be said to be a turn away
    return float(xmin - margin), float(ymin - margin), float(xmax + margin), float(ymax + margin)
