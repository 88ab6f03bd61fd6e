"""Prepares the heights of ISPRS Potsdam."""

import os
import re
from os.path import join

import click
import numpy as np
import rasterio

from rastervision.core.data.rasterio_io import open_raster
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import download_if_needed
from rastervision.pytorch_backend.examples.preparation.objects import list_files

HEIGHTS = '1_DSM_normalisation'
NAME = re.compile(r'dsm_potsdam_0?(\d+)_0?(\d+)_normalized_lastools\.jpg')
TILING = {'tiled': True, 'blockxsize': 512, 'blockysize': 512, 'compress': 'deflate'}


def prepare(raw_uri: str, processed_uri: str) -> None:
    """Write heights above ground, which are JPEGs without a place, at the place of the images.

    Holds one image of heights, 36 MB.

    Args:
        raw_uri: Folder of the data set.
        processed_uri: Folder to write `heights/<name>.tif` to.

    Raises:
        NotReadableError: If something is missing.
        DataError: If there are no heights, or some do not fit their image.
    """
    uris = list_files(join(raw_uri, HEIGHTS), '_normalized_lastools.jpg')
    for uri in uris:
        found = NAME.fullmatch(os.path.basename(uri))
        if found is None:
            raise DataError(f'{uri!r} has another name than dsm_potsdam_<row>_<column>_normalized_lastools.jpg.')
        name = f'{found[1]}_{found[2]}'
        image_uri = join(raw_uri, '4_Ortho_RGBIR', f'top_potsdam_{name}_RGBIR.tif')
        place_heights(uri, image_uri, join(processed_uri, 'heights', f'{name}.tif'))
    click.echo(f'heights of {len(uris)} images')


def place_heights(uri: str, image_uri: str, target_uri: str) -> None:
    """Write heights with the size and the place of an image. At the edges, one of them lacks a column.

    Args:
        uri: The heights, one band.
        image_uri: The image.
        target_uri: The GeoTIFF to write.

    Raises:
        DataError: If sizes differ by more than a pixel.
    """
    with open_raster(download_if_needed(image_uri)) as image:
        shape = image.shape
        place = {'crs': image.crs, 'transform': image.transform}
    with open_raster(download_if_needed(uri)) as source:
        heights = source.read(1)
    missing = np.subtract(shape, heights.shape)
    if (missing < 0).any() or (missing > 1).any():
        raise DataError(f'{uri!r} has {heights.shape} pixels, but its image {image_uri!r} {shape}.')
    heights = np.pad(heights, [(0, n) for n in missing], mode='edge')
    profile = {'driver': 'GTiff', 'height': shape[0], 'width': shape[1], 'count': 1, 'dtype': heights.dtype}
    with publish_file(target_uri) as path, rasterio.open(path, 'w', **profile, **place, **TILING) as target:
        target.write(heights, 1)
