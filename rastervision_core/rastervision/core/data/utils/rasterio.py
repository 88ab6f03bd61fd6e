"""Older path of :mod:`rastervision.core.data.rasterio_io`, `mosaic` and `geotiff`."""

from rastervision.core.data.geotiff import crop_geotiff as crop_geotiff
from rastervision.core.data.geotiff import write_bbox as write_bbox
from rastervision.core.data.geotiff import write_geotiff_like_geojson as write_geotiff_like_geojson
from rastervision.core.data.geotiff import write_window as write_window
from rastervision.core.data.mosaic import build_vrt as build_vrt
from rastervision.core.data.mosaic import download_and_build_vrt as download_and_build_vrt
from rastervision.core.data.raster_values import read_window as read_window
from rastervision.core.data.rasterio_io import get_aws_session as get_aws_session
from rastervision.core.data.rasterio_io import get_channel_order_from_dataset as get_channel_order_from_dataset
from rastervision.core.data.rasterio_io import is_masked as is_masked
from rastervision.pipeline import lazy

lazy.also_give(
    __name__,
    'rastervision.core.box: Box',
    'rastervision.pipeline.file_system.local_file_system: make_dir',
    'rastervision.pipeline.file_system.utils: download_if_needed file_to_json get_local_path get_tmp_dir '
    'upload_or_copy',
)
