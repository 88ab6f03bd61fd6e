"""What the preparations of data sets have in common."""

import os

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.geojson import geoms_to_geojson
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.utils import json_to_file, list_paths
from rastervision.pytorch_backend.examples.scene_list import ListedScene
from rastervision.pytorch_backend.examples.trial import CROP_SZ


def stem(uri: str) -> str:
    """The name of a file without its folder and its ending."""
    return os.path.splitext(os.path.basename(uri))[0]


def list_files(folder: str, ending: str) -> list[str]:
    """The files in a folder whose names end so.

    Raises:
        DataError: If there are none.
    """
    uris = list_paths(folder, ext=ending)
    if not uris:
        raise DataError(f'There are no files *{ending} in {folder!r}. docs/examples.md says how the folder must look.')
    return uris


def list_scene(name: str, centres: np.ndarray, extent: Box) -> ListedScene:
    """A scene with its part of `CROP_SZ` pixels that has most objects, or all of it if it is smaller.

    Parts are looked at in steps of half their size. Costs O(objects).

    Args:
        name: Name of the scene.
        centres: Centres of its objects, (n, 2): x, y in pixels.
        extent: Extent of the image.
    """
    height, width = min(CROP_SZ, extent.height), min(CROP_SZ, extent.width)
    rows, columns = _starts(extent.height, height), _starts(extent.width, width)
    counts = np.zeros((len(rows), len(columns)), dtype=int)
    x, y = np.asarray(centres).T
    for i, ymin in enumerate(rows):
        inside = (y >= ymin) & (y < ymin + height)
        for j, xmin in enumerate(columns):
            counts[i, j] = (inside & (x >= xmin) & (x < xmin + width)).sum()
    row, column = divmod(int(counts.argmax()), len(columns))
    ymin, xmin = rows[row], columns[column]
    return ListedScene(name, (ymin, xmin, ymin + height, xmin + width))


def _starts(length: int, size: int) -> list[int]:
    """Where parts of a size begin, in steps of half of it; the last one ends where all ends."""
    return [*range(0, length - size, max(1, size // 2)), length - size]


def save_boxes(uri: str, boxes: np.ndarray, crs_transformer: CRSTransformer) -> None:
    """Write boxes as GeoJSON, in the map coordinates of their image.

    Args:
        uri: The file.
        boxes: Boxes in pixels, (n, 4): xmin, ymin, xmax, ymax.
        crs_transformer: That of the image.
    """
    json_to_file(geoms_to_geojson(crs_transformer.to_map(shapely.box(*boxes.T))), uri)
