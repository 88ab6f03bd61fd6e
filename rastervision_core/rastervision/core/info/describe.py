"""Finds out what a file is."""

import os
from contextlib import suppress

from rastervision.core.data.uris import split_layer
from rastervision.core.data.vector_source.vector_paths import VECTOR_SUFFIXES, suffix_of
from rastervision.core.info.description import Description
from rastervision.pipeline.errors import RasterVisionError

GEOPACKAGE = '.gpkg'


def describe(uri: str) -> Description:
    """Describe a bundle, an image, or labels.

    Args:
        uri: A model bundle or the root of a pipeline; a vector file, by its ending; else an image. A `.zip` is taken
            for a bundle.

    Raises:
        RasterVisionError: If it is none of these.
    """
    if suffix_of(uri) == '.zip' or (os.path.isdir(uri) and suffix_of(uri) not in VECTOR_SUFFIXES):
        from rastervision.core.info.bundle import bundle_info

        return bundle_info(uri)
    from rastervision.core.info.raster import describe_raster

    if suffix_of(split_layer(uri)[0]) in VECTOR_SUFFIXES:
        from rastervision.core.info.vector import describe_vector

        try:
            return describe_vector(uri)
        except RasterVisionError:
            if suffix_of(uri) != GEOPACKAGE:
                raise
            with suppress(RasterVisionError):  # it may hold images
                return describe_raster(uri)
            raise
    return describe_raster(uri)
