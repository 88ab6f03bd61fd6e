"""Writing GeoTIFFs."""

from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_bounds
from rasterio.windows import Window

from rastervision.core.box import Box
from rastervision.core.data.raster_check import check_blocks, raster_write_errors
from rastervision.core.data.rasterio_io import open_raster

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

BLOCK_SZ = 512


def write_window(dataset: 'DatasetReader', arr: np.ndarray, window: Box | None = None) -> None:
    """Write pixels to a window of a dataset that is open for writing.

    Args:
        dataset: The dataset.
        arr: Array (height, width) or (height, width, bands).
        window: The window. None: all.
    """
    pixels = np.atleast_3d(arr).transpose(2, 0, 1)
    dataset.write(pixels, window=None if window is None else window.to_rasterio())


def write_bbox(path: str, arr: np.ndarray, bbox: Box, crs_wkt: str, **kwargs: Any) -> None:
    """Write pixels as a GeoTIFF that fills a box.

    Args:
        path: The file, local or remote.
        arr: Array (height, width) or (height, width, bands).
        bbox: The box in map coordinates of the CRS; `ymin` is its lower edge.
        crs_wkt: The CRS.
        kwargs: Further creation options, such as `compress`.

    Raises:
        NotWritableError: If it cannot be written.
    """
    from rastervision.pipeline.file_system.publish import publish_file

    arr = np.atleast_3d(arr)
    height, width, count = arr.shape
    box = bbox.normalize()
    profile = {
        'driver': 'GTiff',
        'height': height,
        'width': width,
        'count': count,
        'dtype': arr.dtype,
        'crs': crs_wkt,
        'transform': from_bounds(*box.to_xyxy(), width, height),
        **kwargs,
    }
    with publish_file(path) as part:
        with raster_write_errors(part), rasterio.open(part, 'w', **profile) as dataset:
            write_window(dataset, arr)
        check_blocks(part)


def write_geotiff_like_geojson(
    path: str, arr: np.ndarray, geojson_path: str, crs: str | None = None, **kwargs: Any
) -> None:
    """Write pixels as a GeoTIFF that fills the bounds of the features of a GeoJSON file.

    Args:
        path: The file.
        arr: Array (height, width) or (height, width, bands).
        geojson_path: The GeoJSON file.
        crs: The CRS of the GeoTIFF. None: that of the GeoJSON, which is EPSG:4326 as a rule.
        kwargs: Further creation options.
    """
    import geopandas

    features = geopandas.read_file(geojson_path)
    if crs is not None:
        features = features.to_crs(crs)
    write_bbox(path, arr, Box.from_shapely(shapely.box(*features.total_bounds)), str(features.crs), **kwargs)


def crop_geotiff(src_uri: str, window: Box, dst_uri: str) -> None:
    """Write a window of an image as a tiled, compressed GeoTIFF, block by block.

    Args:
        src_uri: The image.
        window: Window in pixels of the image; what is outside is left out.
        dst_uri: The GeoTIFF, local or remote.

    Raises:
        NotReadableError: If the image cannot be read.
    """
    from rastervision.pipeline.file_system.publish import publish_file

    with open_raster(src_uri) as source, publish_file(dst_uri) as path:
        window = window.intersection(Box(0, 0, source.height, source.width))
        profile = source.profile | {
            'driver': 'GTiff',
            'height': window.height,
            'width': window.width,
            'transform': source.window_transform(window.to_rasterio()),
            'tiled': True,
            'blockxsize': BLOCK_SZ,
            'blockysize': BLOCK_SZ,
            'compress': 'deflate',
        }
        with raster_write_errors(path), rasterio.open(path, 'w', **profile) as target:
            for block in window.extent.get_windows(BLOCK_SZ, BLOCK_SZ):
                part = block.intersection(window.extent)
                read_from = part.to_global_coords(window)
                target.write(source.read(window=Window(*read_from.to_xywh())), window=Window(*part.to_xywh()))
        check_blocks(path)
