"""What examples for 0.31 use: lists of scenes in CSV files, and small parts of images to try a pipeline with."""

import csv
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import shapely

from rastervision.core.data.geotiff import crop_geotiff
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.utils import file_exists, file_to_str, json_to_file

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig


def get_scene_info(csv_uri: str) -> list[list[str]]:
    """The rows of a CSV file, such as URIs of an image and its labels.

    Args:
        csv_uri: The file, with commas and without a header.

    Raises:
        NotReadableError: If it cannot be read.
    """
    return [row for row in csv.reader(StringIO(file_to_str(csv_uri))) if row]


def save_image_crop(
    image_uri: str,
    image_crop_uri: str,
    label_uri: str | None = None,
    label_crop_uri: str | None = None,
    size: int = 600,
    *,
    min_features: int = 10,
    vector_labels: bool = True,
    default_class_id: int | None = None,
    class_config: 'ClassConfig | None' = None,
) -> None:
    """Write a square part of an image, and of its labels, unless it is there already.

    It is the first part, from the upper left on, with enough labels; without labels, the first.

    Args:
        image_uri: The image.
        image_crop_uri: Where to write the part, as GeoTIFF.
        label_uri: GeoJSON or a raster of labels. None: there are none.
        label_crop_uri: Where to write the labels of the part. None: nowhere.
        size: Height and width of the part, in pixels.
        min_features: How many features, or labelled pixels of a raster, are enough.
        vector_labels: Whether the labels are features.
        default_class_id: Class of features that do not say which.
        class_config: The classes. None: features need none, only their shape counts.

    Raises:
        NotReadableError: If a file cannot be read.
        DataError: If no part has enough labels.
    """
    if file_exists(image_crop_uri):
        return
    source = RasterioSource(image_uri)
    windows = source.extent.get_windows(size, size)
    if label_uri is None:
        window = windows[0]
    elif vector_labels:
        transformer = ClassInferenceTransformer(default_class_id, class_config=class_config)
        features = GeoJSONVectorSource(label_uri, source.crs_transformer, vector_transformers=[transformer])
        window = _save_features(features, windows, min_features, label_crop_uri)
    else:
        window = _save_pixels(label_uri, windows, min_features, label_crop_uri)
    crop_geotiff(image_uri, window, image_crop_uri)


def _save_features(
    source: GeoJSONVectorSource, windows: 'list[Box]', min_features: int, label_crop_uri: str | None
) -> 'Box':
    """Write the features of the first window with enough of them, in map coordinates."""
    tree = shapely.STRtree(source.get_geoms())
    window = _first_with(windows, lambda window: len(_features_in(tree, window)), min_features)
    if label_crop_uri is not None:
        features = source.get_geojson(to_map_coords=True)['features']
        inside = sorted(_features_in(tree, window).tolist())
        json_to_file({'type': 'FeatureCollection', 'features': [features[i] for i in inside]}, label_crop_uri)
    return window


def _features_in(tree: shapely.STRtree, window: 'Box') -> np.ndarray:
    indices: np.ndarray = tree.query(window.to_shapely(), predicate='intersects')
    return indices


def _save_pixels(label_uri: str, windows: 'list[Box]', min_pixels: int, label_crop_uri: str | None) -> 'Box':
    """Write the labels of the first window with enough pixels that have a value other than 0."""
    labels = RasterioSource(label_uri)
    window = _first_with(windows, lambda window: int(labels.get_chip(window).any(axis=-1).sum()), min_pixels)
    if label_crop_uri is not None:
        crop_geotiff(label_uri, window, label_crop_uri)
    return window


def _first_with(windows: 'list[Box]', count: 'Callable[[Box], int]', least: int) -> 'Box':
    for window in windows:
        if count(window) >= least:
            return window
    raise DataError(
        f'None of the {len(windows)} parts of the image has {least} or more labels. Set a lower min_features, or a '
        'larger size.'
    )
